/**
 * From connecting to the first ReadyForQuery, as clients come: one each second, ten a second, as soon as the one before
 * has left, in bursts, and by pgbench -C; without and with connections made ahead, beside the floor and the peers. By hand,
 * as it takes four minutes:
 *
 *   node_modules/.bin/node scripts/lib/bench/connects.ts [ROUNDS]
 *
 * Prints medians and, within a round, ratios to PostgreSQL itself, in Markdown.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { inRounds, measureByHand, type Measured, ratioTable } from './by-hand.ts';
import { needExecutable } from './executable.ts';
import { temporaryFolder } from './folder.ts';
import { pgbench } from './pgbench.ts';
import { cpuMs } from './proc.ts';
import { type Running, targetOf } from './targets.ts';
import { wire } from './wire.ts';

const [rounds = '4'] = process.argv.slice(2);
const names = ['direct', 'floor', 'binary', 'binary-ahead', 'nginx', 'haproxy', 'pgbouncer'] as const;
const folder = temporaryFolder('connects');

/** Each in turn, with figures for each. */
type Work = (target: Running) => Promise<Measured>;

const connecting = (title: string, count: number, ms: number): Work => async (target) => ({
  [`${title}, ms`]: (await wire('connect', target, count, ms))['medianMs'],
});

/** What would be left of it if every client found a connection: of PostgreSQL itself, and nothing for the others to do. */
const bound = (title: string, count: number, ms: number): Work => async (target) =>
  target.name === 'direct' ? { [`${title}, ms`]: (await wire('ahead', target, count, ms))['medianMs'] } : {};

const burst = (clients: number): Work => async (target) => ({
  [`${clients} at once, ms`]: (await wire('burst', target, 2, clients))['medianMs'],
});

const transacting = (clients: number, connects: boolean): Work => async (target) => {
  const { pid } = target;
  const outcome = await pgbench(
    { ...target, clients, seconds: connects ? 1 : 2, connects },
    folder,
    () => pid === undefined ? 0 : cpuMs(pid),
  );
  const title = `pgbench ${connects ? '-C' : '-S'} -c ${clients}`;
  return {
    [`${title}, TPS`]: outcome.perSecond,
    [`${title}, CPU us`]: pid === undefined ? undefined : outcome.cpuMs * 1000 / outcome.transactions,
  };
};

const crowd = burst(200);

/** What the connections made ahead for those who came cost them afterwards; the peers have none. */
const sessions = transacting(64, false);
const afterwards: Work = async (target) =>
  ['floor', 'binary', 'binary-ahead'].includes(target.name) ? await sessions(target) : {};

const works: readonly Work[] = [
  connecting('ten a second', 10, 100),
  connecting('one after the other, after 10 ms', 40, 10),
  bound('connected 10 ms before, to the server itself', 40, 10),
  burst(64),
  crowd,
  transacting(8, true),
  afterwards,
];

/** Where clients are so far apart, all targets take part at the same time, each with another part of the second. */
async function eachSecond(targets: readonly Running[]): Promise<(number | undefined)[]> {
  return await Promise.all(targets.map(async (target, at) => {
    await pause(at * 1000 / targets.length);
    return (await wire('connect', target, 8, 1000))['medianMs'];
  }));
}

async function round(order: readonly Running[]): Promise<(readonly [Running, Measured])[]> {
  const all: (readonly [Running, Measured])[] = (await eachSecond(order)).map((value, index) => (
    [order[index]!, { 'one each second, ms': value }] as const
  ));
  for (const work of works) {
    for (const target of order) {
      // A pool keeps what a crowd made it open, and the others would be measured beside that.
      if (target.name === 'pgbouncer' && work === crowd) continue;
      all.push([target, await work(target)]);
    }
  }
  return all;
}

await measureByHand(folder, async (cluster) => {
  await needExecutable();
  const server = { host: '127.0.0.1', port: cluster.first.port };
  const targets: Running[] = [];
  for (const name of names) {
    targets.push(await targetOf(name, folder).start(server, { sessions: 400, threads: 1 }));
  }
  return ratioTable(names, await inRounds(Number(rounds), targets, round), () => 'direct');
});
