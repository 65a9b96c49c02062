/**
 * The one way to another system. After pg_upgrade, or when a cluster is set up anew, the same addresses have a new
 * system identifier: every server is foreign then, and a gateway that insists on the old system serves no client. That
 * the old system is gone is not assumed but seen: where its primary was, and at every other candidate that answers,
 * there is the new one, for long enough. Pure.
 */
import { isCurrent, type Limits } from './finding.ts';
import { isRejection, type Observation } from './observation.ts';

/** Another system that all candidates that answer belong to. */
export interface Moved {
  readonly system: string;
  /** Since when, without a break, in monotonic milliseconds. */
  readonly since: number;
}

/** The part of the memory of elections that is needed here. */
interface Past {
  readonly system?: string | undefined;
  readonly incumbent?: string | undefined;
  readonly moved?: Moved | undefined;
}

/**
 * Undefined unless the former primary and at least half of the candidates answer, all from one other system. One that
 * rejects the probe, or was not asked yet, may belong to the old one.
 */
export function movedTo(
  observations: readonly Observation[],
  past: Past,
  now: number,
  { maxAgeMs }: Limits,
): Moved | undefined {
  if (past.system === undefined) return undefined;
  const answering = observations.filter((observation) => isCurrent(observation, now, maxAgeMs));
  const system = answering.find(({ candidate }) => candidate.name === past.incumbent)?.answer?.system;
  const isAgreed = system !== undefined && system !== past.system &&
    answering.every(({ answer }) => answer?.system === system) &&
    2 * answering.length >= observations.length &&
    observations.every((observation) => answering.includes(observation) || isGone(observation));
  if (!isAgreed) return undefined;
  return past.moved?.system === system ? past.moved : { system, since: now };
}

function isGone({ failure }: Observation): boolean {
  return failure !== undefined && failure.kind !== 'local' && !isRejection(failure.kind);
}
