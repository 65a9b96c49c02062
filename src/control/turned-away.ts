/**
 * How many clients were turned away, and by which limit: since the start, and in the last minutes, because a count since the
 * start does not tell whether it goes on.
 */
import { type Counters, total } from '../contract/counters.ts';

/** What turned them away, or ended them, in the order in which it is told. */
export const turnings = [
  'notAllowed',
  'proxyRefused',
  'addressFull',
  'addressTooFast',
  'sessionsFull',
  'buffersFull',
  'displaced',
  'idleTimeout',
] as const;

export type TurnedAwayCounts = Readonly<Record<(typeof turnings)[number], number>>;

/** The last minutes are so many steps, of which the first is a part. */
export const stepMs = 30_000;
export const stepCount = 10;

/** Since the start. */
export function turnedAway(counters: readonly Counters[]): TurnedAwayCounts {
  const count = (...names: Parameters<typeof total>[1][]): number =>
    names.reduce((sum, name) => sum + total(counters, name), 0);
  const buffersFull = count('buffersFull');
  return {
    notAllowed: count('notAllowed'),
    proxyRefused: count('proxyMissing', 'proxyMalformed', 'proxyUntrusted'),
    addressFull: count('addressFull'),
    addressTooFast: count('addressTooFast'),
    // One that is counted when it is refused is counted as closed a moment later.
    sessionsFull: Math.max(0, count('limit') - buffersFull),
    buffersFull,
    displaced: count('displaced'),
    idleTimeout: count('idleTimeout'),
  };
}

export class RecentlyTurnedAway {
  readonly #counters: readonly Counters[];
  /** Counts at the beginning of each step, oldest first. */
  readonly #steps: { readonly at: number; readonly counts: TurnedAwayCounts }[] = [];

  constructor(counters: readonly Counters[]) {
    this.#counters = counters;
  }

  /** To be called again and again; `now` in monotonic milliseconds. */
  note(now: number): void {
    const last = this.#steps.at(-1);
    if (last !== undefined && now - last.at < stepMs) return;
    this.#steps.push({ at: now, counts: turnedAway(this.#counters) });
    if (this.#steps.length > stepCount) this.#steps.shift();
  }

  /** In the last `ms`, which are fewer after a start. */
  at(now: number): { readonly ms: number; readonly counts: TurnedAwayCounts } {
    const [first] = this.#steps;
    const counts = turnedAway(this.#counters);
    if (first === undefined) return { ms: 0, counts };
    const since = turnings.map((name) => [name, Math.max(0, counts[name] - first.counts[name])] as const);
    return { ms: Math.round(now - first.at), counts: Object.fromEntries(since) as TurnedAwayCounts };
  }
}
