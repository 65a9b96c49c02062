/** A run that never was: two minutes without a fault. */
import type { Facts, Failover, Sample } from '../../../scripts/lib/soak/facts.ts';

const mib = 2 ** 20;

export const sample = (second: number, residentBytes = 90 * mib): Sample => ({
  second,
  residentBytes,
  proportionalBytes: residentBytes,
  descriptors: 400,
  threads: 6,
  processors: 0.05,
  clients: 210,
  held: 0,
  load: 1.5,
});

export const failover: Failover = {
  kind: 'kill',
  second: 30,
  untilSecond: 32,
  promoted: 'server2',
  firstWriteMs: 100,
  allBackMs: 900,
  lastBack: ['idle'],
  healedMs: 3000,
  missing: [],
  logLines: 12,
};

const rest = { residentBytes: 80 * mib, proportionalBytes: 78 * mib, descriptors: 21, threads: 6 };

export const good: Facts = {
  startedAt: '2026-11-27T18:00:00.000Z',
  seconds: 120,
  wantedMinutes: 2,
  everySeconds: 30,
  loadPercent: 100,
  seed: 1,
  version: '1.2.3',
  machine: {
    cores: 2,
    cpu: 'a processor',
    kernel: '6.1',
    memoryGiB: 16,
    openFiles: 1024,
    loadBefore: 1,
    loadAfter: 2,
  },
  before: rest,
  after: { ...rest, residentBytes: 88 * mib },
  samples: Array.from({ length: 120 }, (_, second) => sample(second)),
  troubles: [{ second: 31, kind: 'idle', code: 'CONNECTION_CLOSED', message: 'the idle session ended' }],
  failovers: [failover],
  clients: [{ kind: 'idle', what: 'sit there', count: 200, done: 1234, failed: 1 }],
  acknowledged: 5000,
  lost: [],
  doubles: [],
  copiedBytes: 4 * mib,
  missedCancels: 0,
  reloads: 2,
  counted: { accepted: 1000, holds: 200, cancels: 80, bytes: 10 * mib, refused: 3 },
  logLines: { listening: 1, verdict: 9 },
  exitCode: 0,
  cutShort: undefined,
};
