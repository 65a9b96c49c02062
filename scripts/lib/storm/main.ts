/** `scripts/storm`: thousands of clients that all come back after a failover. See options.ts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killAll } from '../bench/children.ts';
import { refreshExecutable } from '../bench/executable.ts';
import { describeMachine, load } from '../bench/machine.ts';
import { openFileLimit } from '../bench/proc.ts';
import { versionOf } from '../bench/versions.ts';
import { seeded } from '../ha/schedule.ts';
import { attempt } from '../usage.ts';
import { help, type Options, readOptions } from './options.ts';
import { type Facts, failuresOf, missingOf, times, type Trial } from './report.ts';
import { stormOnce } from './storm.ts';
import { tableOf } from './table.ts';

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = attempt('scripts/storm', help, () => readOptions(args));
  if (options === undefined) return 2;
  if (options === 'help') {
    console.log(help.trimEnd());
    return 0;
  }
  if (process.platform !== 'linux') {
    console.error(`scripts/storm: it reads /proc, and this is ${process.platform}`);
    return 1;
  }
  // Servers, proxies and clients end with us, whatever ends us.
  process.once('exit', killAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(130));
  }
  try {
    const trials = await runAndTell(options, args);
    return trials.some((trial) => missingOf(trial) > 0) ? 1 : 0;
  } catch (error) {
    console.error(`scripts/storm: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

async function runAndTell(options: Options, args: readonly string[]): Promise<readonly Trial[]> {
  await makeReady(options);
  const [loadBefore, startedAt, from] = [load(), new Date().toISOString(), performance.now()];
  const trials = await allRounds(options);
  const facts: Facts = {
    startedAt,
    tookSeconds: (performance.now() - from) / 1000,
    command: ['scripts/storm', ...args].join(' '),
    machine: describeMachine(loadBefore),
    options,
    trials,
  };
  const table = tableOf(facts);
  console.log(table);
  if (options.out !== undefined) write(options.out, table);
  if (options.json !== undefined) write(options.json, `${JSON.stringify(facts, undefined, 1)}\n`);
  return trials;
}

async function makeReady({ ways, clients }: Options): Promise<void> {
  if (ways.includes('haproxy') && versionOf('haproxy') === undefined) {
    throw new Error('haproxy is not installed (package haproxy); or leave it out with --ways gateway,hosts');
  }
  // A proxy has two for each client, and a client that comes back may be there twice for a moment.
  const most = Math.floor((openFileLimit() - 500) / 4);
  if (clients > most) {
    throw new Error(
      `${clients} clients take more open files than there may be: ${most} with ulimit -n ${openFileLimit()}`,
    );
  }
  if (!ways.includes('gateway')) return;
  const why = await refreshExecutable(fileURLToPath(new URL('../../..', import.meta.url)));
  if (why !== undefined) throw new Error(`dist/pg_gateway: ${why}`);
}

async function allRounds(options: Options): Promise<Trial[]> {
  const { ways, rounds, seed } = options;
  const random = seeded(seed);
  const trials: Trial[] = [];
  for (let round = 0; round < rounds; round++) {
    // So that none is always first.
    const turns = [...ways.slice(round % ways.length), ...ways.slice(0, round % ways.length)];
    for (const way of turns) {
      const trial = await stormOnce(way, round, options, random);
      trials.push(trial);
      const told = Object.entries(times).map(([name, of]) => `${name} ${of(trial).toFixed(0)} ms`).join(', ');
      console.error(`storm: round ${round + 1} of ${rounds}, ${way}: ${told}; ${failuresOf(trial)} failures`);
    }
  }
  return trials;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

// The watchdog of the cluster's folder would keep the process.
process.exit(await main(process.argv.slice(2)));
