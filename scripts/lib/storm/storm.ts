/** One storm: servers, clients, a fault, a promotion, and everybody comes back. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster, type Server, startCluster } from '../../../test/bed/cluster.ts';
import { busyShare } from '../bench/machine.ts';
import { cpuMs } from '../bench/proc.ts';
import { kinds } from '../failover/kinds.ts';
import { monotonicMs, watchRecovery } from '../failover/recovery.ts';
import { connectionsIn } from './connections.ts';
import { startCrowd } from './crowd.ts';
import type { Options, WayName } from './options.ts';
import type { Trial } from './report.ts';
import { serverCpuMs } from './server-cpu.ts';
import { starts, type Way } from './ways.ts';

const askEveryMs = 5000;
const patienceMs = 5000;
/** From the beginning of the fault to the promotion. */
const leaderlessMs = 1000;
/** All clients are there and quiet. */
const calmMs = 1000;
/** The fault comes within so long after that: HAProxy asks every three seconds. */
const withinMs = 3000;
const standbys = 2;

/** The old primary, and the one that is promoted. */
const [first, next] = [0, 1];

/** Rejects where not all clients could log in beforehand; those that never come back are in the result. */
export async function stormOnce(
  name: WayName,
  round: number,
  options: Options,
  random: () => number,
): Promise<Trial> {
  const { clients, settings } = options;
  const othersShare = await busyShare();
  const cluster = await startCluster({
    standbys,
    // Who leaves is there a moment longer than who comes.
    maxConnections: Math.ceil(1.1 * clients) + 100,
    settings: { log_connections: 'on', log_disconnections: 'on' },
  });
  try {
    await cluster.first.query('create table storm (id int)');
    await Promise.all(cluster.servers.slice(next).map((server) => server.catchUp()));
    const way = await starts[name](cluster, { clients, settings });
    try {
      return { way: name, round, othersShare, ...await through(way, cluster, options, random) };
    } finally {
      await way.end();
    }
  } finally {
    await cluster.close();
  }
}

async function through(
  way: Way,
  cluster: Cluster,
  { clients, kind }: Options,
  random: () => number,
): Promise<Omit<Trial, 'way' | 'round' | 'othersShare'>> {
  const seed = Math.floor(random() * 1e9);
  const crowd = await startCrowd({ places: way.places, count: clients, seed, askEveryMs, patienceMs });
  const [primary, successor, third] = [cluster.server(first), cluster.server(next), cluster.server(next + 1)];
  const watch = await watchRecovery(successor.port);
  try {
    await pause(calmMs + random() * withinMs);
    const logged = [successor, third].map((server) => server.log().length);
    const cpu = () => ({
      server: serverCpuMs(successor.pid!),
      proxy: way.pid === undefined ? 0 : cpuMs(way.pid),
    });
    const before = cpu();
    crowd.expect(successor.port);
    const faultMs = monotonicMs();
    way.primaryIs(undefined);
    // Its thousands of processes take a while to be gone.
    const fault = kinds[kind].befall(primary);
    await pause(leaderlessMs);
    const orderedMs = monotonicMs();
    successor.beginPromotion();
    const { lastInMs, firstOutMs } = await watch.sighting;
    way.primaryIs(next);
    const { servedAtMs, broken, notConnected, notWritten } = await crowd.report();
    const after = cpu();
    await fault;
    const since = (server: Server, at: number) => connectionsIn(server.log().slice(logged[at]));
    return {
      clients,
      leaderlessMs: orderedMs - faultMs,
      promotingMs: lastInMs - orderedMs,
      doubtMs: firstOutMs - lastInMs,
      servedMs: servedAtMs.map((ms) => ms - lastInMs),
      broken,
      notConnected,
      notWritten,
      successor: { ...since(successor, 0), cpuMs: after.server - before.server },
      otherStarted: since(third, 1).started,
      proxyCpuMs: way.pid === undefined ? undefined : after.proxy - before.proxy,
    };
  } finally {
    await watch.end();
    await crowd.end();
  }
}
