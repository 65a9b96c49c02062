/** How a tool of node_modules is started. */
import { join } from 'node:path';

/**
 * Windows starts no shell scripts, and those are what npm puts into .bin there. Node runs what is behind them, which is
 * JavaScript but for Bun; the postinstall of Bun's package puts the program in that place, with this name everywhere.
 */
const behind: Readonly<Record<string, string>> = {
  bun: 'bun/bin/bun.exe',
  deno: 'deno/bin.cjs',
  tsc: 'typescript/bin/tsc',
};

/** The command and the arguments before one's own. `root` is that of the repository. Throws where Windows lacks a line above. */
export function toolCommand(
  root: string,
  name: string,
  platform: NodeJS.Platform = process.platform,
): [string, ...string[]] {
  if (platform !== 'win32') return [join(root, 'node_modules/.bin', name)];
  const file = behind[name];
  if (file === undefined) throw new Error(`scripts/lib/tools.ts does not say what ${name} is on Windows`);
  const path = join(root, 'node_modules', file);
  return file.endsWith('.exe') ? [path] : [process.execPath, path];
}
