/** Small words for what is known of candidates, so that a scenario reads like one. */
import type { Candidate } from '../../src/cluster/candidate.ts';
import type { Memory, Rules, Verdict } from '../../src/cluster/election.ts';
import type { Standing } from '../../src/cluster/finding.ts';
import {
  type Answer,
  type FailureKind,
  type Observation,
  unobserved,
  withAnswer,
  withFailure,
} from '../../src/cluster/observation.ts';

/** When every election of these tests is held, in monotonic milliseconds. */
export const now = 100_000;

export const ours = '7000000000000000001';
export const theirs = '7000000000000000002';

export const rules: Rules = { failAfter: 2, maxAgeMs: 5000, splitBrain: 'incumbent' };

/** What an election leaves that made `incumbent` primary on `timeline`. */
export function after(incumbent: string, timeline = 1): Memory {
  return { system: ours, incumbent, timeline };
}

export function candidate(name: string): Candidate {
  return { name, host: `${name}.example`, port: 5432 };
}

/** A fresh answer of a primary; no two names share a start. */
export function answer(name: string, change: Partial<Answer> = {}): Answer {
  return {
    at: now - 10,
    tookMs: 1,
    host: '192.0.2.1',
    port: 5432,
    system: ours,
    timeline: 1,
    startedAt: `the start of ${name}`,
    inRecovery: false,
    readOnly: false,
    lsn: 100n,
    replayedLsn: 100n,
    ...change,
  };
}

export function unasked(name: string): Observation {
  return unobserved(candidate(name));
}

export function primary(name: string, timeline = 1, change: Partial<Answer> = {}): Observation {
  return withAnswer(unasked(name), answer(name, { timeline, ...change }));
}

export function standby(name: string, timeline = 1, change: Partial<Answer> = {}): Observation {
  return primary(name, timeline, { inRecovery: true, ...change });
}

/** The same candidate after `times` probes in a row that brought nothing. */
export function failing(before: Observation, times = 1, kind: FailureKind = 'refused'): Observation {
  let observation = before;
  for (let time = 0; time < times; time += 1) {
    observation = withFailure(observation, { at: now, kind, message: 'refuses connections' });
  }
  return observation;
}

export interface Outcome {
  readonly rule: string;
  /** The name of the elected candidate. */
  readonly primary: string | undefined;
  readonly splitBrain: boolean;
  readonly standings: Readonly<Record<string, Standing>>;
}

/** A verdict without its texts. */
export function outcome({ rule, primary, splitBrain, findings }: Verdict): Outcome {
  return {
    rule,
    primary: primary?.candidate.name,
    splitBrain,
    standings: Object.fromEntries(findings.map(({ candidate, standing }) => [candidate.name, standing])),
  };
}

/** Every order of `items`. */
export function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) =>
    permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest])
  );
}
