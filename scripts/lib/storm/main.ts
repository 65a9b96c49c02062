/** `scripts/storm`: thousands of clients that all come back after a failover. See options.ts. */
import { needExecutable } from '../bench/executable.ts';
import { describeMachine, load } from '../bench/machine.ts';
import { openFileLimit } from '../bench/proc.ts';
import { versionOf } from '../bench/versions.ts';
import { seeded } from '../ha/schedule.ts';
import { runLongScript, writeResult } from '../long-script.ts';
import { help, type Options, readOptions } from './options.ts';
import { type Facts, failuresOf, missingOf, times, type Trial } from './report.ts';
import { stormOnce } from './storm.ts';
import { tableOf } from './table.ts';

async function run(options: Options, args: readonly string[]): Promise<boolean> {
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
  writeResult(options.out, table);
  writeResult(options.json, JSON.stringify(facts, undefined, 1));
  return trials.every((trial) => missingOf(trial) === 0);
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
  if (ways.includes('gateway')) await needExecutable();
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

await runLongScript({ name: 'scripts/storm', help, read: readOptions, needsLinux: 'it reads /proc', run });
