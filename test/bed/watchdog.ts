/**
 * Run as a process of its own by workspace.ts: waits until its parent is gone, however it went, then kills the
 * servers that live in the given folder and deletes it.
 */
import { existsSync, readSync, rmSync } from 'node:fs';
import { killFamily, listProcesses } from './processes.ts';
import { freeSharedMemory, serverFoldersIn } from './server-files.ts';

const folder = process.argv[2];
if (!folder?.includes('pg_gateway-')) throw new Error('the argument is the folder to look after');

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {});

waitForEndOfParent();
// Until it is really gone: what was just being started, or is still dying, makes new files under our hands.
for (let round = 0; round < 100 && existsSync(folder); round++) {
  for (const pid of tenantsOf(folder)) killFamily(pid);
  remove(folder);
}
process.exit(0);

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
function tenantsOf(folder: string): number[] {
  const isServer = (command: string) =>
    /^\S*(postgres|initdb) /.test(command) && command.includes(`-D ${folder}/`);
  const isGateway = (command: string) => command.includes(` --config-file ${folder}/`);
  return listProcesses()
    .filter(({ command }) => isServer(command) || isGateway(command))
    .map(({ pid }) => pid);
}

function rest(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
