/** An executable for one of the targets, built once and shared by all tests that need it. */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fileOf, type TargetName, targetOf } from '../../scripts/lib/build/targets.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const ofThisMachine = `${root}dist/pg_gateway`;

/** Where it is, or why there is none: npm's registry, which has Bun for it, cannot be reached. Throws if it cannot be built. */
export type Executable =
  | { readonly file: string; readonly missing?: never }
  | { readonly file?: never; readonly missing: string };

/** Why the registry cannot be reached: it is asked no second time. */
let unreachable: string | undefined;

/** `scripts/test` builds dist/pg_gateway first: what is newer is of the same sources. */
export function targetExecutable(name: TargetName): Executable {
  const file = `${root}dist/${fileOf(targetOf(name))}`;
  if (
    existsSync(file) && existsSync(ofThisMachine) && statSync(file).mtimeMs > statSync(ofThisMachine).mtimeMs
  ) {
    return { file };
  }
  if (unreachable !== undefined) return { missing: unreachable };
  const { status, stderr } = spawnSync(`${root}scripts/build`, ['--target', name], {
    encoding: 'utf8',
    // Where there is no registry, npm would try for more than a minute.
    env: { ...process.env, npm_config_fetch_retries: '0' },
  });
  if (status === 0) return { file };
  unreachable = /npm could not fetch .*/.exec(stderr)?.[0];
  if (unreachable === undefined) throw new Error(`scripts/build --target ${name} failed:\n${stderr}`);
  return { missing: unreachable };
}
