/** `scripts/scale`: many sessions, and more than one worker. See options.ts. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { killAll } from '../bench/children.ts';
import { installMissing } from '../bench/debian.ts';
import { refreshExecutable } from '../bench/executable.ts';
import { attempt } from '../usage.ts';
import { measure } from './measure.ts';
import { help, type Options, readOptions } from './options.ts';
import { markdownOf } from './table.ts';

const root = join(import.meta.dirname, '../../..');

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = attempt('scripts/scale', help, () => readOptions(args));
  if (options === undefined) return 2;
  if (options === 'help') {
    console.log(help.trimEnd());
    return 0;
  }
  if (process.platform !== 'linux') {
    console.error(`scripts/scale: it reads /proc, and this is ${process.platform}`);
    return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), 'scale-'));
  // HAProxy may be another user than we are.
  chmodSync(folder, 0o755);
  process.once('exit', () => {
    killAll();
    rmSync(folder, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(130));
  }
  try {
    await run(options, folder);
    return 0;
  } catch (error) {
    console.error(`scripts/scale: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

async function run(options: Options, folder: string): Promise<void> {
  const why = await refreshExecutable(root);
  if (why !== undefined) throw new Error(`dist/pg_gateway: ${why}`);
  const [missing] = installMissing(options.hasHaproxy ? ['pgbench', 'haproxy'] : ['pgbench'], true);
  if (missing !== undefined) throw new Error(missing);
  const facts = await measure(options, folder, (line) => console.error(line));
  const markdown = markdownOf(facts);
  console.log(markdown);
  write(options.out, markdown);
  write(options.json, `${JSON.stringify(facts, undefined, 1)}\n`);
}

function write(file: string | undefined, text: string): void {
  if (file === undefined) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.error(`written: ${file}`);
}

// The watchdog of the clusters' folder would keep the process.
process.exit(await main(process.argv.slice(2)));
