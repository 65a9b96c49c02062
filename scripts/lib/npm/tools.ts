/** Programs that the build runs. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../../..');

/** Something went wrong that is no mistake of this script; the message is for a person. */
export class BuildError extends Error {}

/** Runs a tool of node_modules, or of this machine, in `folder`, and returns its standard output. Throws BuildError. */
export function run(tool: string, args: readonly string[], folder: string): string {
  const own = join(root, 'node_modules/.bin', tool);
  const { status, stdout, stderr, error } = spawnSync(existsSync(own) ? own : tool, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  if (error !== undefined) throw new BuildError(`could not run ${tool}: ${error.message}`);
  if (status !== 0) throw new BuildError(`${tool} ended with ${status}:\n${stdout}${stderr}`.trim());
  return stdout;
}
