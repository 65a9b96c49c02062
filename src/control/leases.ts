/**
 * Until when the last answer of each server counts, in memory that the data planes read whenever they send a client
 * to a server. A message would not do: a control plane that hangs cannot send one.
 */
import type { Address } from '../runtime/runtime.ts';
import { type Counters, leasedAt } from '../contract/counters.ts';
import type { ServerSlots } from './server-slots.ts';

/** A server whose last answer counts until `until`, in milliseconds of the control plane's clock. */
export interface Lease {
  readonly server: Address;
  readonly until: number;
}

export class Leases {
  readonly #slabs: readonly Counters[];
  readonly #servers: ServerSlots;
  /** By slab. Each thread's clock began at another moment. */
  readonly #ahead: number[];
  #leases: readonly Lease[] = [];

  /** Writes into the slabs of all workers. */
  constructor(slabs: readonly Counters[], servers: ServerSlots) {
    this.#slabs = slabs;
    this.#servers = servers;
    this.#ahead = slabs.map(() => Infinity);
  }

  /**
   * All leases of now. Of several for one server the longest counts: one of its names may have moved to another
   * server.
   */
  take(leases: readonly Lease[]): void {
    this.#leases = leases.toSorted((a, b) => a.until - b.until);
    this.write();
  }

  /**
   * By how much the control plane's clock is ahead of that of data plane number `index`. Better too much than too little:
   * then leases end too early. Until this is known, they have ended.
   */
  align(index: number, aheadMs: number): void {
    this.#ahead[index] = aheadMs;
    this.write();
  }

  /** Data plane number `index` has been replaced; the clock of the new one is not known yet. */
  forget(index: number): void {
    this.align(index, Infinity);
  }

  /** Writes them again, for servers that have got a slot since. */
  write(): void {
    for (const { server, until } of this.#leases) {
      const slot = this.#servers.slotOf(server);
      if (slot < 0) continue;
      for (const [index, slab] of this.#slabs.entries()) slab[leasedAt + slot] = until - this.#ahead[index]!;
    }
  }
}
