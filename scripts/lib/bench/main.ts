/** `scripts/bench`: the gateway beside what one would use instead, in interleaved rounds. See benches/options.ts. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killAll } from './children.ts';
import { help, type Options, readOptions } from './options.ts';
import { attempt } from '../usage.ts';
import { pageOf } from './page.ts';
import { resultsOf } from './results.ts';
import { measure } from './session.ts';
import { tableOf } from './table.ts';

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = attempt('scripts/bench', help, () => readOptions(args));
  if (options === undefined) return 2;
  if (options === 'help') {
    console.log(help.trimEnd());
    return 0;
  }
  if (process.platform !== 'linux') {
    console.error(
      `scripts/bench: it reads /proc and uses Linux's own calls, and this is ${process.platform}`,
    );
    return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), 'pg_gateway-bench-'));
  // PgBouncer reads its configuration as another user.
  chmodSync(folder, 0o755);
  process.once('exit', () => {
    killAll();
    rmSync(folder, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(130));
  }
  try {
    await report(options, folder);
    return 0;
  } catch (error) {
    console.error(`scripts/bench: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

async function report(options: Options, folder: string): Promise<void> {
  const results = resultsOf(await measure(options, folder));
  mkdirSync(options.out, { recursive: true });
  const json = join(options.out, 'results.json');
  const page = join(options.out, 'index.html');
  writeFileSync(json, `${JSON.stringify(results, undefined, 1)}\n`);
  writeFileSync(page, pageOf(results));
  console.log(`${tableOf(results)}\nwritten: ${json}, ${page}`);
}

// The watchdog of the servers' folder and unread pipes would keep the process.
process.exit(await main(process.argv.slice(2)));
