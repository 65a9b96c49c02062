/**
 * Whether two candidates are one server. The same start does not suffice, because whoever answers can say any start. So
 * while two at different addresses say the same one, each session of the probe puts a mark into its question, a random
 * number that is sent to that server alone, and asks which marks the server sees among the sessions of our role: one
 * server sees both. Pure.
 */

import { isSameOrHidden } from './hidden.ts';

/** What one session of the probe has come to know. */
export interface Mark {
  /** Its own mark. */
  readonly own: string;
  /** When the server had seen it for certain; Infinity while it is not there to be seen. */
  readonly since: number;
  /** The marks that this server has shown. */
  readonly seen: readonly string[];
}

/** The part of an answer that is needed here. */
interface Said {
  readonly at: number;
  readonly tookMs: number;
  readonly host: string;
  readonly port: number;
  readonly system: string | undefined;
  readonly startedAt: string;
  readonly mark?: Mark | undefined;
}

/** A server that has not shown it by then, while it was asked all the time, does not show it. */
const longestMs = 10_000;

/** What is kept of old marks. */
const mostSeen = 200;

/** Undefined: not known yet. */
export function isOneServer(a: Said, b: Said): boolean | undefined {
  if (!isSameOrHidden(a.system, b.system) || a.startedAt !== b.startedAt) return false;
  if (a.host === b.host && a.port === b.port) return true;
  const [one, other] = [a.mark, b.mark];
  if (one && other && one.seen.includes(other.own) && other.seen.includes(one.own)) return true;
  return lacks(a, b) || lacks(b, a) || isOverdue(a) || isOverdue(b) ? false : undefined;
}

/** What a session knows after an answer to a question with a mark, or without one. */
export function withMarks(
  before: Mark | undefined,
  marks: { readonly own: string; readonly seen: readonly string[] } | undefined,
  at: number,
): Mark | undefined {
  if (marks === undefined) return before && before.since < Infinity ? { ...before, since: Infinity } : before;
  const added = marks.seen.filter((mark) => !before?.seen.includes(mark));
  if (before && added.length === 0 && before.since <= at) return before;
  const since = Math.min(before?.since ?? Infinity, at);
  return { own: marks.own, since, seen: [...before?.seen ?? [], ...added].slice(-mostSeen) };
}

/** Whether a was asked when the mark of b was there, and does not show it. */
function lacks(a: Said, b: Said): boolean {
  return a.mark !== undefined && b.mark !== undefined && a.mark.since !== Infinity &&
    a.at - a.tookMs > b.mark.since && !a.mark.seen.includes(b.mark.own);
}

function isOverdue({ at, mark }: Said): boolean {
  return mark !== undefined && at - mark.since > longestMs;
}
