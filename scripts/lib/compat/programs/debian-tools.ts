/** PostgreSQL's own programs, which Debian installs beside each version of the server. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Found } from '../cells.ts';
import { findTool } from '../tool.ts';

const base = '/usr/lib/postgresql';

/** Newest first: `pg_dump` and others refuse a server that is newer than they are. */
export function toolFolders(): string[] {
  if (!existsSync(base)) return [];
  return readdirSync(base).filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(b) - Number(a))
    .map((version) => join(base, version, 'bin'));
}

/** Where it is; throws where `versionOfTool` says that it is absent. */
export function pathOf(name: string): string {
  const path = findTool(name, toolFolders());
  if (path === undefined) throw new Error(`${name} is not on this machine`);
  return path;
}

/** `serverVersion`: that of the server, for programs which refuse one that is newer than they are. */
export function versionOfTool(name: string, debianPackage: string, serverVersion = 0): Found {
  const path = findTool(name, toolFolders());
  if (path === undefined) return { absent: `it is not installed: Debian's package ${debianPackage} has it` };
  const version = /\d+(?:\.\d+)*/.exec(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout)?.[0] ??
    '?';
  if (Number.parseInt(version) >= serverVersion) return { version };
  return {
    absent: `the ${name} on this machine is of version ${version}, and refuses a server that is newer`,
  };
}
