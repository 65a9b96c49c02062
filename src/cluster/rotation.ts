/** Which standbys get new sessions, why the others do not, and which must lose those that they have. Pure. */
import { type Candidate, candidateAt } from './candidate.ts';
import type { Finding, Standing } from './finding.ts';
import { type Lag, lagOf, type Positions } from './lag.ts';
import type { Answer } from './observation.ts';
import { isOneServer } from './same-server.ts';
import { weightOf, type Weights } from './weights.ts';

export interface RotationRules {
  /** Limits for new sessions; undefined: none. */
  readonly maxLagBytes: number | undefined;
  readonly maxLagMs: number | undefined;
  /** Beyond it sessions that are there are ended, too. */
  readonly lagFenceMs: number | undefined;
  readonly weights: Weights;
}

export const everyStandby: RotationRules = {
  maxLagBytes: undefined,
  maxLagMs: undefined,
  lagFenceMs: undefined,
  weights: {},
};

/** A candidate as the standby port sees it: in the rotation, or not. */
export interface RotationEntry {
  readonly candidate: Candidate;
  readonly standing: Standing;
  /** What it said, where that still counts. */
  readonly answer: Answer | undefined;
  /** Of standbys, once a primary was known. */
  readonly lag: Lag | undefined;
  /** Its share of new sessions; 0: it gets none. */
  readonly weight: number;
  /** Why it gets none, in a clause that reads after its name; undefined: it is in the rotation. */
  readonly out: string | undefined;
  /** Why its sessions of the standby port are ended, likewise; undefined: they stay. */
  readonly fenced: string | undefined;
}

/** An entry for each finding, in the same order. */
export function rotationOf(
  findings: readonly Finding[],
  positions: Positions,
  rules: RotationRules,
): readonly RotationEntry[] {
  const seen: { readonly answer: Answer; readonly name: string }[] = [];
  const primary = findings.find(({ standing }) => standing === 'primary' || standing === 'doubtful')?.answer;
  return findings.map((finding) => {
    const { candidate, standing, answer } = finding;
    const lag = standing === 'standby' && answer ? lagOf(positions, answer) : undefined;
    const twin = answer && seen.find((other) => isOneServer(other.answer, answer) === true)?.name;
    if (answer && standing === 'standby' && twin === undefined) seen.push({ answer, name: candidate.name });
    const share = weightOf(rules.weights, candidate.name, candidateAt(candidate.host, candidate.port).name);
    const out = standing !== 'standby'
      ? finding.note
      : twin !== undefined
      ? `is another name of ${twin}`
      : share === 0
      ? 'has weight 0 (REPLICA_WEIGHTS)'
      : lag === undefined && hidesLag(answer, primary)
      ? unmeasured(rules)
      : tooFar(lag, rules);
    const fenced = fence(finding, lag, rules);
    return { candidate, standing, answer, lag, weight: out === undefined ? share : 0, out, fenced };
  });
}

function hidesLag(answer: Answer | undefined, primary: Answer | undefined): boolean {
  return (answer !== undefined && answer.replayedLsn === undefined) ||
    (primary !== undefined && primary.lsn === undefined);
}

/** A limit that cannot be watched is not kept. */
function unmeasured({ maxLagBytes, maxLagMs, lagFenceMs }: RotationRules): string | undefined {
  return maxLagBytes === undefined && maxLagMs === undefined && lagFenceMs === undefined
    ? undefined
    : 'has a lag that is hidden from the probe, and a limit is set (MAX_LAG_BYTES, MAX_LAG_MS, LAG_FENCE_MS)';
}

/** Without figures of the moment: the text is part of the route, and that should not change at each probe. */
function tooFar(
  lag: Lag | undefined,
  { maxLagBytes, maxLagMs, lagFenceMs }: RotationRules,
): string | undefined {
  if (lag === undefined) return undefined;
  if (lag.ms > (lagFenceMs ?? Infinity)) return `lags by more than LAG_FENCE_MS=${lagFenceMs}`;
  if (lag.ms > (maxLagMs ?? Infinity)) return `lags by more than MAX_LAG_MS=${maxLagMs}`;
  if (lag.bytes > (maxLagBytes ?? Infinity)) return `lags by more than MAX_LAG_BYTES=${maxLagBytes}`;
  return undefined;
}

/** One that only fails to answer is in doubt, and keeps its sessions. */
function fence(
  { standing, note }: Finding,
  lag: Lag | undefined,
  { lagFenceMs }: RotationRules,
): string | undefined {
  if (standing === 'foreign' || standing === 'stale') return note;
  return lag !== undefined && lag.ms > (lagFenceMs ?? Infinity)
    ? `lags by more than LAG_FENCE_MS=${lagFenceMs}`
    : undefined;
}
