/** `scripts/attacks`: what attacks do to those who mean no harm. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { killAll } from '../bench/children.ts';
import { refreshExecutable } from '../bench/executable.ts';
import { attempt } from '../usage.ts';
import { measure } from './measure.ts';
import { loopback, setUpNetwork } from './network.ts';
import { help, type Options, readOptions } from './options.ts';
import { isWhole } from './report.ts';
import { markdownOf } from './table.ts';

const root = join(import.meta.dirname, '../../..');

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = attempt('scripts/attacks', help, () => readOptions(args));
  if (options === undefined) return 2;
  if (options === 'help') {
    console.log(help.trimEnd());
    return 0;
  }
  if (process.platform !== 'linux') {
    console.error(
      `scripts/attacks: it reads /proc and uses Linux's own calls, and this is ${process.platform}`,
    );
    return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), 'attacks-'));
  chmodSync(folder, 0o755);
  process.once('exit', () => {
    killAll();
    rmSync(folder, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(130));
  }
  try {
    return await run(options, folder) ? 0 : 1;
  } catch (error) {
    console.error(`scripts/attacks: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

async function run(options: Options, folder: string): Promise<boolean> {
  // First of all: without it there is not even a loopback, on which what was built is tried.
  const network = options.isOwnNetwork ? setUpNetwork() : loopback;
  // A test takes the executable that the stage before it has built.
  const why = options.isShort ? undefined : await refreshExecutable(root);
  if (why !== undefined) throw new Error(`dist/pg_gateway: ${why}`);
  const report = await measure(options, network, folder, (line) => console.error(line));
  const markdown = markdownOf(report);
  console.log(markdown);
  write(options.markdown, markdown);
  write(options.out, JSON.stringify(report, undefined, 1));
  return isWhole(report);
}

function write(file: string | undefined, text: string): void {
  if (file === undefined) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${text}\n`);
}

// The watchdog of the server's folder would keep the process.
process.exit(await main(process.argv.slice(2)));
