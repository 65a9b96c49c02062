/** The drivers from npm, in a folder of their own: the project itself needs none of them. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../bench/children.ts';

const root = join(import.meta.dirname, '../../..');
/** The folders beside this file that say what is installed: what CI needs, and the rest. */
const sets = { drivers: 'packages', more: 'more-packages' } as const;
export type PackageSet = keyof typeof sets;

const cache = join(root, 'node_modules/.cache/pg_gateway/compat');

/** Where a set is installed; it stays, so that the next run has it. */
export const folderOf = (set: PackageSet): string => join(cache, set);

export const packagesFolder: string = folderOf('drivers');

const installDeadlineMs = 300_000;

const ready = new Map<PackageSet, Promise<string | undefined>>();

/** Undefined once they are there, or why they are not, for a person. Asks the registry once in a process. */
export function installPackages(set: PackageSet): Promise<string | undefined> {
  const known = ready.get(set) ?? install(set);
  ready.set(set, known);
  return known;
}

async function install(set: PackageSet): Promise<string | undefined> {
  const [ours, folder] = [join(import.meta.dirname, sets[set]), folderOf(set)];
  const lock = 'package-lock.json';
  const stamp = join(folder, 'installed-lock.json');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(join(ours, lock), 'utf8')) {
    return undefined;
  }
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(ours)) copyFileSync(join(ours, name), join(folder, name));
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  try {
    await run(['npm', 'ci', ...flags], installDeadlineMs, { cwd: folder, env: npmSettings() });
    if (existsSync(join(folder, 'schema.prisma'))) await generateClient(folder);
    copyFileSync(join(ours, lock), stamp);
    return undefined;
  } catch (error) {
    return `its packages could not be installed from npm: ${(error as Error).message}`;
  }
}

/**
 * Prisma's command fetches an engine from a place of its own, unless it is told of one that is there. To generate the
 * client it is not run.
 */
async function generateClient(folder: string): Promise<void> {
  await run(
    [process.execPath, 'node_modules/prisma/build/index.js', 'generate', '--schema', 'schema.prisma'],
    installDeadlineMs,
    {
      cwd: folder,
      env: { ...npmSettings(), PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' },
    },
  );
  // Node strips no types below node_modules, and this is there.
  const bundle = ['--target=node', '--packages=external', '--outfile', 'generated/client.mjs'];
  await run(
    [join(root, 'node_modules/.bin/bun'), 'build', 'generated/client.ts', ...bundle],
    installDeadlineMs,
    {
      cwd: folder,
    },
  );
}

/** Another registry, a proxy, a private authority: what people set for npm. */
export function npmSettings(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] =>
      entry[1] !== undefined && /^npm_config_|_proxy$|^NODE_EXTRA_CA_CERTS$/i.test(entry[0])
    ),
  );
}

export function packageVersion(set: PackageSet, name: string): string {
  const file = join(folderOf(set), 'node_modules', name, 'package.json');
  return String((JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version);
}
