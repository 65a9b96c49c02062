/**
 * Places for refusals under TLS: who stops in the middle of a handshake keeps nobody else out. One address has no more
 * than its share, and where there is no room the oldest of the address that has most makes some.
 */

/** One address may have so much of all. */
const share = 0.75;

/** A handshake may take so long before it makes room for another one. */
const graceMs = 1_000;

export interface Place {
  readonly address: string;
  readonly since: number;
  /** Called if it must make room. */
  readonly end: () => void;
}

export class Places {
  readonly #most: number;
  readonly #mostOfOne: number;
  readonly #now: () => number;
  readonly #byAddress = new Map<string, Set<Place>>();
  #taken = 0;

  constructor(most: number, now: () => number) {
    this.#most = most;
    this.#mostOfOne = Math.ceil(most * share);
    this.#now = now;
  }

  /** Whoever gets one gives it back with `leave`; undefined: there is no room, and nobody is so old as to make some. */
  take(address: string, end: () => void): Place | undefined {
    if (!this.#hasRoomFor(address)) return undefined;
    const place = { address, since: this.#now(), end };
    const own = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, own.add(place));
    this.#taken += 1;
    return place;
  }

  /** May be called again. */
  leave(place: Place): void {
    const own = this.#byAddress.get(place.address);
    if (!own?.delete(place)) return;
    this.#taken -= 1;
    if (own.size === 0) this.#byAddress.delete(place.address);
  }

  #hasRoomFor(address: string): boolean {
    const own = this.#byAddress.get(address);
    if (own !== undefined && own.size >= this.#mostOfOne) return this.#endOldest(own);
    return this.#taken < this.#most || this.#endOldest(this.#busiest());
  }

  #busiest(): Set<Place> {
    return [...this.#byAddress.values()].reduce((a, b) => b.size > a.size ? b : a);
  }

  #endOldest([oldest]: Set<Place>): boolean {
    if (oldest === undefined || this.#now() - oldest.since < graceMs) return false;
    this.leave(oldest);
    oldest.end();
    return true;
  }
}
