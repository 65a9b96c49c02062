/** Runs what makes a package. */
import { spawnSync } from 'node:child_process';
import { PackageError } from './error.ts';

/** What it prints on standard output. Throws PackageError with all that it says where it fails. */
export function tool(
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...env },
    maxBuffer: 1 << 26,
  });
  if (error === undefined && status === 0) return stdout;
  throw new PackageError(`${program} failed: ${error?.message ?? `${stdout}${stderr}`.trim()}`);
}
