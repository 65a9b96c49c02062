/** The standby with the fewest sessions for its weight, counted over all workers. */
import { type Counters, dialledAt, servedAt } from '../contract/counters.ts';
import type { Balance, StandbyTarget } from './standbys.ts';

export class LeastSessions implements Balance {
  readonly #slabs: readonly Counters[];
  /** Of several with equal load each has its turn. */
  #turn = 0;

  /** Counts in the slabs of all workers. */
  constructor(slabs: readonly Counters[]) {
    this.#slabs = slabs;
  }

  choose(standbys: readonly StandbyTarget[]): StandbyTarget | undefined {
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
