/** Results of a run that never was. */
import { type Facts, type Results, resultsOf } from '../../../scripts/lib/bench/results.ts';
import type { Sample } from '../../../scripts/lib/bench/statistics.ts';

export const roundTrips: Readonly<Record<string, readonly number[]>> = {
  direct: [20, 40, 20],
  binary: [30, 60, 32],
  haproxy: [40, 80, 50],
};

/** Three rounds of round trips, and whatever else is given. */
export function results(more: readonly Sample[] = [], facts: Partial<Facts> = {}): Results {
  const samples = Object.entries(roundTrips).flatMap(([target, values]) =>
    values.map((value, round) => ({ round, target, metric: 'roundTripUs', value }))
  );
  return resultsOf({
    startedAt: '2026-01-02T03:04:05.000Z',
    tookSeconds: 61.4,
    isQuick: true,
    rounds: 3,
    secondsEach: 1,
    threadsWanted: undefined,
    machine: {
      cores: 4,
      cpu: 'A <fast> & "good" one',
      kernel: '6.1.0',
      memoryGiB: 16,
      openFiles: 1024,
      loadBefore: 0.1,
      loadAfter: 2.5,
    },
    takenByOthers: [0.01, 0, 0.034],
    server: 'PostgreSQL',
    targets: [
      {
        name: 'direct',
        label: 'PostgreSQL itself',
        kind: 'direct',
        threads: undefined,
        processes: undefined,
        absent: undefined,
      },
      { name: 'binary', label: 'pg_gateway', kind: 'ours', threads: 2, processes: 1, absent: undefined },
      { name: 'haproxy', label: 'HAProxy', kind: 'peer', threads: 4, processes: 2, absent: undefined },
    ],
    leftOutBy: '--targets',
    absences: [],
    skipped: ['pgbouncer: it is not installed'],
    samples: [...samples, ...more],
    ...facts,
  });
}
