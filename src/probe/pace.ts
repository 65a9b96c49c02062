/** When to ask next. Pure: the caller brings the randomness. All times in milliseconds. */
import { rejectedPaceMs } from '../cluster/finding.ts';
import { type FailureKind, isLoginRefused } from '../cluster/observation.ts';

export interface Pace {
  /** Between the starts of two probes of a server that answers. */
  readonly probeIntervalMs: number;
  /** The same while there is no primary, or while one is suspected. */
  readonly probeFastMs: number;
}

/** No server is left unprobed for longer than this, however long it has been dead; but for one that answers with an error. */
export const maxBackoffMs = 1000;

/**
 * Nor for much longer than this at the fast pace: a server that comes back may be the next primary. A server that
 * starts logs each try.
 */
const fastBackoffMs = 200;

/** A server that rejects the probe is not asked again sooner than this. */
export const rejectedGapMs = 1000;

/** Probes asked for at once still keep this distance: a storm of suspicions must not become one of connects. */
export const minGapMs = 10;

/**
 * Lets address probes that are about to ask at nearly the same time ask at the same time: the program sleeps in between, and to
 * wake up is a good part of what a probe costs. With three candidates it took a quarter off Bun's processor time.
 */
export class ProbeTicker {
  #at = -Infinity;

  /**
   * When a probe that was started at `startedAt`, and answered, is followed by the next one: the pace later, or up to
   * 10 % sooner, so that several gateways do not ask in step. Never later: that would be the longest failover.
   */
  next(startedAt: number, pace: Pace, isFast: boolean, random: number): number {
    const interval = isFast ? Math.min(pace.probeFastMs, pace.probeIntervalMs) : pace.probeIntervalMs;
    const [soonest, latest] = [startedAt + 0.9 * interval, startedAt + interval];
    if (this.#at < soonest || this.#at > latest) this.#at = soonest + random * (latest - soonest);
    return this.#at;
  }
}

/**
 * After how long without an answer a server is slower than it has lately been. Long before it is a failure: so soon that
 * a promotion is seen at the fast pace where the primary is frozen or its packets vanish, and so late that a busy machine
 * is not taken for that.
 */
export function overdueMs(usualMs: number): number {
  return Math.max(leastOverdueMs, 4 * usualMs);
}

/** A scheduler may make anybody wait for as long. */
const leastOverdueMs = 20;

/** Then the answer may be here and not read yet: one turn of the event loop shows it. */
export const overdueAgainMs = 2;

/** What a server takes to answer: the longest of late. Each answer that is quicker takes it down by a twentieth. */
export function usualMs(before: number, tookMs: number): number {
  return Math.max(tookMs, 0.95 * before);
}

/**
 * From the end of the `failures`th failed probe in a row to the next one.
 *
 * It doubles from the fast pace up to a second; at the fast pace up to 200 ms, or to twice the fast pace if that is more. The
 * fast pace does not help against a wrong password, a wrong port or a server without a free slot, and each such try is a
 * line in a server's log, so those keep to the second.
 *
 * One that answers with an error is up, and its `rejections` in a row end when a person, its clients or its recovery see
 * to it: while there is a primary, it is asked less and less often, down to once in ten seconds. Only one that starts, or
 * has an error of another kind, is asked at the fast pace like a dead one: it may come up as the next primary.
 */
export function nextRetry(
  pace: Pace,
  isFast: boolean,
  failures: number,
  rejections: number,
  kind: FailureKind,
  random: number,
): number {
  if (isPatient(kind) || (isLogged(kind) && !isFast)) {
    const limit = isFast ? rejectedGapMs : rejectedPaceMs;
    return Math.min(limit, rejectedGapMs * 2 ** Math.min(rejections - 1, 10));
  }
  const limit = isFast && !isHopeless(kind)
    ? Math.min(maxBackoffMs, Math.max(fastBackoffMs, 2 * pace.probeFastMs))
    : maxBackoffMs;
  // Beyond 2^10 it is above any limit anyhow.
  const delay = pace.probeFastMs * 2 ** Math.min(failures - 1, 10);
  return Math.min(limit, delay * (0.9 + 0.1 * random));
}

/** Whether asking sooner does not mend it. */
export function isHopeless(kind: FailureKind): boolean {
  return isPatient(kind) || kind === 'notPostgres' || kind === 'malformed';
}

/** Whether each try is a line in a server's log. */
export function isLogged(kind: FailureKind): boolean {
  return isPatient(kind) || kind === 'starting' || kind === 'error';
}

/** Whether, besides, the next try is not likely to end otherwise. */
export function isPatient(kind: FailureKind): boolean {
  return isLoginRefused(kind) || kind === 'untrusted';
}
