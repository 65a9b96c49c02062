/** Situations as the status page may find them, made up: fifteen minutes cannot be waited for. */
import { elect, type Memory } from '../../src/cluster/election.ts';
import { type Observation, withAnswer } from '../../src/cluster/observation.ts';
import type { Snapshot } from '../../src/admin/snapshot.ts';
import { at, newCounters, servedAt } from '../../src/contract/counters.ts';
import type { Interruption } from '../../src/control/interruptions.ts';
import { Journal } from '../../src/control/journal.ts';
import { ProbeTimes } from '../../src/control/probe-times.ts';
import { sampleCount, sampleMs, Samples } from '../../src/control/samples.ts';
import { snapshotOf } from '../admin/snapshot.ts';
import { after, failing, now, primary, rules, standby } from '../cluster/scene.ts';

export interface Scene {
  readonly observations: readonly Observation[];
  readonly memory?: Memory;
  readonly held?: number;
  readonly isDraining?: boolean;
}

const at5432 = (host: string) => ({ host, port: 5432 });

/** Three servers of a small shop, in the afternoon. */
export const atRest: Scene = {
  observations: [
    standby('db1.example.com', 12, { host: '10.0.0.1', lsn: 900n, replayedLsn: 100n, tookMs: 0.9 }),
    primary('db2.example.com', 12, { host: '10.0.0.2', lsn: 200n, tookMs: 0.7 }),
    standby('db3.example.com', 12, { host: '10.0.0.3', lsn: 200n, replayedLsn: 200n, tookMs: 1.4 }),
  ],
};

export const failingOver: Scene = {
  observations: [
    standby('db1.example.com', 12, { host: '10.0.0.1', lsn: 200n, replayedLsn: 200n, tookMs: 0.9 }),
    failing(primary('db2.example.com', 12, { host: '10.0.0.2', lsn: 200n }), 3),
    standby('db3.example.com', 12, { host: '10.0.0.3', lsn: 200n, replayedLsn: 200n, tookMs: 1.4 }),
  ],
  memory: after('db2.example.com', 12),
  held: 83,
};

export const splitBrain: Scene = {
  observations: [
    primary('db1.example.com', 12, { host: '10.0.0.1', lsn: 200n, tookMs: 0.9 }),
    primary('db2.example.com', 12, { host: '10.0.0.2', lsn: 200n, tookMs: 0.7 }),
    standby('db3.example.com', 12, { host: '10.0.0.3', lsn: 200n, replayedLsn: 200n, tookMs: 1.4 }),
  ],
  memory: after('db2.example.com', 12),
};

/** As many candidates as a page must bear, some of them in trouble, one whose name means something to a browser. */
export const hostile = '<img src=x onerror=alert(1)>';
export const fifty: Scene = {
  observations: Array.from({ length: 50 }, (_, index) => {
    const name = index === 7 ? hostile : `shard-a-${index}.databases.eu-central-1.example.com:5432`;
    const change = { host: `10.0.1.${index}`, lsn: 200n, replayedLsn: index % 9 === 0 ? 100n : 200n };
    if (index === 3) return primary(name, 12, change);
    const follower = standby(name, 12, { ...change, tookMs: 0.5 + (index * 7 % 13) / 5 });
    return index === 20 || index === 31 ? failing(follower, 4, 'silent') : follower;
  }),
};

/** What a gateway knows that has been in this situation for some time. */
export function snapshotIn({ observations, memory, held = 0, isDraining = false }: Scene): Snapshot {
  const date = new Date();
  const counters = newCounters();
  const base = snapshotOf(observations, memory);
  const { verdict } = base;
  const previous = observations.find(({ candidate, answer }) =>
    candidate.name !== verdict?.primary?.candidate.name && answer?.inRecovery
  );
  const to = verdict?.primary?.candidate.name;
  const from = (to === undefined ? memory?.incumbent : previous?.candidate.name) ?? 'db1';
  const { journal, interruptions } = pastOf(observations, memory, from, to, date, base);
  const samples = samplesOf(observations, counters, date, held);
  const sessions = observations.flatMap(({ answer }, index) => {
    if (answer === undefined) return [];
    const isPrimary = to !== undefined && verdict?.primary?.answer.host === answer.host;
    return [{
      server: at5432(answer.host),
      sessions: to === undefined ? 0 : isPrimary ? 812 : observations.length > 9 ? index % 3 : index % 3 * 20,
    }];
  });
  const served = sessions.reduce((sum, { sessions }) => sum + sessions, 0);
  counters[at.held] = held;
  counters[at.active] = served + held + 4;
  const history = base.history;
  history.since = to === undefined ? new Date(date.getTime() - 3_200) : new Date(date.getTime() - 372_000);
  history.alarms = 1;
  return {
    ...base,
    date,
    startedAt: new Date(date.getTime() - 8 * 86_400_000 - 12_000_000),
    counters: [counters],
    sessions,
    history,
    journal,
    interruptions,
    samples,
    isDraining,
    standbyPort: { fallback: true, maxLagMs: 5_000, maxLagBytes: undefined, lagFenceMs: undefined },
    version: '0.1.0',
    runtime: 'bun',
    engine: 'native',
  };
}

function pastOf(
  observations: readonly Observation[],
  memory: Memory = { timeline: 0 },
  from: string,
  to: string | undefined,
  date: Date,
  { verdict }: Snapshot,
): { readonly journal: Snapshot['journal']; readonly interruptions: readonly Interruption[] } {
  const ago = (seconds: number) => new Date(date.getTime() - seconds * 1000);
  const last = observations.at(-1)!;
  // Before what is shown now, each server that answered was well.
  const before = observations.map((of) => of.answer ? withAnswer(of, of.answer) : of);
  const earlier = [...before.slice(0, -1), failing(last, 3)];
  const journal = new Journal();
  const elected = verdict ?? elect(observations, memory, now, rules);
  journal.add(elect(earlier, memory, now, rules), 6, ago(4_000));
  journal.add(elect(before, memory, now, rules), 6, ago(3_100));
  journal.add(elected, 7, ago(to === undefined ? 3.2 : 372));
  const common = { rule: elected.rule, reason: elected.reason };
  const older: Interruption = {
    ...common,
    began: ago(86_400 * 2 + 10.4),
    ended: ago(86_400 * 2),
    lengthMs: 10_400,
    from: to ?? last.candidate.name,
    to: from,
    epoch: 5,
    sessionsEnded: 640,
    holds: 211,
    refused: 3,
    rule: 'onlyPrimary',
    reason: `${from} is primary on timeline 11`,
  };
  const newest: Interruption = to === undefined
    ? {
      ...common,
      began: ago(4.1),
      ended: undefined,
      lengthMs: 4_100,
      from,
      to,
      epoch: 7,
      sessionsEnded: 797,
      holds: 83,
      refused: 0,
    }
    : {
      ...common,
      began: ago(374.1),
      ended: ago(372),
      lengthMs: 2_100,
      from,
      to,
      epoch: 7,
      sessionsEnded: 797,
      holds: 164,
      refused: 0,
    };
  return { journal: journal.entries, interruptions: [older, newest] };
}

/** A quarter of an hour with some life in it, and a failover six minutes ago or now. */
function samplesOf(
  observations: readonly Observation[],
  counters: Float64Array,
  date: Date,
  held: number,
): Samples {
  const probes = new ProbeTimes();
  const samples = new Samples([counters], probes);
  const wave = (index: number, period: number) =>
    Math.sin(index / period) + Math.sin(index / period * 3.7) / 3;
  for (let index = 0; index < sampleCount; index++) {
    const isLast = index === sampleCount - 1;
    const sinceFailover = held > 0 ? (isLast ? 0 : -1) : index - (sampleCount - 74);
    const isBroken = sinceFailover === 0;
    const ramp = sinceFailover >= 0 ? Math.min(1, sinceFailover / 6) : 1;
    counters[servedAt] = isBroken ? 15 : Math.round((790 + 40 * wave(index, 19)) * ramp);
    counters[at.held] = isBroken ? held || 164 : 0;
    counters[at.accepted]! += isBroken
      ? 164
      : (sinceFailover > 0 && sinceFailover < 7 ? 700 : 210 + 40 * wave(index, 11));
    counters[at.upstreamBytes]! += (isBroken ? 0.02 : 1 + wave(index, 23) / 5) * 9e6 * ramp;
    counters[at.downstreamBytes]! += (isBroken ? 0.02 : 1 + wave(index, 17) / 4) * 41e6 * ramp;
    probes.note(observations.map((observation, number) => {
      const { answer, failure } = observation;
      if (!answer || (failure && sinceFailover >= 0)) return observation;
      const tookMs = answer.tookMs * (1.1 + wave(index * (number + 2), 7) / 6) +
        (index % 41 === number * 9 ? 3 : 0);
      return { ...observation, failures: 0, failure: undefined, answer: { ...answer, tookMs } };
    }));
    samples.note(index * sampleMs, new Date(date.getTime() - (sampleCount - 1 - index) * sampleMs));
  }
  return samples;
}
