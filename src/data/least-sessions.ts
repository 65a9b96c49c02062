/** Which standby a new session gets: the one with the fewest sessions for its weight, counted over all workers. */
import { type Counters, dialledAt, leasedAt, servedAt } from '../contract/counters.ts';
import type { Address } from '../runtime/runtime.ts';

/** A standby in the rotation. */
export interface StandbyTarget {
  readonly address: Address;
  /** Above 0. */
  readonly weight: number;
  readonly slot: number;
}

/** How long a standby that could not be dialled rests; by then a probe has found out what is wrong with it. */
const restMs = 1_000;

const none: ReadonlySet<number> = new Set();

export class LeastSessions {
  readonly #slabs: readonly Counters[];
  readonly #own: Counters;
  #standbys: readonly StandbyTarget[] = [];
  /** By slot: until when it rests. */
  readonly #restUntil = new Map<number, number>();
  /** Of several with equal load each has its turn. */
  #turn = 0;

  /** Counts in the slabs of all workers; leases are in `own`. */
  constructor(slabs: readonly Counters[], own: Counters) {
    this.#slabs = slabs;
    this.#own = own;
  }

  take(standbys: readonly StandbyTarget[]): void {
    this.#standbys = standbys;
  }

  get isEmpty(): boolean {
    return this.#standbys.length === 0;
  }

  has(slot: number): boolean {
    return this.#standbys.some((standby) => standby.slot === slot);
  }

  rest(slot: number, now: number): void {
    this.#restUntil.set(slot, now + restMs);
  }

  /** The best of those that do not rest, without those in `except`. */
  best(now: number, except: ReadonlySet<number> = none): StandbyTarget | undefined {
    return this.#least(
      this.#leased(now).filter(({ slot }) =>
        (this.#restUntil.get(slot) ?? -Infinity) <= now && !except.has(slot)
      ),
    );
  }

  /** The best of all. */
  any(now: number): StandbyTarget | undefined {
    return this.#least(this.#leased(now));
  }

  #leased(now: number): readonly StandbyTarget[] {
    return this.#standbys.filter(({ slot }) => this.#own[leasedAt + slot]! >= now);
  }

  #least(standbys: readonly StandbyTarget[]): StandbyTarget | undefined {
    const turn = this.#turn++ % Math.max(1, standbys.length);
    const inTurn = [...standbys.slice(turn), ...standbys.slice(0, turn)];
    let [best, least]: [StandbyTarget | undefined, number] = [undefined, Infinity];
    for (const standby of inTurn) {
      // With the new one: else an empty server of weight 1 would be as good as an empty one of weight 3.
      const load = (this.#sessions(standby.slot) + 1) / standby.weight;
      if (load < least) [best, least] = [standby, load];
    }
    return best;
  }

  /**
   * Those that are being dialled count: a burst of clients must not all go to a server that has not answered any of
   * them yet.
   */
  #sessions(slot: number): number {
    let sum = 0;
    for (const slab of this.#slabs) sum += slab[servedAt + slot]! + slab[dialledAt + slot]!;
    return sum;
  }
}
