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
import type { Cluster } from '../../../test/bed/cluster.ts';
import { freePort } from '../../../test/bed/ports.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { inRounds, measureByHand, type Measured, oneByOne, ratioTable } from './by-hand.ts';
import { start } from './children.ts';
import { needExecutable } from './executable.ts';
import { temporaryFolder } from './folder.ts';
import { floorIn } from './floor.ts';
import { pgbench } from './pgbench.ts';
import { allowedCores, cpuMs, lastCore, pin } from './proc.ts';
import { isReady } from './ready.ts';
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

async function measure(way: Way, cluster: Cluster): Promise<Measured> {
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
    'round trip, one core, us': pinnedUs,
    'round trip, free, us': freeUs,
    'TPS, 1 client, one core': pinned1.perSecond,
    'TPS, 1 client': one.perSecond,
    'TPS, 16 clients': many.perSecond,
    'COPY out, GB/s': bytes / 1e9 / copySeconds,
  };
  if (way.pid === undefined) return common;
  return {
    ...common,
    'CPU a transaction, 1 client, us': one.cpuMs * 1000 / one.transactions,
    'CPU a transaction, 16 clients, us': many.cpuMs * 1000 / many.transactions,
    'COPY out, CPU a GB, ms': (cpuMs(way.pid) - from) / (bytes / 1e9),
  };
}

await measureByHand(folder, async (cluster) => {
  await needExecutable();
  const { port } = cluster.first;
  const ways: Way[] = [
    { name: base, host: '127.0.0.1', port, pid: undefined },
    { name: 'direct, unix', host: cluster.folder, port, pid: undefined },
    ...await floorWays(`${port}`, 'TCP'),
    ...await floorWays(join(cluster.folder, `.s.PGSQL.${port}`), 'unix'),
    ...await gatewayWays(`127.0.0.1:${port}`, 'TCP'),
    ...await gatewayWays(`${cluster.folder}:${port}`, 'unix'),
  ];
  const samples = await inRounds(Number(rounds), ways, oneByOne((way) => measure(way, cluster)));
  const names = ways.map(({ name }) => name);
  return ratioTable(names, samples, (metric) => /\bCPU\b/.test(metric) ? floorBase : base);
});
