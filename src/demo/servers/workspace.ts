/**
 * The temporary folder of a process that starts servers, and the promise that it goes away with the process.
 *
 * A watchdog process keeps the promise, not an exit hook: under `deno test` neither `process.on('exit')` nor a
 * SIGINT handler is ever called (Deno 2.9.5), and nothing at all is called after SIGKILL. The watchdog reads
 * from a pipe that nobody writes to; the pipe ends when this process does, however it does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, mkdtempSync, realpathSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { waitFor } from '../wait-for.ts';
import { memoryFolders } from './memory-folder.ts';
import { type Account, chownTo } from './server-files.ts';

export class Workspace {
  readonly folder: string;
  readonly #watchdog: ChildProcess;
  #numbered = 0;

  /** The folder belongs to `account` if that is given. `watchdog` is the command that runs watchdog.ts for a folder. */
  constructor(account: Account | undefined, watchdog: (folder: string) => readonly string[]) {
    this.folder = mkdtempSync(join(realpathSync(baseFolder(account)), 'pg_gateway-'));
    chmodSync(this.folder, 0o700);
    chownTo(this.folder, account);
    this.#watchdog = startWatchdog(watchdog(this.folder));
  }

  /** A path in the workspace that nothing else uses. */
  newPath(prefix: string): string {
    return join(this.folder, `${prefix}${++this.#numbered}`);
  }

  /**
   * Deletes the folder now instead of at the end of the process, with whatever still runs in it. Only when nothing
   * is being started any more.
   */
  async remove(): Promise<void> {
    this.#watchdog.stdin?.end();
    await waitFor(`${this.folder} to be deleted`, () => !existsSync(this.folder) && hasEnded(this.#watchdog));
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** TMPDIR may lie under a folder that the other account may not enter. */
function baseFolder(account: Account | undefined): string {
  const bases = [
    ...(process.env['TMPDIR'] === undefined ? memoryFolders() : []),
    tmpdir(),
    '/tmp',
    '/var/tmp',
  ];
  const base = bases.find((path) => account === undefined ? isWritable(path) : isOpenToAll(path));
  if (base) return base;
  throw new Error(`none of ${bases.join(', ')} can hold the servers' folder; set TMPDIR to one that can`);
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function isOpenToAll(path: string): boolean {
  try {
    for (let at = realpathSync(path);; at = dirname(at)) {
      if ((statSync(at).mode & 0o001) === 0) return false;
      if (at === dirname(at)) return true;
    }
  } catch {
    return false;
  }
}

function startWatchdog([program = '', ...args]: readonly string[]): ChildProcess {
  // Detached: Ctrl-C in a terminal must end us, not the one who cleans up after us.
  const watchdog = spawn(program, args, {
    cwd: '/',
    detached: true,
    // Not even our stderr: whoever waits for its end would wait for the watchdog.
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.unref();
  (watchdog.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  return watchdog;
}
