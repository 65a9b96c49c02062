/** Which server has how many open sessions. The data plane counts them by slot; the slots are assigned here. */
import { isSameAddress } from '../runtime/addresses.ts';
import type { Address } from '../runtime/runtime.ts';
import { type Counters, dialledAt, servedAt, serverSlots } from '../contract/counters.ts';
import type { Route } from '../contract/messages.ts';

export interface ServerSessions {
  readonly server: Address;
  readonly sessions: number;
}

/** See the command `route`. */
export interface Slots {
  readonly slot: number;
  readonly standbySlots: readonly number[];
}

export class ServerSlots {
  readonly #slabs: readonly Counters[];
  readonly #servers: (Address | undefined)[] = Array(serverSlots).fill(undefined);
  /** Of the latest route; those of others may be assigned anew once they have no session. */
  #present: Slots = { slot: -1, standbySlots: [] };

  /** Reads the slabs of all workers. */
  constructor(slabs: readonly Counters[]) {
    this.#slabs = slabs;
  }

  /** The slots of the servers of `route`; while it has no primary the last one keeps its slot. */
  slotsOf({ primary, standbys }: Route): Slots {
    const slot = primary === undefined ? this.#present.slot : this.#assign(primary);
    // One after the other: a slot must count as taken before the next one is assigned.
    this.#present = { slot, standbySlots: [] };
    for (const { address } of standbys) {
      const standbySlots = [...this.#present.standbySlots, this.#assign(address)];
      this.#present = { slot, standbySlots };
    }
    return this.slots;
  }

  get slots(): Slots {
    return { slot: Math.max(0, this.#present.slot), standbySlots: this.#present.standbySlots };
  }

  /** The slot that `server` has; -1: none. */
  slotOf(server: Address): number {
    return this.#servers.findIndex((known) => isSameAddress(known, server));
  }

  /** How many sessions `server` has now. */
  sessionsOn(server: Address): number {
    const slot = this.slotOf(server);
    return slot < 0 ? 0 : this.#count(slot, servedAt);
  }

  /** The servers of the latest route first, then the others that still have sessions. */
  get sessions(): readonly ServerSessions[] {
    const { slot, standbySlots } = this.#present;
    const present = new Set([slot, ...standbySlots]);
    const others = this.#servers.map((_, slot) => slot)
      .filter((slot) => !present.has(slot) && this.#count(slot, servedAt) > 0);
    return [...present, ...others].flatMap((slot) => {
      const server = this.#servers[slot];
      return server === undefined ? [] : [{ server, sessions: this.#count(slot, servedAt) }];
    });
  }

  /**
   * The server's own slot, or else one that no server had yet, or else the one with the fewest sessions: there are more
   * slots than candidates, so it has none. A session remembers its slot, so the sums are right in any case.
   */
  #assign(server: Address): number {
    const own = this.slotOf(server);
    const slot = own >= 0 ? own : this.#freeSlot();
    this.#servers[slot] = server;
    return slot;
  }

  #freeSlot(): number {
    const fresh = this.#servers.indexOf(undefined);
    if (fresh >= 0) return fresh;
    const present = new Set([this.#present.slot, ...this.#present.standbySlots]);
    const counts = this.#servers.map((_, slot) =>
      present.has(slot) ? Infinity : this.#count(slot, servedAt) + this.#count(slot, dialledAt)
    );
    return counts.indexOf(Math.min(...counts));
  }

  #count(slot: number, from: number): number {
    return this.#slabs.reduce((sum, slab) => sum + (slab[from + slot] ?? 0), 0);
  }
}
