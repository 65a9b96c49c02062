/** What a package says of itself: from package.json, deploy/names.json and the last commit. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commitTime } from '../commit-time.ts';
import { PackageError } from './error.ts';

export interface Identity {
  readonly version: string;
  /** The same where a version before a release must sort before it: 1.0.0-rc.1 is 1.0.0~rc.1. */
  readonly sortable: string;
  /** Of the package, of one version of the program. */
  readonly revision: string;
  readonly homepage: string;
  readonly maintainer: string;
  /** When it was made, as far as the package says: seconds since 1970. */
  readonly epoch: number;
}

export function readIdentity(root: string): Identity {
  const read = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));
  const { version } = read('package.json') as { readonly version: string };
  const { repository } = read('deploy/names.json') as { readonly repository: string };
  const [owner] = new URL(repository).pathname.slice(1).split('/');
  return {
    version,
    sortable: version.replace('-', '~'),
    revision: '1',
    homepage: repository,
    // An address that takes no mail, as GitHub gives it to each account: what there is to say belongs into the repository.
    maintainer: `pg_gateway contributors <${owner}@users.noreply.github.com>`,
    epoch: epochOf(root),
  };
}

function epochOf(root: string): number {
  try {
    return commitTime(root);
  } catch (error) {
    throw new PackageError((error as Error).message);
  }
}

/** `Fri, 27 Nov 2026 15:04:55 +0000`, as Debian's changelogs have it. */
export function debianDate(epoch: number): string {
  return new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
}

/** `Fri Nov 27 2026`, as those of rpm. */
export function rpmDate(epoch: number): string {
  const [weekday, day, month, year] = new Date(epoch * 1000).toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${day} ${year}`;
}
