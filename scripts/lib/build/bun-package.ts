/** Bun for a machine that need not be this one: out of its npm package, at the version and with the hash of package-lock.json. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What the lock file says of a package. */
interface Pin {
  readonly version: string;
  /** As npm writes it: `sha512-` and base64. */
  readonly integrity: string;
}

/** The message is for a person. */
export class PackageError extends Error {}

export function pinOf(root: string, name: string): Pin {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Pin | undefined>>;
  };
  const pin = lock.packages[`node_modules/${name}`];
  if (pin === undefined) throw new PackageError(`package-lock.json does not have ${name}`);
  return pin;
}

/** Undefined if the file is what the lock file names; or else why not. */
export function mismatch(file: string, integrity: string): string | undefined {
  const [algorithm = '', expected] = integrity.split(/-(.*)/s);
  const actual = createHash(algorithm).update(readFileSync(file)).digest('base64');
  return actual === expected
    ? undefined
    : `its ${algorithm} is ${actual}, and package-lock.json says ${expected}`;
}

/**
 * The tarball of `name`, from `cache` or through npm, which knows the user's registry, proxy and authorities. Its hash is
 * compared each time. Throws PackageError.
 */
function tarballOf(root: string, name: string, cache: string): string {
  const { version, integrity } = pinOf(root, name);
  const file = join(cache, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
  if (existsSync(file) && mismatch(file, integrity) === undefined) return file;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, '.fetch-'));
  try {
    const { status, stdout, stderr, error } = spawnSync(
      'npm',
      ['pack', '--loglevel=error', '--pack-destination', folder, `${name}@${version}`],
      // Not in the checkout: npm would run its own package's scripts.
      { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' },
    );
    if (error !== undefined || status !== 0) {
      throw new PackageError(
        `npm could not fetch ${name}@${version}: ${error?.message ?? stderr.trim()}\n` +
          'If the npm registry cannot be reached from here: "npm config set registry URL" names another one.',
      );
    }
    const fetched = join(folder, stdout.trim().split('\n').at(-1) as string);
    const wrong = mismatch(fetched, integrity);
    if (wrong !== undefined) throw new PackageError(`npm fetched another ${name}@${version}: ${wrong}`);
    renameSync(fetched, file);
    return file;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Unpacks Bun into `folder`, which must exist, and returns where it is. Throws PackageError. */
export function unpackBun(root: string, name: string, suffix: '' | '.exe', folder: string): string {
  const tarball = tarballOf(root, name, join(root, 'node_modules/.cache/pg_gateway'));
  const inside = `package/bin/bun${suffix}`;
  const { status, stderr, error } = spawnSync('tar', ['-xzf', tarball, '-C', folder, inside], {
    encoding: 'utf8',
  });
  if (error !== undefined || status !== 0) {
    throw new PackageError(`tar could not unpack ${tarball}: ${error?.message ?? stderr.trim()}`);
  }
  return join(folder, inside);
}
