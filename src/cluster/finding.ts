/** What one candidate's answer is worth, whatever the others say. Pure, like the election, which puts them together. */
import type { Candidate } from './candidate.ts';
import type { Distrust } from './distrust.ts';
import { isOlder, timelineText } from './hidden.ts';
import {
  type Answer,
  doubtsOf,
  type Failure,
  isDistrusted,
  isRejection,
  knownAt,
  type Observation,
} from './observation.ts';

/**
 * Where a candidate stands after an election. `alias` is another name of the primary; what `distrusted` says cannot be
 * true of one server, or is not believed against all others; `rejecting` is up and rejects
 * the probe, where `down` does not answer, or not as PostgreSQL does; of `unknown` nothing is known, through no fault
 * of its own.
 */
export const standings = [
  'primary',
  'standby',
  'alias',
  'rival',
  'stale',
  'readOnly',
  'foreign',
  'distrusted',
  'doubtful',
  'rejecting',
  'down',
  'unknown',
] as const;

export type Standing = (typeof standings)[number];

export interface Finding {
  readonly candidate: Candidate;
  readonly standing: Standing;
  /** Why, in a clause that reads after the candidate's name. */
  readonly note: string;
  /** What it said, where that still counts. */
  readonly answer?: Answer | undefined;
}

/** A candidate that claims to be the primary, and whose claim counts. */
export type Claim = Finding & { readonly answer: Answer };

export function isClaim(finding: Finding): finding is Claim {
  return finding.answer !== undefined && (finding.standing === 'primary' || finding.standing === 'doubtful');
}

/** For how long an answer counts. */
export interface Limits {
  /** Consecutive failed probes that withdraw the incumbent. */
  readonly failAfter: number;
  /** How old an answer may be and still count. */
  readonly maxAgeMs: number;
}

/** A server that rejects the probe is asked again after this time at the latest: each try is a line in its log. */
export const rejectedPaceMs = 10_000;

/** Until when the last answer counts; a server that has rejected the probe since then is asked less often. */
export function countsUntil({ answer, rejectedAt }: Observation, maxAgeMs: number): number {
  const answered = (answer?.at ?? -Infinity) + maxAgeMs;
  return rejectedAt === undefined ? answered : Math.max(answered, rejectedAt + maxAgeMs + rejectedPaceMs);
}

/** What is known of the last primary. */
export interface Remembered {
  /** The name of the last elected candidate, kept while there is no primary. */
  readonly incumbent?: string | undefined;
  /** The newest timeline of any elected primary; 0 before the first. */
  readonly timeline: number;
}

/**
 * `primary` here means "claims to be". Without a `system` it is not known whose answer counts. An incumbent that only
 * rejects the probe is `rejecting` and keeps its answer: the election falls back on it where none claims the role.
 */
export function judge(
  observation: Observation,
  system: string | undefined,
  last: Remembered,
  now: number,
  limits: Limits,
): Finding {
  const { candidate, answer, failures, failure } = observation;
  const unusable = (standing: Standing, note: string): Finding => ({ candidate, standing, note });
  if (answer === undefined) {
    return failure
      ? unusable(standingAfter(failure), failure.message)
      : unusable('unknown', 'has not been probed yet');
  }
  if (now > countsUntil(observation, limits.maxAgeMs)) {
    const note = failure?.message ?? `has not been heard of for ${seconds(now - knownAt(observation))}`;
    return unusable(standingAfter(failure), note);
  }
  if (isDistrusted(observation, now)) return unusable('distrusted', flipNote(observation.distrust!, now));
  const finding = assess(candidate, answer, system);
  if (failures === 0) return finding;
  const message = failure?.message ?? 'does not answer';
  const doubts = doubtsOf(observation);
  const isRejected = observation.rejectedAt !== undefined;
  if (doubts === 0 && !isRejected) return { ...finding, note: `${finding.note}, and now: ${message}` };
  // Only the incumbent is spared, and only if its last answer was that of a primary: no other one can be in doubt.
  const isSpared = finding.standing === 'primary' && candidate.name === last.incumbent &&
    !isOlder(answer.timeline, last.timeline) && doubts < limits.failAfter;
  return isSpared
    ? {
      ...finding,
      standing: doubts === 0 ? 'rejecting' : 'doubtful',
      note: `was primary on ${timelineText(answer.timeline)}, and now: ${message}`,
    }
    : unusable(standingAfter(failure), message);
}

function flipNote({ until, forMs }: Distrust, now: number): string {
  return `answers as two servers in turns, faster than one can start again: is the address a load balancer? It is not ` +
    `believed until it has said the same for ${Math.round(forMs / 1000)} s, ${
      Math.ceil((until - now) / 1000)
    } s from now`;
}

/** The standing of one that could not be asked. */
function standingAfter(failure: Failure | undefined): Standing {
  if (failure === undefined) return 'down';
  if (isRejection(failure.kind)) return 'rejecting';
  // A fault of this machine says nothing about the server.
  return failure.kind === 'local' ? 'unknown' : 'down';
}

/** The same for an answer that counts. One that hides its system is not known to be foreign. */
function assess(candidate: Candidate, answer: Answer, system: string | undefined): Finding {
  const as = (standing: Standing, note: string): Finding => ({ candidate, standing, note, answer });
  if (system === undefined && answer.system !== undefined) {
    return as('unknown', `belongs to system ${answer.system}`);
  }
  if (answer.system !== undefined && answer.system !== system) {
    return as('foreign', `belongs to system ${answer.system}, not to ${system}`);
  }
  if (answer.inRecovery) return as('standby', standbyNote(answer));
  if (answer.readOnly) return as('readOnly', 'is out of recovery but read-only');
  return as('primary', `is primary on ${timelineText(answer.timeline)}`);
}

function standbyNote({ timeline, upstream }: Answer): string {
  const note = `is a standby on ${timelineText(timeline)}`;
  return upstream ? `${note}, streaming from ${upstream.host} port ${upstream.port}` : note;
}

/** The system that most candidates show whose answer counts; undefined without a single most frequent one. */
export function commonSystem(
  observations: readonly Observation[],
  now: number,
  { maxAgeMs }: Limits,
): string | undefined {
  const votes = new Map<string, number>();
  for (const observation of observations) {
    const { answer } = observation;
    if (answer?.system === undefined || !isCurrent(observation, now, maxAgeMs)) continue;
    votes.set(answer.system, (votes.get(answer.system) ?? 0) + 1);
  }
  const [first, second] = [...votes].sort((a, b) => b[1] - a[1]);
  return first && first[1] > (second?.[1] ?? 0) ? first[0] : undefined;
}

/** Whether its last answer counts as it stands: neither a failure of the server nor age speaks against it. */
export function isCurrent(observation: Observation, now: number, maxAgeMs: number): boolean {
  const { answer, rejectedAt } = observation;
  return answer !== undefined && rejectedAt === undefined && doubtsOf(observation) === 0 &&
    now - answer.at <= maxAgeMs && !isDistrusted(observation, now);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
