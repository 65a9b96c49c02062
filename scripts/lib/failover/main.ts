/** `scripts/failover`: promotions in a row, the cost of probing, and lines in logs. See options.ts. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killAll } from '../bench/children.ts';
import { refreshExecutable } from '../bench/executable.ts';
import { help, type Options, parts, readOptions, runtimesOf } from './options.ts';
import { measure } from './measure.ts';
import { setUpNetwork } from './packets.ts';
import { type Facts, reportOf, together } from './report.ts';
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
  process.once('exit', killAll);
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
  const facts = options.from ? together(options.from.map(factsIn)) : await measured(options);
  const report = reportOf(facts);
  console.log(tableOf(report));
  if (options.out === undefined) return;
  mkdirSync(dirname(options.out), { recursive: true });
  writeFileSync(options.out, `${JSON.stringify(report, undefined, 1)}\n`);
  console.log(`written: ${options.out}`);
}

function factsIn(file: string): Facts {
  return JSON.parse(readFileSync(file, 'utf8'));
}

async function measured(options: Options): Promise<Facts> {
  // First of all: without it there is not even a loopback, on which what was built is tried.
  if (options.isOwnNetwork) setUpNetwork();
  const needsExecutable = parts.some((part) =>
    options.parts.includes(part) && runtimesOf(part, options).includes('executable')
  );
  const why = needsExecutable
    ? await refreshExecutable(fileURLToPath(new URL('../../..', import.meta.url)))
    : undefined;
  if (why !== undefined) throw new Error(`dist/pg_gateway: ${why}`);
  return await measure(options, (line) => console.error(line));
}

// The watchdog of the clusters' folder would keep the process.
process.exit(await main(process.argv.slice(2)));
