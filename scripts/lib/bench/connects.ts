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
import { startCluster } from '../../../test/bed/cluster.ts';
import { removeWorkspace } from '../../../test/bed/workspace.ts';
import { killAll } from './children.ts';
import { refreshExecutable } from './executable.ts';
import { temporaryFolder } from './folder.ts';
import { buildFloor } from './floor.ts';
import { load } from './machine.ts';
import { pgbench, prepareTables } from './pgbench.ts';
import { cpuMs } from './proc.ts';
import { ratiosOf, type Sample, spreadOf, valuesOf } from './statistics.ts';
import { type Running, targetOf } from './targets.ts';
import { wire } from './wire.ts';

const [rounds = '4'] = process.argv.slice(2);
const names = ['direct', 'floor', 'binary', 'binary-ahead', 'nginx', 'haproxy', 'pgbouncer'] as const;
const folder = temporaryFolder('connects');
process.once('exit', killAll);

/** Each in turn, with figures for each. */
type Work = (target: Running) => Promise<Readonly<Record<string, number | undefined>>>;

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

function tableOf(targets: readonly string[], samples: readonly Sample[]): string {
  const metrics = [...new Set(samples.map(({ metric }) => metric))];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const cell = (metric: string, target: string): string => {
    const value = spreadOf(valuesOf(samples, metric, target));
    if (value === undefined) return '';
    const text = value.median.toFixed(value.median >= 1000 ? 0 : value.median >= 100 ? 1 : 2);
    const ratio = spreadOf(ratiosOf(samples, metric, target, 'direct'));
    if (ratio === undefined || target === 'direct') return text;
    return `${text}, ${ratio.median.toFixed(2)}x (${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})`;
  };
  return [
    line(['', ...targets]),
    line(['---', ...targets.map(() => '---')]),
    ...metrics.map((metric) => line([metric, ...targets.map((target) => cell(metric, target))])),
  ].join('\n');
}

async function main(): Promise<void> {
  for (const trouble of [await buildFloor(folder), await refreshExecutable()]) {
    if (trouble !== undefined) throw new Error(trouble);
  }
  const before = load();
  const cluster = await startCluster({ maxConnections: 600, settings: { shared_buffers: '128MB' } });
  try {
    const server = { host: '127.0.0.1', port: cluster.first.port };
    await prepareTables(server);
    const targets: Running[] = [];
    for (const name of names) {
      targets.push(await targetOf(name, folder).start(server, { sessions: 400, threads: 1 }));
    }
    const samples: Sample[] = [];
    for (let round = 0; round < Number(rounds); round++) {
      const keep = (target: string, metric: string, value: number | undefined) => {
        if (value !== undefined) samples.push({ round, target, metric, value });
      };
      const at = round * 2 % targets.length;
      const order = [...targets.slice(at), ...targets.slice(0, at)];
      for (const [index, value] of (await eachSecond(order)).entries()) {
        keep(order[index]!.name, 'one each second, ms', value);
      }
      for (const work of works) {
        for (const target of order) {
          // A pool keeps what a crowd made it open, and the others would be measured beside that.
          if (target.name === 'pgbouncer' && work === crowd) continue;
          for (const [metric, value] of Object.entries(await work(target))) keep(target.name, metric, value);
        }
      }
      console.error(`round ${round + 1} of ${rounds}, load ${load()}`);
    }
    console.log(`load before ${before}, after ${load()}\n${tableOf(names, samples)}`);
  } finally {
    killAll();
    await cluster.close();
    await removeWorkspace();
  }
}

await main();
process.exit(0);
