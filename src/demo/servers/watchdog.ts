/** What a process of its own does that workspace.ts starts. */
import { existsSync, readSync, rmSync } from 'node:fs';
import { killFamily, listProcesses, signal } from './processes.ts';
import { freeSharedMemory, serverFoldersIn } from './server-files.ts';

/**
 * Waits until the parent of this process is gone, however it went, then kills the servers that live in the folder and
 * deletes it.
 */
export function watchOver(folder: string): void {
  if (!folder.includes('pg_gateway-')) throw new Error(`${folder} is no folder to look after`);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {});
  waitForEndOfParent();
  // Until all is really gone: what was just being started, or is still dying, makes new files under our hands.
  for (let round = 0; round < 200; round++) {
    const { servers, gateways } = tenantsOf(folder);
    if (servers.length + gateways.length === 0 && !existsSync(folder)) return;
    for (const pid of servers) killFamily(pid);
    // First they may remove their control socket, which lies elsewhere.
    for (const pid of gateways) {
      if (round < 50) signal([pid], 'SIGQUIT');
      else killFamily(pid);
    }
    remove(folder);
    if (gateways.length > 0) rest(20);
  }
}

function remove(folder: string): void {
  try {
    for (const data of serverFoldersIn(folder)) freeSharedMemory(data);
    rmSync(folder, { recursive: true, force: true });
  } catch {
    rest(50);
  }
}

function waitForEndOfParent(): void {
  const nothing = new Uint8Array(1);
  while (true) {
    try {
      if (readSync(0, nothing) === 0) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      rest(20);
    }
  }
}

/**
 * Postmasters and initdb runs, by program and data folder, and gateways by their configuration: a person's `tail -f` in
 * there is not ours to end.
 */
function tenantsOf(
  folder: string,
): { readonly servers: readonly number[]; readonly gateways: readonly number[] } {
  const isServer = (command: string) =>
    /^\S*(postgres|initdb) /.test(command) && command.includes(`-D ${folder}/`);
  const isGateway = (command: string) => command.includes(` --config-file ${folder}/`);
  const pidsOf = (is: (command: string) => boolean) =>
    processes.filter(({ command }) => is(command)).map(({ pid }) => pid);
  const processes = listProcesses();
  return { servers: pidsOf(isServer), gateways: pidsOf(isGateway) };
}

function rest(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
