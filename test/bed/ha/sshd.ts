/** ssh between the nodes, as the user postgres: repmgr's switchover wants it. */
import { existsSync, readFileSync } from 'node:fs';
import type { Machine } from './machine.ts';

const port = 2222;
const program = '/usr/sbin/sshd';

export const hasSshd = (): boolean => existsSync(program);

/** One key opens all of them; it lives as long as the lab. */
export async function layOutSshd(nodes: readonly [Machine, ...Machine[]]): Promise<void> {
  const [first] = nodes;
  await first.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', 'key']);
  const [key, open] = ['key', 'key.pub'].map((name) => readFileSync(`${first.folder}/${name}`, 'utf8'));
  for (const node of nodes) {
    const path = node.write('key', key ?? '');
    const authorized = node.write('authorized', open ?? '');
    node.write(
      'ssh.conf',
      lines({
        Port: String(port),
        IdentityFile: path,
        StrictHostKeyChecking: 'no',
        UserKnownHostsFile: '/dev/null',
      }),
    );
    node.write(
      'sshd.conf',
      lines({
        Port: String(port),
        HostKey: path,
        AuthorizedKeysFile: authorized,
        PidFile: 'none',
        UsePAM: 'no',
        // The lab's folder may lie under one that others may write to.
        StrictModes: 'no',
      }),
    );
  }
}

/** Starts what `layOutSshd` has made ready, unless it runs: whatever ends a node ends it too. */
export async function keepSshd(node: Machine): Promise<void> {
  if (node.find(/\/sshd .*-f /).length > 0) return;
  await node.start('sshd', [program, '-D', '-e', '-f', `${node.folder}/sshd.conf`]);
}

function lines(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings).map(([name, value]) => `${name} ${value}\n`).join('');
}
