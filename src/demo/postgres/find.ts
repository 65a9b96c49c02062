/** Finds a PostgreSQL that the demo can run, or says why what is there is none. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { tryToRun } from '../servers/programs.ts';
import type { Account } from '../servers/server-files.ts';
import type { Programs } from '../servers/site.ts';
import { type Embedded, keptIn, linkLibraries, nativeOf } from './embedded.ts';
import { packagesAbove } from './places.ts';

/** Older ones have no `wal_keep_size`, for one. */
export const leastVersion = 13;

export interface Found extends Programs {
  /** The account of the servers cannot enter this folder of programs: they must be copied. */
  readonly toCopy?: string;
}

export interface Search {
  /** Folders that have the programs, the best first. */
  readonly bins: readonly string[];
  /** The file of the program, beside which npm may have installed the package. */
  readonly beside: string;
  readonly cache: string;
  readonly embedded: Embedded | undefined;
  readonly account: Account | undefined;
}

/** The first that runs: installed on this machine, or as a package beside the program, or fetched before. */
export function findPostgres(
  { bins, beside, cache, embedded, account }: Search,
): Found | { readonly troubles: readonly string[] } {
  const troubles: string[] = [];
  const first = <T>(places: readonly T[], look: (place: T) => Found | string): Found | undefined => {
    for (const place of places) {
      const found = look(place);
      if (typeof found !== 'string') return found;
      troubles.push(found);
    }
    return undefined;
  };
  return first(bins, (bin) => installedIn(bin, account)) ??
    first(
      embedded ? [...packagesAbove(beside, embedded.name), keptIn(cache, embedded)].filter(nativeOf) : [],
      (folder) => packageIn(folder, account),
    ) ?? { troubles };
}

/** The programs in a folder that somebody has named, which may be that of a package. */
export function namedIn(bin: string, account: Account | undefined): Found | string {
  const folder = join(bin, '../..');
  return existsSync(join(folder, 'native/pg-symlinks.json'))
    ? packageIn(folder, account)
    : installedIn(bin, account);
}

/** The programs in `bin`, or why they cannot be used. */
export function installedIn(bin: string, account: Account | undefined): Found | string {
  const missing = ['postgres', 'initdb'].find((name) => !existsSync(join(bin, name)));
  if (missing !== undefined) return `${bin} has no ${missing}`;
  const run = tryToRun(bin, account);
  if ('trouble' in run) {
    const whom = account === undefined ? '' : ` for the account with uid ${account.uid}`;
    return `${bin}/postgres does not run${whom}: ${run.trouble}`;
  }
  if (run.version < leastVersion) {
    return `${bin} is PostgreSQL ${run.version}, and the demo needs ${leastVersion} or newer`;
  }
  return { bin, version: run.version };
}

/** The same of a package, which runs wherever it is copied to. */
export function packageIn(folder: string, account: Account | undefined): Found | string {
  const native = nativeOf(folder);
  if (native === undefined) return `${folder} has no native/bin/postgres`;
  const bin = join(native, 'bin');
  try {
    linkLibraries(folder);
  } catch {
    // It may be another's folder, and complete: that is seen when it runs.
  }
  const found = installedIn(bin, account);
  if (typeof found !== 'string' || account === undefined) return found;
  const ours = installedIn(bin, undefined);
  return typeof ours === 'string' ? ours : { ...ours, toCopy: native };
}
