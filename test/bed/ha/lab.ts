/**
 * A small network on this machine: Linux namespaces for each member, a bridge between them, and an address of it here.
 *
 * Each namespace lives as long as its first process, and that one as long as a pipe of ours is open. So whatever ends
 * us, also SIGKILL, ends every process in the lab and takes its links, its shared memory and its rules along.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { chownTo } from '../../../src/demo/servers/server-files.ts';
import { newPath } from '../workspace.ts';
import { execute } from './execute.ts';
import { type Machine, machineOf } from './machine.ts';
import { postgresAccount } from './packages.ts';
import { openSpace, type Space } from './space.ts';

export interface Lab {
  /** Where the lab sees us: gateways and clients run outside of it. */
  readonly ourAddress: string;
  readonly machines: readonly Machine[];
  /** Returns once nothing of it runs. */
  close(): Promise<void>;
}

/** Why there can be no lab here, or false. For the `skip` of a test. */
export function noLab(): string | false {
  if (process.platform !== 'linux') return `network namespaces are Linux's, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'only root may make network namespaces';
  const tools = [['unshare', 'util-linux'], ['ip', 'iproute2'], ['tc', 'iproute2'], [
    'nft',
    'nftables',
  ]] as const;
  const missing = tools.find(([tool]) => spawnSync(tool, ['-V']).error !== undefined);
  if (missing) return `${missing[0]} is not installed (package ${missing[1]})`;
  // What a container forbids or a kernel lacks shows here.
  const trial =
    'ip link add br0 type bridge && ip link add here type veth peer name there && nft add table inet lab';
  const { status, stderr } = spawnSync('unshare', [
    '--net',
    '--pid',
    '--ipc',
    '--mount-proc',
    '--fork',
    'sh',
    '-c',
    trial,
  ]);
  return status === 0 ? false : `this kernel or container has no namespaces for us: ${String(stderr).trim()}`;
}

/** Machines with these names, in a network of their own. */
export async function openLab(names: readonly string[]): Promise<Lab> {
  const account = postgresAccount();
  const folder = newPath(account, 'lab');
  mkdirSync(folder);
  chownTo(folder, account);
  const spaces: Space[] = [];
  const space = async (): Promise<Space> => {
    const opened = await openSpace();
    spaces.push(opened);
    return opened;
  };
  const close = async (): Promise<void> => {
    await Promise.all(spaces.map((each) => each.close()));
  };
  try {
    const hub = await space();
    await hub.asRoot(['ip', 'link', 'add', 'hub', 'type', 'bridge']);
    await hub.asRoot(['ip', 'link', 'set', 'hub', 'up']);
    const net = await plugIn(hub);
    const machines: Machine[] = [];
    for (const [index, name] of names.entries()) {
      const own = await space();
      const address = `${net}.${11 + index}`;
      await connect(hub, own, name, address);
      machines.push(machineOf({ name, address, folder: `${folder}/${name}`, space: own }));
    }
    return { ourAddress: `${net}.1`, machines, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A cable from here to the bridge; returns the first three numbers of the network, from a block kept for tests. */
async function plugIn(hub: Space): Promise<string> {
  for (let number = 1; number < 255; number++) {
    const name = `pgg-${number}`;
    const made = spawnSync('ip', [
      'link',
      'add',
      name,
      'type',
      'veth',
      'peer',
      'name',
      'here',
      'netns',
      String(hub.pid),
    ]);
    // Another lab of this machine has it.
    if (made.status !== 0) continue;
    const net = `198.18.${number}`;
    await hub.asRoot(['ip', 'link', 'set', 'here', 'master', 'hub', 'up']);
    await execute(['ip', 'address', 'add', `${net}.1/24`, 'dev', name]);
    await execute(['ip', 'link', 'set', name, 'up']);
    return net;
  }
  throw new Error('no cable to a lab can be made: "ip link add" failed 254 times');
}

async function connect(hub: Space, own: Space, name: string, address: string): Promise<void> {
  await hub.asRoot([
    'ip',
    'link',
    'add',
    name,
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'netns',
    String(own.pid),
  ]);
  await hub.asRoot(['ip', 'link', 'set', name, 'master', 'hub', 'up']);
  await own.asRoot(['ip', 'link', 'set', 'lo', 'up']);
  await own.asRoot(['ip', 'address', 'add', `${address}/24`, 'dev', 'eth0']);
  await own.asRoot(['ip', 'link', 'set', 'eth0', 'up']);
}
