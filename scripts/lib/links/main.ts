/** `scripts/links`: gigabytes of COPY over bad links, every byte accounted for. See options.ts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { refreshExecutable } from '../bench/executable.ts';
import { describeMachine, load } from '../bench/machine.ts';
import { attempt } from '../usage.ts';
import { help, type Options, readOptions } from './options.ts';
import { run } from './run.ts';
import { isGood, tableOf } from './table.ts';

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = attempt('scripts/links', help, () => readOptions(args));
  if (options === undefined) return 2;
  if (options === 'help') {
    console.log(help.trimEnd());
    return 0;
  }
  if (process.platform !== 'linux') {
    console.error(`scripts/links: it reads /proc, and this is ${process.platform}`);
    return 1;
  }
  // The cluster and the gateway end with us, whatever ends us.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(130));
  }
  try {
    return await runAndTell(options, args) ? 0 : 1;
  } catch (error) {
    console.error(`scripts/links: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

async function runAndTell(options: Options, args: readonly string[]): Promise<boolean> {
  const why = await refreshExecutable(fileURLToPath(new URL('../../..', import.meta.url)));
  if (why !== undefined) throw new Error(`dist/pg_gateway: ${why}`);
  const loadBefore = load();
  const result = await run(options, (line) => console.error(`links: ${line}`));
  const { cores, cpu, kernel, loadAfter } = describeMachine(loadBefore);
  const text = tableOf({
    ...result,
    command: ['scripts/links', ...args].join(' '),
    machine: `${cores} cores, ${cpu}, Linux ${kernel}; load ${loadBefore} before, ${loadAfter} after`,
  });
  console.log(text);
  if (options.out !== undefined) {
    mkdirSync(dirname(options.out), { recursive: true });
    writeFileSync(options.out, text);
  }
  return isGood(result.legs);
}

// The watchdog of the cluster's folder would keep the process.
process.exit(await main(process.argv.slice(2)));
