/** Where a PostgreSQL may be on this machine. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/** Folders with `bin` in them: `*` stands for whatever is there. The newest version of each comes first. */
const usual = [
  // Debian, Ubuntu; the PostgreSQL project's packages for Red Hat; Alpine.
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/usr/libexec/postgresql*',
  // Homebrew on Apple's processors and on Intel's; Postgres.app; MacPorts.
  '/opt/homebrew/opt/postgresql@*/bin',
  '/usr/local/opt/postgresql@*/bin',
  '/Applications/Postgres.app/Contents/Versions/*/bin',
  '/opt/local/lib/postgresql*/bin',
] as const;

/** The folders of PATH that have both programs; then the one that pg_config names; then the usual places. */
export function binFolders(path: string): string[] {
  const folders = [
    ...path.split(delimiter).filter((folder) => folder !== ''),
    ...pgConfigs(path),
    ...usual.flatMap(expanded),
  ];
  const found = folders.filter((folder) =>
    ['postgres', 'initdb'].every((name) => existsSync(join(folder, name)))
  );
  // A folder of links, such as /usr/local/bin, is not where the programs are.
  return [...new Set(found.map((folder) => dirname(realpathSync(join(folder, 'postgres')))))];
}

function pgConfigs(path: string): string[] {
  const { status, stdout } = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8', env: { PATH: path } });
  return status === 0 ? [stdout.trim()] : [];
}

function expanded(pattern: string): string[] {
  const [before = '', after = ''] = pattern.split('*');
  const folder = before.slice(0, before.lastIndexOf('/'));
  const begin = before.slice(before.lastIndexOf('/') + 1);
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith(begin)) : [];
  return names.sort((a, b) => b.localeCompare(a, 'en', { numeric: true })).map((name) =>
    `${folder}/${name}${after}`
  );
}

/** `name` in the folders `node_modules` of `file`'s folder and of all above it, the nearest first. */
export function packagesAbove(file: string, name: string): string[] {
  const found: string[] = [];
  for (let at = dirname(existsSync(file) ? realpathSync(file) : file);; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(folder)) found.push(folder);
    if (at === dirname(at)) return found;
  }
}

/** For what is fetched. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'pg_gateway');
}
