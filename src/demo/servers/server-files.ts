/** The files of a PostgreSQL server: copying a data folder, reading postmaster.pid, giving files to an account. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The account that servers run under where ours is root, which PostgreSQL refuses. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export function chownTo(path: string, account: Account | undefined): void {
  if (account) chownSync(path, account.uid, account.gid);
}

/** Writes a file that only its owner reads, as PostgreSQL demands of keys. */
export function writePrivate(path: string, text: string, account: Account | undefined): void {
  writeFileSync(path, text);
  chmodSync(path, 0o600);
  chownTo(path, account);
}

/** Of these only the folder is copied, not what is in it: it belongs to one running server. */
const emptied = [
  'pg_dynshmem',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
];
const left = ['postmaster.pid', 'postmaster.opts', 'standby.signal', 'backup_label.old', 'pg_internal.init'];

/**
 * Copies a data folder. From a running server this is a base backup only between pg_backup_start and
 * pg_backup_stop, and only without its `pg_wal`: files may change and vanish under the copy.
 */
export async function copyData(
  from: string,
  to: string,
  account: Account | undefined,
  withWal: boolean,
): Promise<void> {
  const empty = withWal ? emptied : [...emptied, 'pg_wal'];
  const copyFolder = async (path: string): Promise<void> => {
    const target = join(to, path);
    await mkdir(target, { mode: 0o700 });
    if (account) await chown(target, account.uid, account.gid);
    if (empty.includes(path)) return;
    const entries = await readdir(join(from, path), { withFileTypes: true });
    await Promise.all(
      entries.filter(({ name }) => !left.includes(name)).map((entry) => {
        const inner = join(path, entry.name);
        return entry.isDirectory() ? copyFolder(inner) : copyOne(join(from, inner), join(to, inner), account);
      }),
    );
  };
  await copyFolder('');
}

async function copyOne(from: string, to: string, account: Account | undefined): Promise<void> {
  try {
    await copyFile(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await chmod(to, 0o600);
  if (account) await chown(to, account.uid, account.gid);
}

/** What a postmaster says of itself in postmaster.pid: its pid, whether it takes connections, its shared memory. */
export function readPidFile(
  data: string,
): { pid: number; isReady: boolean; sharedMemory?: string } | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const sharedMemory = lines[6]?.trim().split(/\s+/)[1];
  return {
    pid: Number(lines[0]),
    isReady: lines[7]?.trim() === 'ready',
    ...(sharedMemory ? { sharedMemory } : {}),
  };
}

/**
 * A postmaster that was killed leaves a small System V segment; only its next start in the same folder would
 * remove it, and the kernel has 4,096 of them. Call it for a folder whose server is gone and will not return.
 */
export function freeSharedMemory(data: string): void {
  const id = readPidFile(data)?.sharedMemory;
  if (id) spawnSync('ipcrm', ['-m', id], { stdio: 'ignore' });
}

/** The data folders at any depth of at most three below `folder`. */
export function serverFoldersIn(folder: string, depth = 3): string[] {
  if (existsSync(join(folder, 'PG_VERSION'))) return [folder];
  if (depth === 0) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => serverFoldersIn(join(folder, entry.name), depth - 1));
}
