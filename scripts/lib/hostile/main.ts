/** `scripts/hostile`: see hostile/options.ts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describeMachine, load } from '../bench/machine.ts';
import { attempt } from '../usage.ts';
import { gigabytes, watched } from './measure.ts';
import { help, type Options, readOptions } from './options.ts';
import { tableOf } from './table.ts';

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = attempt('scripts/hostile', help, () => readOptions(args));
  if (options === undefined) return 2;
  if (options === 'help') {
    console.log(help.trimEnd());
    return 0;
  }
  if (process.platform !== 'linux') {
    console.error(`scripts/hostile: it reads /proc, and this is ${process.platform}`);
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
    console.error(`scripts/hostile: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

async function run(options: Options): Promise<void> {
  const loadBefore = load();
  const runtime = options.runtime === 'executable' ? 'binary' : options.runtime;
  const settings = { ...options, runtime } as const;
  console.error('without hostile candidates');
  const alone = await watched(false, settings);
  console.error('with them');
  const beside = await watched(true, settings);
  console.error('gigabytes');
  const sent = await gigabytes(runtime);
  const { cores, cpu, kernel, loadAfter } = describeMachine(loadBefore);
  const machine =
    `${options.runtime}; ${cores} cores, ${cpu}, Linux ${kernel}; load ${loadBefore} before, ${loadAfter} after.`;
  const table = tableOf(alone, beside, sent, machine);
  console.log(table);
  if (options.out === undefined) return;
  mkdirSync(dirname(options.out), { recursive: true });
  writeFileSync(options.out, table);
}

process.exitCode = await main(process.argv.slice(2));
