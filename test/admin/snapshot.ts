import { History } from '../../src/control/history.ts';
import { ProbeTimes } from '../../src/control/probe-times.ts';
import { Samples } from '../../src/control/samples.ts';
import type { Snapshot } from '../../src/admin/snapshot.ts';
import { elect, type Memory, noMemory } from '../../src/cluster/election.ts';
import { noPositions, withPrimary } from '../../src/cluster/lag.ts';
import type { Observation } from '../../src/cluster/observation.ts';
import { everyStandby, rotationOf } from '../../src/cluster/rotation.ts';
import { at, type CounterName, type Counters, newCounters } from '../../src/contract/counters.ts';
import { noRoute, type Route } from '../../src/contract/messages.ts';
import { Journal } from '../../src/control/journal.ts';
import { answer, now, rules } from '../cluster/scene.ts';

/** The primary has been at 0/C8 for half a second. */
const positions = [now - 500, now].reduce(
  (before, at) => withPrimary(before, answer('a', { at, lsn: 200n })),
  noPositions,
);

/** What a gateway knows that has seen these once. */
export function snapshotOf(
  observations: readonly Observation[],
  memory: Memory = noMemory,
  change: Partial<Snapshot> = {},
): Snapshot {
  const probes = new ProbeTimes();
  probes.note(observations);
  const verdict = elect(observations, memory, now, rules);
  const { primary } = verdict;
  const route: Route = {
    ...noRoute,
    epoch: 7,
    primary: primary && { host: primary.answer.host, port: primary.answer.port },
    reason: verdict.reason,
  };
  const journal = new Journal();
  journal.add(verdict, 7, new Date(1_700_000_060_500));
  const history = new History();
  history.note(observations, verdict, route, now);
  history.since = new Date(1_700_000_060_500);
  return {
    now,
    date: new Date(1_700_000_100_500),
    counters: [newCounters()],
    sessions: [],
    observations,
    verdict,
    route,
    rotation: rotationOf(verdict.findings, positions, { ...everyStandby, ...change.standbyPort }),
    standbyPort: undefined,
    journal: journal.entries,
    probes,
    history,
    interruptions: [],
    samples: new Samples([], probes),
    rules,
    limits: {
      maxSessions: 1000,
      maxClients: 1100,
      maxHeld: 100,
      maxPerAddress: null,
      ratePerAddress: null,
      idleTimeoutMs: null,
      maxBufferedBytes: null,
      holdMs: 10_000,
      deadAfterMs: 30_000,
    },
    verdicts: 3,
    workers: [{ silentMs: 200, isStuck: false }],
    faults: 0,
    isDraining: false,
    drill: undefined,
    paused: undefined,
    lastReload: { isSuccessful: true, at: new Date(1_700_000_000_500) },
    startedAt: new Date(1_700_000_000_500),
    uptimeMs: 100_000,
    version: '1.2.3',
    runtime: 'node',
    engine: 'portable',
    ...change,
  };
}

/** Paths of all values, `candidates[].answer.lsn` for one in a list. */
export function paths(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => paths(item, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, value]) => paths(value, path === '' ? key : `${path}.${key}`));
}

export function counted(counts: Partial<Record<CounterName, number>>): Counters {
  const counters = newCounters();
  for (const [name, count] of Object.entries(counts)) counters[at[name as CounterName]] = count;
  return counters;
}
