/**
 * A candidate that takes back what it has said. A primary becomes a standby only by a start, and a start takes seconds:
 * what changes faster is two servers behind one address, or does not tell the truth. Either way no client can be sent
 * there, and what it says is worth nothing until it has said the same for a while. Pure.
 */

import { isSameOrHidden } from './hidden.ts';

/** The part of an answer that is needed here. */
interface Said {
  readonly at: number;
  readonly host: string;
  readonly port: number;
  readonly system: string | undefined;
  readonly timeline: number | undefined;
  readonly startedAt: string;
  readonly inRecovery: boolean;
}

export interface Distrust {
  /** When it took something back, in the last minute. */
  readonly turns: readonly number[];
  /** Until then nothing that it said counts, in monotonic milliseconds. */
  readonly until: number;
  /** For how long it had to say the same, the last time; 0 if never. */
  readonly forMs: number;
}

const firstMs = 10_000;
const longestMs = 600_000;

/** Demoted, started, caught up and promoted once in three seconds: no manager is faster, and no address moves more often. */
const mostTurns = 20;
const turnsMs = 60_000;

/** What is held against a candidate after this `answer`; each distrust that follows another is twice as long. */
export function afterAnswer(
  distrust: Distrust | undefined,
  before: Said | undefined,
  answer: Said,
): Distrust | undefined {
  const kind = before && turnOf(before, answer);
  if (kind === undefined) return distrust;
  const { at } = answer;
  const { turns: earlier, until, forMs } = distrust ?? { turns: [], until: -Infinity, forMs: 0 };
  const turns = [...earlier.filter((turn) => turn > at - turnsMs), at].slice(-mostTurns - 1);
  if (at < until) return { turns, until: at + forMs, forMs };
  if (kind === 'possible' && turns.length <= mostTurns) return { turns, until, forMs };
  const next = at - until > longestMs ? firstMs : Math.min(2 * forMs, longestMs);
  return { turns, until: at + next, forMs: next };
}

/**
 * Whether `answer` takes back what the server at the same address had said: as no server can, or only with a start. What
 * it begins or ceases to hide it does not take back: a right was granted or revoked.
 */
function turnOf(before: Said, answer: Said): 'possible' | 'impossible' | undefined {
  if (before.host !== answer.host || before.port !== answer.port) return undefined;
  const isSameSystem = isSameOrHidden(before.system, answer.system);
  if (isSameSystem && before.startedAt === answer.startedAt) {
    const isOther = !before.inRecovery &&
      (answer.inRecovery || !isSameOrHidden(before.timeline, answer.timeline));
    return isOther ? 'impossible' : undefined;
  }
  const isTurn = !isSameSystem || micros(answer) < micros(before) ||
    (answer.inRecovery && !before.inRecovery);
  return isTurn ? 'possible' : undefined;
}

function micros({ startedAt }: Said): number {
  return Number(startedAt.split(' ', 1)[0]);
}
