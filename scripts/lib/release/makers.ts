/** What makes the files of a release, in this order: one line for each kind. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileOf, type TargetName, targetNames, targetOf } from '../build/targets.ts';
import { tarGz, zip } from './archive.ts';
import { licensesText } from './licenses.ts';
import type { Release } from './release.ts';
import { runTool } from './run-tool.ts';

export interface Place {
  /** Where the files go. */
  readonly folder: string;
  readonly targets: readonly TargetName[];
  /** A line for the person who waits. */
  say(line: string): void;
}

export interface Maker {
  readonly name: string;
  /** What it makes, for the help. */
  readonly makes: string;
  /** It is not asked for unless it is named. */
  readonly onRequest?: true;
  make(release: Release, place: Place): Promise<void>;
}

/** A script that leaves its files in `folder`, which is below dist/. */
function script(name: string, folder: string, files: RegExp, args: readonly string[] = []): Maker['make'] {
  return async ({ root, epoch }, place) => {
    const made = join(root, folder);
    // What an earlier run has left is no part of this release.
    if (existsSync(made)) {
      for (const file of filesIn(made, files)) rmSync(file);
    }
    await runTool(join(root, name), args, { cwd: root, env: { SOURCE_DATE_EPOCH: String(epoch) } });
    for (const file of filesIn(made, files)) copyFileSync(file, join(place.folder, basename(file)));
  };
}

function filesIn(folder: string, files: RegExp): string[] {
  return readdirSync(folder).filter((name) => files.test(name)).sort().map((name) => join(folder, name));
}

export const makers: readonly Maker[] = [
  {
    name: 'executables',
    makes: 'an archive for each target',
    make: executables,
  },
  {
    name: 'npm',
    makes: 'the npm package',
    make: script('scripts/npm', 'dist/npm', /\.tgz$/),
  },
  {
    name: 'packages',
    makes: '.deb and .rpm',
    make: script('scripts/package', 'dist/packages', /\.(?:deb|rpm)$/, ['--level', '6']),
  },
  {
    name: 'chart',
    makes: 'the Helm chart',
    make: script('scripts/chart', 'dist/chart', /\.tgz$/, ['--package', 'dist/chart']),
  },
  {
    name: 'image',
    makes: 'the container image, into the store of the tool that builds it',
    // Its base comes from an image registry, and it goes to one: no file of a release.
    onRequest: true,
    make: async ({ root, version }) =>
      void await runTool(join(root, 'scripts/image'), [`pg_gateway:${version}`], { cwd: root }),
  },
];

async function executables(release: Release, { folder, targets, say }: Place): Promise<void> {
  const { root, repository } = release;
  const licenses = licensesText(root, repository);
  // Those of an earlier run would be packaged with the others.
  for (const name of targetNames) rmSync(join(root, 'dist', fileOf(targetOf(name))), { force: true });
  await runTool(join(root, 'scripts/build'), targets.flatMap((name) => ['--target', name]), { cwd: root });
  // The packages take it from there, and are to have the same bytes in them as the archive.
  if (targets.includes('linux-x64')) {
    copyFileSync(join(root, 'dist', fileOf(targetOf('linux-x64'))), join(root, 'dist/pg_gateway'));
  }
  // Packing is what takes the time, and Node's zlib has threads of its own.
  await Promise.all(targets.map(async (name) => {
    const target = targetOf(name);
    const inside = `pg_gateway-${release.version}-${name}`;
    const parent = join(folder, `.${inside}`);
    mkdirSync(join(parent, inside), { recursive: true });
    const put = (file: string, text: string) => writeFileSync(join(parent, inside, file), text);
    put('README.md', readmeAt(release, readFileSync(join(root, 'README.md'), 'utf8')));
    put('LICENSE', readFileSync(join(root, 'LICENSE'), 'utf8'));
    put('THIRD-PARTY-LICENSES.txt', licenses);
    copyFileSync(join(root, 'dist', fileOf(target)), join(parent, inside, `pg_gateway${target.suffix}`));
    const pack = target.suffix === '.exe' ? zip : tarGz;
    const made = await pack(parent, inside, release.epoch);
    renameSync(join(parent, made), join(folder, made));
    rmSync(parent, { recursive: true });
    say(made);
  }));
}

/** Its links lead into the repository: beside the executable there is nothing to be linked to. */
export function readmeAt(
  { repository, version }: Pick<Release, 'repository' | 'version'>,
  text: string,
): string {
  return text.replaceAll(/\]\((?!https?:|#)([^)]+)\)/g, `](${repository}/blob/v${version}/$1)`);
}
