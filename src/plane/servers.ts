/** Which server has how many open sessions. The data half knows servers as slots of its counters, and names none. */
import type { Address } from '../runtime/runtime.ts';
import { type Counters, servedAt, serverSlots } from './counters.ts';

export interface ServerSessions {
  readonly server: Address;
  readonly sessions: number;
}

export class Servers {
  readonly #slabs: readonly Counters[];
  readonly #servers: (Address | undefined)[] = Array(serverSlots).fill(undefined);
  #latest = -1;

  /** Reads the slabs of all workers. */
  constructor(slabs: readonly Counters[]) {
    this.#slabs = slabs;
  }

  /**
   * The slot of `server`: its own, or else the one with the fewest sessions, which are none: the fence ends those of
   * earlier servers. A session remembers its slot, so the sums are right in any case.
   */
  slotOf(server: Address): number {
    const own = this.#servers.findIndex((known) => known !== undefined && text(known) === text(server));
    const counts = this.#servers.map((_, slot) => slot === this.#latest ? Infinity : this.#count(slot));
    this.#latest = own >= 0 ? own : counts.indexOf(Math.min(...counts));
    this.#servers[this.#latest] = server;
    return this.#latest;
  }

  /** The latest server first, then the others that still have sessions. */
  get sessions(): readonly ServerSessions[] {
    const all = this.#servers.map((server, slot) => ({ server, slot, sessions: this.#count(slot) }));
    const isLatest = ({ slot }: { slot: number }): boolean => slot === this.#latest;
    return [...all.filter(isLatest), ...all.filter((of) => !isLatest(of) && of.sessions > 0)]
      .flatMap(({ server, sessions }) => server === undefined ? [] : [{ server, sessions }]);
  }

  #count(slot: number): number {
    return this.#slabs.reduce((sum, slab) => sum + (slab[servedAt + slot] ?? 0), 0);
  }
}

function text(address: Address): string {
  return 'path' in address ? address.path : `${address.host} ${address.port}`;
}
