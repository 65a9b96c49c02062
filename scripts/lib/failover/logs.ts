/** What servers with PostgreSQL's own settings of logging write because of us. */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { ask } from '../../../test/bed/clients.ts';
import { type Cluster, startCluster } from '../../../test/bed/cluster.ts';
import { startGateway } from '../../../test/bed/gateway.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { programs, type RuntimeName } from './options.ts';
import { becauseOfUs, linesOf, type LogLine, logLinePrefix } from './server-log.ts';

export interface LogWatch {
  readonly runtime: RuntimeName;
  readonly minutes: number;
  /** Sessions that clients opened meanwhile. */
  readonly sessions: number;
  readonly ours: readonly LogLine[];
  /** How many lines the servers wrote of their own accord. */
  readonly others: number;
}

const password = 'as secret as a test needs it';
const everyMs = 1000;

/**
 * One gateway at rest, and one that knows only the standbys, so that it has no primary and asks at its fast pace. Both
 * log in with a password and make connections ahead. Each second a client comes and goes, and a port check.
 */
export async function watchLogs(
  runtime: RuntimeName,
  minutes: number,
  tell: (minute: number, lines: number) => void,
): Promise<LogWatch> {
  const cluster = await startCluster({ standbys: 2, password, settings: { log_line_prefix: logLinePrefix } });
  try {
    await provoke(cluster);
    const linesSince = watch(cluster);
    const start = (candidates: string) =>
      startGateway({ CANDIDATES: candidates, PGPASSWORD: password, PREWARM: '2' }, programs[runtime]);
    const gateway = await start(cluster.candidates);
    const hurried = await start(cluster.servers.slice(1).map(({ address }) => address).join(','));
    await gateway.routesTo(cluster.first.port);
    let sessions = 0;
    for (let minute = 1; minute <= minutes; minute++) {
      for (const until = performance.now() + 60_000; performance.now() < until; sessions++) {
        await checkPort(gateway.port);
        await ask(gateway.port, 'select 1', { password });
        await pause(everyMs);
      }
      tell(minute, becauseOfUs(linesSince()).length);
    }
    const [lines, ours] = [linesSince(), becauseOfUs(linesSince())];
    await Promise.all([gateway.stop(), hurried.stop()]);
    return { runtime, minutes, sessions, ours, others: lines.length - ours.length };
  } finally {
    await cluster.close();
  }
}

/** A mistake of our own must be seen on each server, or else silence would mean nothing. */
async function provoke(cluster: Cluster): Promise<void> {
  const linesSince = watch(cluster);
  for (const { port } of cluster.servers) await ask(port, 'nonsense', { password }).catch(() => {});
  await waitFor('a line in each log', () => {
    const servers = new Set(becauseOfUs(linesSince()).map(({ server }) => server));
    return servers.size === cluster.servers.length;
  });
}

/** What the servers have written since the call. */
function watch({ servers }: Cluster): () => LogLine[] {
  const lines = () => servers.map((server) => linesOf(server.name, server.log()));
  const before = lines().map(({ length }) => length);
  return () => lines().flatMap((all, index) => all.slice(before[index]));
}

/** What load balancers do. How the gateway ends a connection that said nothing is its own affair. */
function checkPort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.off('error', reject).on('error', () => {}).once('close', () => resolve()).resume();
      socket.end();
    });
    socket.once('error', reject);
  });
}
