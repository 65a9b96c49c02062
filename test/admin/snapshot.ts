import type { Snapshot } from '../../src/admin/metrics.ts';
import { ProbeTimes } from '../../src/admin/probe-times.ts';
import { elect, type Memory, noMemory } from '../../src/cluster/election.ts';
import type { Observation } from '../../src/cluster/observation.ts';
import { at, type CounterName, type Counters, newCounters } from '../../src/plane/counters.ts';
import { noRoute } from '../../src/plane/messages.ts';
import { now, rules } from '../cluster/scene.ts';

/** What a gateway knows that has seen these once. */
export function snapshotOf(
  observations: readonly Observation[],
  memory: Memory = noMemory,
  change: Partial<Snapshot> = {},
): Snapshot {
  const probes = new ProbeTimes();
  probes.note(observations);
  return {
    counters: [newCounters()],
    observations,
    verdict: elect(observations, memory, now, rules),
    route: { ...noRoute, epoch: 7, reason: 'a is primary' },
    probes,
    verdicts: 3,
    startedAt: new Date(1_700_000_000_500),
    version: '1.2.3',
    runtime: 'node',
    engine: 'portable',
    ...change,
  };
}

export function counted(counts: Partial<Record<CounterName, number>>): Counters {
  const counters = newCounters();
  for (const [name, count] of Object.entries(counts)) counters[at[name as CounterName]] = count;
  return counters;
}
