/** Random pasts of a small cluster, the same for the same seed. What happens need not be likely. */
import type { Rules } from '../../src/cluster/election.ts';
import {
  type Answer,
  type Failure,
  type FailureKind,
  type Observation,
  withAnswer,
  withFailure,
} from '../../src/cluster/observation.ts';
import { answer, ours, theirs, unasked } from './scene.ts';

/** Numbers from 0 up to 1: mulberry32, by Tommy Ettinger, in the public domain. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** True in `percent` of a hundred throws. */
  chance(percent: number): boolean {
    return this.next() * 100 < percent;
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  oneOf<T>(items: readonly T[]): T {
    return items[this.between(0, items.length - 1)] as T;
  }

  shuffled<T>(items: readonly T[]): T[] {
    return items.map((item) => [this.next(), item] as const).sort(([a], [b]) => a - b).map(([, item]) =>
      item
    );
  }
}

export interface Moment {
  readonly now: number;
  readonly observations: readonly Observation[];
}

export interface History {
  readonly rules: Rules;
  readonly moments: readonly Moment[];
}

/** About as often those that say nothing against the last answer as the others. */
const kinds: readonly FailureKind[] = [
  ...['full', 'credentials', 'local', 'local'] as const,
  ...['silent', 'refused', 'unreachable', 'error', 'starting'] as const,
];

const names = ['a', 'b', 'c', 'd'];
const maxAgeMs = 1000;

/**
 * Thirty probes of two to four candidates, each followed by a moment; and in every fifth past a quiet end, in which one
 * server is primary, on whatever timeline, and all others follow it, but for a rare disturbance.
 */
export function history(dice: Dice): History {
  const rules: Rules = {
    failAfter: dice.between(1, 3),
    maxAgeMs,
    splitBrain: dice.chance(75) ? 'incumbent' : 'refuse',
    system: dice.chance(25) ? ours : undefined,
  };
  let observations: readonly Observation[] = names.slice(0, dice.between(2, 4)).map(unasked);
  let now = 0;
  const moments = Array.from({ length: 30 }, (): Moment => {
    now += dice.chance(90) ? dice.between(1, 200) : dice.between(1, 2 * maxAgeMs);
    const probed = dice.between(0, observations.length - 1);
    observations = observations.map((before, index) => index === probed ? probe(before, now, dice) : before);
    return { now: now + dice.oneOf([0, 0, 1, 500, maxAgeMs]), observations };
  });
  if (dice.chance(20)) moments.push(...quietEnd(observations, now + maxAgeMs, dice));
  return { rules, moments };
}

/** A quarter of a minute, in which all are probed two times a second or so. */
function quietEnd(before: readonly Observation[], start: number, dice: Dice): Moment[] {
  const leader = dice.oneOf(before).candidate;
  const timeline = dice.between(1, 3);
  const system = dice.chance(70) ? ours : theirs;
  let observations = before;
  let now = start;
  return Array.from({ length: 40 }, (): Moment => {
    now += dice.between(300, 600);
    observations = observations.map((before) => {
      if (dice.chance(1)) return probe(before, now, dice);
      const { candidate: { name, host, port } } = before;
      const inRecovery = name !== leader.name;
      const upstream = inRecovery ? { host: leader.host, port: leader.port } : { host, port };
      return withAnswer(
        before,
        started(before, answer(name, { at: now, system, timeline, startedAt: name, inRecovery, upstream })),
      );
    });
    return { now, observations };
  });
}

function probe(before: Observation, at: number, dice: Dice): Observation {
  if (dice.chance(25)) return withFailure(before, failureAt(at, dice));
  const { candidate: { name } } = before;
  return withAnswer(
    before,
    started(
      before,
      answer(name, {
        at,
        system: dice.chance(90) ? ours : theirs,
        timeline: dice.between(1, 3),
        // Most have a start of their own; some are another name of another server, and some have started again.
        startedAt: dice.chance(80) ? name : dice.oneOf([...names, `${name} again`]),
        inRecovery: dice.chance(45),
        readOnly: dice.chance(10),
        // On a primary it means nothing, and must not count.
        upstream: dice.chance(60) ? { host: `${dice.oneOf(names)}.example`, port: 5432 } : undefined,
      }),
    ),
  );
}

/** What takes back the answer before is said after another start, and each start has an address: nobody lies here. */
function started({ answer: before }: Observation, answer: Answer): Answer {
  const isTakenBack = before !== undefined && before.startedAt === answer.startedAt &&
    (answer.system !== before.system ||
      (!before.inRecovery && (answer.inRecovery || answer.timeline !== before.timeline)));
  const startedAt = isTakenBack ? `${before.startedAt} again` : answer.startedAt;
  const number = [...startedAt].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return { ...answer, startedAt, host: `192.0.${number >> 8}.${number & 255}` };
}

function failureAt(at: number, dice: Dice): Failure {
  return { at, kind: dice.oneOf(kinds), message: 'fails' };
}
