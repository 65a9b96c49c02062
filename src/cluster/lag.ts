/**
 * How far a standby is behind. Pure. No clock of a server is read: a standby is behind for as long as we have known
 * the primary to be at a position that it has not replayed.
 */
import type { Lsn } from './lsn.ts';
import type { Answer } from './observation.ts';

export interface Lag {
  readonly bytes: number;
  readonly ms: number;
}

/** Where the primary was seen, and when first, in monotonic milliseconds. */
interface Mark {
  readonly at: number;
  readonly lsn: Lsn;
}

/** What is remembered of the positions of primaries, whichever servers they were. */
export interface Positions {
  /** Oldest first, each further on than the one before. */
  readonly marks: readonly Mark[];
  /** When a primary last said where it is. Time without a primary makes no standby lag more. */
  readonly heardAt: number;
}

export const noPositions: Positions = { marks: [], heardAt: -Infinity };

/** What is old is known less exactly: to this part of its age. So there are hundreds of marks and not millions. */
const exactness = 1 / 16;

/** Adds what the primary has said. A new one may be behind the one that was lost: what that one wrote is void. */
export function withPrimary(before: Positions, { at, lsn }: Answer): Positions {
  if (at <= before.heardAt || lsn === undefined) return before;
  const marks = before.marks.filter((mark) => mark.lsn <= lsn);
  if (marks.at(-1)?.lsn !== lsn) marks.push({ at, lsn });
  return { marks: thinned(marks, at), heardAt: at };
}

/** Drops a mark if the one before it and the one after it are near enough to each other. */
function thinned(marks: readonly Mark[], now: number): readonly Mark[] {
  const kept: Mark[] = [];
  for (const mark of marks) {
    const before = kept.at(-2);
    if (before !== undefined && mark.at - before.at < (now - mark.at) * exactness) kept.pop();
    kept.push(mark);
  }
  return kept;
}

/** Undefined as long as no primary was known, or if the standby hides how far it is. What the primary said after the standby answered does not count. */
export function lagOf({ marks, heardAt }: Positions, { at, replayedLsn }: Answer): Lag | undefined {
  const last = marks.findLast((mark) => mark.at <= at) ?? marks[0];
  if (last === undefined || replayedLsn === undefined) return undefined;
  const first = marks.find(({ lsn }) => lsn > replayedLsn);
  return {
    bytes: Math.max(0, Number(last.lsn - replayedLsn)),
    ms: first === undefined ? 0 : Math.max(0, Math.round(Math.min(at, heardAt) - first.at)),
  };
}
