/** One temporary folder for each process that runs tests. */
import { fileURLToPath } from 'node:url';
import type { Account } from '../../src/demo/servers/server-files.ts';
import { Workspace } from '../../src/demo/servers/workspace.ts';

let current: Workspace | undefined;

/** The folder of this process, made at the first call; it belongs to `account` if that is given. */
export function workspace(account: Account | undefined): Workspace {
  return current ??= new Workspace(account, watchdog);
}

/** A path in the workspace that nothing else uses. */
export function newPath(account: Account | undefined, prefix: string): string {
  return workspace(account).newPath(prefix);
}

/** Deletes it now, as Workspace says; after it, the next cluster makes a new folder. */
export async function removeWorkspace(): Promise<void> {
  const last = current;
  current = undefined;
  await last?.remove();
}

function watchdog(folder: string): readonly string[] {
  const script = fileURLToPath(new URL('./watchdog.ts', import.meta.url));
  const run = process.versions['deno'] === undefined ? [script] : ['run', '-A', '--no-check', script];
  return [process.execPath, ...run, folder];
}
