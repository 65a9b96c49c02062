/** PostgreSQL's programs: which account may run them, and data folders fresh from initdb. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, writePrivate } from './server-files.ts';
import type { Site } from './site.ts';
import type { Workspace } from './workspace.ts';

/** What servers and initdb see of our environment: nothing that could change how they behave. */
export const cleanEnvironment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * Undefined: our own. PostgreSQL refuses root, and looks its account up, so it must be one that has a line in the user
 * table.
 */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'nobody') ?? users.find((fields) => Number(fields[2]) > 0);
  if (!user) throw new Error('PostgreSQL refuses to run as root, and /etc/passwd names nobody else');
  return { uid: Number(user[2]) >>> 0, gid: Number(user[3]) >>> 0 };
}

/** The major version of the PostgreSQL in `bin`, or why it does not run under `account`. */
export function tryToRun(
  bin: string,
  account: Account | undefined,
): { readonly version: number } | { readonly trouble: string } {
  const run = spawnSync(join(bin, 'postgres'), ['--version'], {
    cwd: '/',
    env: cleanEnvironment,
    encoding: 'utf8',
    ...account,
  });
  if (run.status !== 0) {
    return { trouble: run.error?.message ?? ((run.stderr ?? '').trim() || `exit code ${run.status}`) };
  }
  const version = Number(/ (\d+)/.exec(run.stdout)?.[1]);
  return version > 0 ? { version } : { trouble: `it says ${run.stdout.trim()}` };
}

/** Copies the folder of a PostgreSQL into the workspace, for an account that cannot enter where it lies, such as /root. */
export function copyPrograms(folder: string, workspace: Workspace, name = 'postgres'): string {
  const copy = join(workspace.folder, name);
  for (const args of [['cp', '-RP', folder, copy], ['chmod', '-R', 'a+rX', copy]] as const) {
    const run = spawnSync(args[0], args.slice(1), { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`cannot copy PostgreSQL to ${copy}: ${run.stderr}`);
  }
  return join(copy, 'bin');
}

/** Makes a data folder that was never started, and returns its path. Copies of it have one system identifier. */
export function initdb({ bin, version, account, workspace }: Site, password?: string): Promise<string> {
  const data = workspace.newPath('template');
  const args = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  // An initdb that is killed would leave the shared memory of its trial runs in /dev/shm. Before 16 it has no `-c`.
  if (version >= 16) args.push('-c', 'dynamic_shared_memory_type=mmap');
  if (password !== undefined) {
    writePrivate(`${data}.password`, password, account);
    args.push(`--pwfile=${data}.password`);
  }
  const run = spawn(join(bin, 'initdb'), args, {
    cwd: workspace.folder,
    env: cleanEnvironment,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...account,
  });
  let output = '';
  run.stdout.on('data', (bytes) => output += bytes);
  run.stderr.on('data', (bytes) => output += bytes);
  return new Promise((resolve, reject) => {
    run.once('error', reject);
    run.once('close', (code) => code === 0 ? resolve(data) : reject(new Error(`initdb failed:\n${output}`)));
  });
}
