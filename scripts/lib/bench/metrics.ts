/** Everything that is measured: its name in the JSON, its words, its unit, and which way is better. */

export interface Metric {
  readonly key: string;
  readonly group: string;
  readonly title: string;
  readonly unit: string;
  readonly better: 'less' | 'more';
  /** Digits after the point. */
  readonly digits: number;
}

/** What a run can be asked for by itself. */
export const parts = [
  'round-trip',
  'echo',
  'pgbench',
  'own-core',
  'connect',
  'copy',
  'noisy',
  'idle',
] as const;
export type Part = (typeof parts)[number];

/** What was measured, by the key of the metric; words say why it was not. */
export type Figures = Readonly<Record<string, number | string>>;

const metric = (
  group: string,
  key: string,
  title: string,
  unit: string,
  better: Metric['better'],
  digits: number,
): Metric => ({ key, group, title, unit, better, digits });

const pinned = 'Round trip, everything on one core';
const transactions = 'Transactions, pgbench -S -M prepared';
const alone = 'Transactions, the proxy alone on a core';
const connecting = 'Connecting';
const bulk = 'Bulk, COPY in binary format';
const noisy = 'One noisy session beside quiet ones';
const idle = 'Idle sessions';
const resting = 'Starting and resting';

/** What a figure of the group is not, where somebody could take it for that. */
const notes: Readonly<Record<string, string>> = {
  [pinned]: 'Client, proxy and server take turns on one core, so nothing hides the work that is added.',
  [transactions]: 'Client, proxy and server share the cores of the machine.',
  [alone]:
    'Server and clients have the other cores; they are the limit there, not the proxy. So its time can be told to a few per cent.',
  [connecting]:
    'A pool (pgbouncer) answers from connections that it has, and opens none: its figures are of less work.',
  [bulk]: 'Processor time is counted in steps of 10 ms, which is up to 25 ms a GB here.',
  [idle]:
    'In front of a small program that answers as PostgreSQL would, for that needs a process for each; ' +
    '"direct" is that program.',
};

export function noteOf(group: string): string | undefined {
  return notes[group];
}

/** Whether what a pool does there is something else than what a proxy does. */
export function opensConnections({ group }: Metric): boolean {
  return group === connecting;
}

/** The concurrencies of pgbench. */
export const concurrencies = [1, 16, 64] as const;

/** How many connect one after another in a round. */
export const connectsEach = 80;

/** How many connect at once. */
export const burstClients = 200;

/** How many sessions are quiet beside a noisy one, where the machine lets them. */
export const quietSessions = 1000;
export const quickQuietSessions = 200;

export const metrics: readonly Metric[] = [
  metric(pinned, 'addedUs', 'added round trip, median', 'us', 'less', 1),
  metric(pinned, 'roundTripUs', 'empty query, median', 'us', 'less', 1),
  metric(pinned, 'roundTripP99Us', 'empty query, p99', 'us', 'less', 1),
  metric(pinned, 'echoUs', 'bare echo of 64 bytes, median', 'us', 'less', 1),
  metric(pinned, 'echoP99Us', 'bare echo of 64 bytes, p99', 'us', 'less', 1),
  ...concurrencies.flatMap((count) => {
    const clients = count === 1 ? '1 client' : `${count} clients`;
    return [
      metric(transactions, `tps${count}`, `transactions, ${clients}`, '/s', 'more', 0),
      metric(transactions, `latencyMs${count}`, `average latency, ${clients}`, 'ms', 'less', 3),
      metric(transactions, `p99Ms${count}`, `p99 latency, ${clients}`, 'ms', 'less', 3),
      metric(transactions, `cpuUs${count}`, `proxy CPU per transaction, ${clients}`, 'us', 'less', 1),
    ];
  }),
  ...concurrencies.flatMap((count) => {
    const clients = count === 1 ? '1 client' : `${count} clients`;
    return [
      metric(alone, `ownCpuUs${count}`, `alone: proxy CPU per transaction, ${clients}`, 'us', 'less', 1),
      metric(alone, `ownTps${count}`, `alone: transactions, ${clients}`, '/s', 'more', 0),
    ];
  }),
  metric(connecting, 'readyMs', 'connect to ready, median', 'ms', 'less', 2),
  // A p99 of so few would be the longest as well.
  metric(connecting, 'readyLongestMs', `connect to ready, longest of ${connectsEach}`, 'ms', 'less', 2),
  metric(connecting, 'burstMs', `burst of ${burstClients} connects, until all are ready`, 'ms', 'less', 0),
  metric(connecting, 'connectRate', 'connections, pgbench -C, 8 clients', '/s', 'more', 0),
  metric(connecting, 'connectCpuUs', 'proxy CPU per connection', 'us', 'less', 0),
  metric(bulk, 'copyOutGbs', 'COPY out', 'GB/s', 'more', 2),
  metric(bulk, 'copyOutCpuMs', 'COPY out, proxy CPU per GB', 'ms', 'less', 0),
  metric(bulk, 'copyInGbs', 'COPY in', 'GB/s', 'more', 2),
  metric(bulk, 'copyInCpuMs', 'COPY in, proxy CPU per GB', 'ms', 'less', 0),
  metric(noisy, 'quietSessions', 'quiet sessions', '', 'more', 0),
  metric(noisy, 'quietUs', 'small question, quiet alone, median', 'us', 'less', 0),
  metric(noisy, 'quietP99Us', 'small question, quiet alone, p99', 'us', 'less', 0),
  metric(noisy, 'noisyUs', 'small question, beside one COPY out, median', 'us', 'less', 0),
  metric(noisy, 'noisyP99Us', 'small question, beside one COPY out, p99', 'us', 'less', 0),
  metric(noisy, 'noisyGbs', 'what that COPY moves meanwhile', 'GB/s', 'more', 2),
  metric(idle, 'idleSessions', 'sessions held', '', 'more', 0),
  metric(idle, 'sessionBytes', 'memory of the proxy per session', 'bytes', 'less', 0),
  metric(idle, 'besideUs', 'one active session beside them, median', 'us', 'less', 1),
  metric(idle, 'besideP99Us', 'one active session beside them, p99', 'us', 'less', 1),
  metric(resting, 'startMs', 'start until the first session is ready', 'ms', 'less', 0),
  metric(resting, 'restMiB', 'resident memory at rest', 'MiB', 'less', 1),
  metric(resting, 'restOwnMiB', 'of it its own (anonymous)', 'MiB', 'less', 1),
];

export function metricOf(key: string): Metric {
  const found = metrics.find((metric) => metric.key === key);
  if (!found) throw new Error(`there is no metric ${key}`);
  return found;
}
