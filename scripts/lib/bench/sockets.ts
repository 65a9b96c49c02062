/**
 * TCP against unix sockets, on either side of the executable and of the floor, in rounds that take turns. By hand, as it
 * takes four minutes; it needs a C compiler, pgbench and taskset:
 *
 *   node_modules/.bin/node scripts/lib/bench/sockets.ts [ROUNDS [SECONDS]]
 *
 * Prints medians and, within a round, ratios to PostgreSQL itself over TCP, or, of processor time, to the floor over TCP;
 * in Markdown.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Cluster, startCluster } from '../../../test/bed/cluster.ts';
import { freePort } from '../../../test/bed/ports.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { removeWorkspace } from '../../../test/bed/workspace.ts';
import { killAll, start } from './children.ts';
import { refreshExecutable } from './executable.ts';
import { temporaryFolder } from './folder.ts';
import { buildFloor, floorIn } from './floor.ts';
import { load } from './machine.ts';
import { pgbench, prepareTables } from './pgbench.ts';
import { allowedCores, cpuMs, lastCore, pin } from './proc.ts';
import { isReady } from './ready.ts';
import { ratiosOf, type Sample, spreadOf, valuesOf } from './statistics.ts';
import { roundTrips, wire } from './wire.ts';

/** A way to the server. */
interface Way {
  readonly name: string;
  /** An address, or the folder of a unix socket. */
  readonly host: string;
  readonly port: number;
  /** Of the proxy. */
  readonly pid: number | undefined;
}

const figures = {
  pinnedUs: { title: 'round trip, one core, us', digits: 1 },
  freeUs: { title: 'round trip, free, us', digits: 1 },
  pinnedTps1: { title: 'TPS, 1 client, one core', digits: 0 },
  tps1: { title: 'TPS, 1 client', digits: 0 },
  cpuUs1: { title: 'CPU a transaction, 1 client, us', digits: 1 },
  tps16: { title: 'TPS, 16 clients', digits: 0 },
  cpuUs16: { title: 'CPU a transaction, 16 clients, us', digits: 1 },
  copyGbs: { title: 'COPY out, GB/s', digits: 2 },
  copyCpuMs: { title: 'COPY out, CPU a GB, ms', digits: 0 },
} as const;
type Metric = keyof typeof figures;

/** What the others are compared with; processor time with that of the floor, as the server's own is not counted. */
const base = 'direct, TCP';
const floorBase = 'floor, TCP to TCP';
const [rounds = '3', seconds = '1'] = process.argv.slice(2);
const pings = 10_000;
const megabytes = 400;
const root = join(import.meta.dirname, '../../..');
const cores = allowedCores();
const core = lastCore(cores);
const folder = temporaryFolder('sockets');
process.once('exit', killAll);

function waysOf(name: string, port: number, socketFolder: string, side: string, pid: number): Way[] {
  return [
    { name: `${name}, TCP to ${side}`, host: '127.0.0.1', port, pid },
    { name: `${name}, unix to ${side}`, host: socketFolder, port, pid },
  ];
}

/** The gateway listens on both; to the server it has one way. */
async function gatewayWays(candidate: string, side: string): Promise<Way[]> {
  const port = await freePort();
  const child = await start([join(root, 'dist/pg_gateway')], {
    env: {
      CANDIDATES: candidate,
      LISTEN_HOST: `127.0.0.1,${folder}`,
      LISTEN_PORT: `${port}`,
      METRICS_PORT: 'off',
      NUM_THREADS: '1',
      PGUSER: 'postgres',
      PGSSLMODE: 'disable',
    },
  });
  await ready(port);
  return waysOf('executable', port, folder, side, child.pid);
}

/** The floor has one of each, so there are two of them. */
async function floorWays(server: string, side: string): Promise<Way[]> {
  const port = await freePort();
  const path = join(folder, `.s.PGSQL.${port}`);
  const [tcp, unix] = [
    await start([floorIn(folder), `${port}`, server]),
    await start([floorIn(folder), path, server]),
  ];
  await ready(port);
  const [first, second] = waysOf('floor', port, folder, side, tcp.pid) as [Way, Way];
  return [first, { ...second, pid: unix.pid }];
}

const ready = (port: number) =>
  waitFor(`a session through port ${port}`, () => isReady('127.0.0.1', port, 'postgres'), {
    deadlineMs: 20_000,
    everyMs: 10,
  });

async function onOneCore<T>(way: Way, cluster: Cluster, work: () => Promise<T>): Promise<T> {
  const pids = [way.pid, cluster.first.pid].filter((pid) => pid !== undefined);
  // A child is where its parent is when it is started; after that, this process must not disturb.
  const here = (list: string) => spawnSync('taskset', ['-a', '-p', '-c', list, `${process.pid}`]);
  try {
    for (const pid of pids) pin(pid, core);
    here(core);
    const working = work();
    here(cores);
    return await working;
  } finally {
    for (const pid of pids) pin(pid, cores);
  }
}

async function measure(way: Way, cluster: Cluster): Promise<Partial<Record<Metric, number>>> {
  const ping = async () => (await roundTrips('ping', way, pings, () => {})).medianUs ?? NaN;
  const transact = (clients: number) =>
    pgbench(
      { host: way.host, port: way.port, clients, seconds: Number(seconds), connects: false },
      folder,
      () => way.pid === undefined ? 0 : cpuMs(way.pid),
    );
  const [pinnedUs, freeUs] = [await onOneCore(way, cluster, ping), await ping()];
  const pinned1 = await onOneCore(way, cluster, () => transact(1));
  const [one, many] = [await transact(1), await transact(16)];
  const from = way.pid === undefined ? 0 : cpuMs(way.pid);
  const { bytes = NaN, seconds: copySeconds = NaN } = await wire('out', way, megabytes);
  const common = {
    pinnedUs,
    freeUs,
    pinnedTps1: pinned1.perSecond,
    tps1: one.perSecond,
    tps16: many.perSecond,
    copyGbs: bytes / 1e9 / copySeconds,
  };
  if (way.pid === undefined) return common;
  return {
    ...common,
    cpuUs1: one.cpuMs * 1000 / one.transactions,
    cpuUs16: many.cpuMs * 1000 / many.transactions,
    copyCpuMs: (cpuMs(way.pid) - from) / (bytes / 1e9),
  };
}

function tableOf(ways: readonly Way[], samples: readonly Sample[]): string {
  const keys = Object.keys(figures) as Metric[];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rows = ways.map(({ name }) =>
    line([
      name,
      ...keys.map((key) => {
        const value = spreadOf(valuesOf(samples, key, name));
        if (value === undefined) return 'no proxy';
        const against = valuesOf(samples, key, base).length > 0 ? base : floorBase;
        const ratio = spreadOf(ratiosOf(samples, key, name, against));
        const text = value.median.toFixed(figures[key].digits);
        if (ratio === undefined || name === against) return text;
        return `${text}, ${ratio.median.toFixed(2)}x (${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})`;
      }),
    ])
  );
  const head = line(['', ...keys.map((key) => figures[key].title)]);
  return [head, line(['---', ...keys.map(() => '---')]), ...rows].join('\n');
}

async function main(): Promise<void> {
  for (const trouble of [await buildFloor(folder), await refreshExecutable()]) {
    if (trouble !== undefined) throw new Error(trouble);
  }
  const before = load();
  const cluster = await startCluster({ maxConnections: 200, settings: { shared_buffers: '128MB' } });
  try {
    const { port } = cluster.first;
    await prepareTables({ host: '127.0.0.1', port });
    const ways: Way[] = [
      { name: base, host: '127.0.0.1', port, pid: undefined },
      { name: 'direct, unix', host: cluster.folder, port, pid: undefined },
      ...await floorWays(`${port}`, 'TCP'),
      ...await floorWays(join(cluster.folder, `.s.PGSQL.${port}`), 'unix'),
      ...await gatewayWays(`127.0.0.1:${port}`, 'TCP'),
      ...await gatewayWays(`${cluster.folder}:${port}`, 'unix'),
    ];
    const samples: Sample[] = [];
    for (let round = 0; round < Number(rounds); round++) {
      const at = round * 3 % ways.length;
      for (const way of [...ways.slice(at), ...ways.slice(0, at)]) {
        for (const [metric, value] of Object.entries(await measure(way, cluster))) {
          samples.push({ round, target: way.name, metric, value });
        }
      }
      console.error(`round ${round + 1} of ${rounds}, load ${load()}`);
    }
    console.log(`load before ${before}, after ${load()}\n${tableOf(ways, samples)}`);
  } finally {
    killAll();
    await cluster.close();
    await removeWorkspace();
  }
}

await main();
process.exit(0);
