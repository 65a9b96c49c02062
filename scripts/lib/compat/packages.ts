/** The drivers from npm, in a folder of their own: the project itself needs none of them. */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../bench/children.ts';

const root = join(import.meta.dirname, '../../..');
const ours = join(import.meta.dirname, 'packages');

/** Where they are installed; it stays, so that the next run has them. */
export const packagesFolder: string = join(root, 'node_modules/.cache/pg_gateway/compat/drivers');

const installDeadlineMs = 120_000;

let ready: Promise<string | undefined> | undefined;

/** Undefined once they are there, or why they are not, for a person. Asks the registry once in a process. */
export function installPackages(): Promise<string | undefined> {
  return ready ??= install();
}

async function install(): Promise<string | undefined> {
  const lock = 'package-lock.json';
  const stamp = join(packagesFolder, 'installed-lock.json');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(join(ours, lock), 'utf8')) {
    return undefined;
  }
  mkdirSync(packagesFolder, { recursive: true });
  for (const name of ['package.json', lock]) copyFileSync(join(ours, name), join(packagesFolder, name));
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  try {
    await run(['npm', 'ci', ...flags], installDeadlineMs, { cwd: packagesFolder, env: npmSettings() });
    copyFileSync(join(ours, lock), stamp);
    return undefined;
  } catch (error) {
    return `its packages could not be installed from npm: ${(error as Error).message}`;
  }
}

/** Another registry, a proxy, a private authority: what people set for npm. */
export function npmSettings(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] =>
      entry[1] !== undefined && /^npm_config_|_proxy$|^NODE_EXTRA_CA_CERTS$/i.test(entry[0])
    ),
  );
}

export function packageVersion(name: string): string {
  const file = join(packagesFolder, 'node_modules', name, 'package.json');
  return String((JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version);
}
