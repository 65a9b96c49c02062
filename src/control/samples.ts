/**
 * The last fifteen minutes in figures, so that a page that is opened now shows what was. Rings of fixed length: 9 kB, and
 * 0.7 kB for each candidate.
 */
import { type Counters, servedAt, serverSlots, total } from '../contract/counters.ts';
import type { ProbeTimes } from './probe-times.ts';
import { RecentlyTurnedAway } from './turned-away.ts';

export const sampleMs = 5_000;
export const sampleCount = 180;

/** Oldest first; all lists are of one length. */
export interface SampleLists {
  /** Milliseconds since 1970. */
  readonly timeMs: readonly number[];
  /** Clients that have a server. */
  readonly sessions: readonly number[];
  /** The most clients that waited at one time since the sample before. */
  readonly held: readonly number[];
  /** Since the start, as are the bytes: rates are for the reader to take. */
  readonly accepted: readonly number[];
  readonly upstreamBytes: readonly number[];
  readonly downstreamBytes: readonly number[];
  readonly probes: readonly { readonly candidate: string; readonly ms: readonly (number | null)[] }[];
}

interface CandidateRing {
  /** The mean of the answered probes since the sample before; NaN: there was none. */
  readonly ms: Float32Array;
  sumSeconds: number;
  count: number;
}

export class Samples {
  readonly recently: RecentlyTurnedAway;
  readonly #counters: readonly Counters[];
  readonly #probes: ProbeTimes;
  readonly #timeMs = new Float64Array(sampleCount);
  readonly #sessions = new Float64Array(sampleCount);
  readonly #held = new Float64Array(sampleCount);
  readonly #accepted = new Float64Array(sampleCount);
  readonly #upstreamBytes = new Float64Array(sampleCount);
  readonly #downstreamBytes = new Float64Array(sampleCount);
  readonly #candidates = new Map<string, CandidateRing>();
  /** Samples taken, ever. */
  #taken = 0;
  #dueAt = -Infinity;
  #mostHeld = 0;

  constructor(counters: readonly Counters[], probes: ProbeTimes) {
    this.recently = new RecentlyTurnedAway(counters);
    this.#counters = counters;
    this.#probes = probes;
  }

  /** Call it at every change: who waits for a second only must be seen. `now` in monotonic milliseconds. */
  note(now: number, date = new Date()): void {
    this.#mostHeld = Math.max(this.#mostHeld, total(this.#counters, 'held'));
    this.recently.note(now);
    if (now < this.#dueAt) return;
    this.#dueAt = now + sampleMs;
    this.#take(date);
  }

  get lists(): SampleLists {
    const inOrder = <T>(value: (index: number) => T): T[] => {
      const length = Math.min(this.#taken, sampleCount);
      return Array.from({ length }, (_, index) => value((this.#taken - length + index) % sampleCount));
    };
    const listOf = (ring: Float64Array): number[] => inOrder((index) => ring[index] ?? 0);
    return {
      timeMs: listOf(this.#timeMs),
      sessions: listOf(this.#sessions),
      held: listOf(this.#held),
      accepted: listOf(this.#accepted),
      upstreamBytes: listOf(this.#upstreamBytes),
      downstreamBytes: listOf(this.#downstreamBytes),
      probes: [...this.#candidates].map(([candidate, { ms }]) => ({
        candidate,
        ms: inOrder((index) => Number.isNaN(ms[index]) ? null : Math.round((ms[index] ?? 0) * 100) / 100),
      })),
    };
  }

  #take(date: Date): void {
    const index = this.#taken % sampleCount;
    this.#taken += 1;
    this.#timeMs[index] = date.getTime();
    this.#sessions[index] = sessionsIn(this.#counters);
    this.#held[index] = this.#mostHeld;
    this.#mostHeld = 0;
    this.#accepted[index] = total(this.#counters, 'accepted');
    this.#upstreamBytes[index] = total(this.#counters, 'upstreamBytes');
    this.#downstreamBytes[index] = total(this.#counters, 'downstreamBytes');
    this.#takeProbes(index);
  }

  /** Forgets candidates that are gone, as the times of their probes are. */
  #takeProbes(index: number): void {
    const gone = new Set(this.#candidates.keys());
    for (const { candidate, took: { sumSeconds, count } } of this.#probes.all) {
      gone.delete(candidate);
      const ring = this.#ringOf(candidate);
      ring.ms[index] = (sumSeconds - ring.sumSeconds) * 1000 / (count - ring.count);
      ring.sumSeconds = sumSeconds;
      ring.count = count;
    }
    for (const name of gone) this.#candidates.delete(name);
  }

  #ringOf(candidate: string): CandidateRing {
    const known = this.#candidates.get(candidate);
    if (known !== undefined) return known;
    const ring = { ms: new Float32Array(sampleCount).fill(NaN), sumSeconds: 0, count: 0 };
    this.#candidates.set(candidate, ring);
    return ring;
  }
}

function sessionsIn(slabs: readonly Counters[]): number {
  let sum = 0;
  for (const slab of slabs) for (let slot = 0; slot < serverSlots; slot++) sum += slab[servedAt + slot] ?? 0;
  return sum;
}
