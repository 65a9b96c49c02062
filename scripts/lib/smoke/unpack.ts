/** Unpacks an archive of a release and looks whether all is in it. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

const ending = /\.(?:tar\.gz|zip)$/;

export function isArchive(file: string): boolean {
  return ending.test(file);
}

/** The path of the executable in it. Throws an error for people if something is missing. */
export function unpack(file: string, folder: string): string {
  // Windows' own takes zip files, too; the one of Git, which is first in its bash, does not.
  const tar = process.platform === 'win32' ? join(process.env['SystemRoot']!, 'System32', 'tar.exe') : 'tar';
  const { status, stderr, error } = spawnSync(tar, ['-xf', resolve(file)], { cwd: folder, encoding: 'utf8' });
  if (error !== undefined || status !== 0) {
    throw new Error(`${file} cannot be unpacked: ${error?.message ?? stderr}`);
  }
  const top = basename(file).replace(ending, '');
  const found = readdirSync(folder);
  if (found.length !== 1 || found[0] !== top) {
    throw new Error(`${file} should hold one folder, ${top}, and holds ${found.join(', ')}`);
  }
  const inside = readdirSync(join(folder, top));
  for (const wanted of [/^LICENSE/, /^THIRD-PARTY-LICENSES/]) {
    if (!inside.some((name) => wanted.test(name))) {
      throw new Error(`${file} has no ${wanted.source.slice(1)}`);
    }
  }
  const executable = join(folder, top, /windows/.test(top) ? 'pg_gateway.exe' : 'pg_gateway');
  if (!existsSync(executable)) throw new Error(`${file} has no ${basename(executable)}`);
  if (process.platform !== 'win32' && (statSync(executable).mode & 0o111) !== 0o111) {
    throw new Error(`${basename(executable)} in ${file} is not executable`);
  }
  return executable;
}
