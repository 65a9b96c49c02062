/** `scripts/failover`: promotions in a row, the cost of probing, and lines in logs. See failovers/options.ts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { refreshExecutable } from '../bench/executable.ts';
import { help, type Options, parts, readOptions, runtimesOf } from './options.ts';
import { measure } from './measure.ts';
import { reportOf } from './report.ts';
import { tableOf } from './table.ts';
import { attempt } from '../usage.ts';

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = attempt('scripts/failover', help, () => readOptions(args));
  if (options === undefined) return 2;
  if (options === 'help') {
    console.log(help.trimEnd());
    return 0;
  }
  if (process.platform !== 'linux') {
    console.error(`scripts/failover: it reads /proc, and this is ${process.platform}`);
    return 1;
  }
  // Clusters and the gateway end with us, whatever ends us.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(130));
  }
  try {
    await run(options);
    return 0;
  } catch (error) {
    console.error(`scripts/failover: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

async function run(options: Options): Promise<void> {
  const needsExecutable = parts.some((part) =>
    options.parts.includes(part) && runtimesOf(part, options).includes('executable')
  );
  const why = needsExecutable
    ? await refreshExecutable(fileURLToPath(new URL('../../..', import.meta.url)))
    : undefined;
  if (why !== undefined) throw new Error(`dist/pg_gateway: ${why}`);
  const report = reportOf(await measure(options, (line) => console.error(line)));
  console.log(tableOf(report));
  if (options.out === undefined) return;
  mkdirSync(dirname(options.out), { recursive: true });
  writeFileSync(options.out, `${JSON.stringify(report, undefined, 1)}\n`);
  console.log(`written: ${options.out}`);
}

// The watchdog of the clusters' folder would keep the process.
process.exit(await main(process.argv.slice(2)));
