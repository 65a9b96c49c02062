/**
 * How many connections each client address has, and how fast it connects: in memory that all workers share, so that a limit
 * is that of the program and not of a worker. Only a client that comes or leaves is counted here, never a byte.
 *
 * Its size is fixed, whoever comes: an address has a place near the one that a hash gives it, and where all of these are taken
 * the one that is ready first and has no connection is forgotten for it. Where each of them has a connection the newcomer is
 * not counted: MAX_SESSIONS is what limits an attack from so many addresses.
 *
 * The clock must be the same for all workers, to a fraction of a second, and is not that of the wall: that one is set forward
 * and back, and an address would get a whole burst again.
 */
import type { Rate } from '../contract/messages.ts';
import { addressWords } from '../runtime/networks.ts';

export interface AddressLimits {
  readonly most: number | undefined;
  readonly rate: Rate | undefined;
}

/** Whose a connection is, for counting: two numbers. */
export type AddressKey = readonly [number, number];

/** What an address has too much of; or the place where its connection is counted, to be given back. */
export type Taken = 'addressFull' | 'addressTooFast' | number;

/** The connection is not counted anywhere. */
export const uncountedPlace = -1;

/** More than there are sessions, unless MAX_SESSIONS was raised. A power of two. */
export const places = 16_384;

/** In so many places an address may be. */
const choices = 16;

/** Before the places: the lock, and what makes the hash another one in each process. */
const headerBytes = 8;

/** In a place: both numbers of the key, when the bucket is full again, and then the connections of each worker. */
const [readyAt, countsAt] = [2, 3];

/** An IPv4 address in place of the first half of an IPv6 network, which is below it. */
const ipv4 = 2 ** 32;

/** A holder of the lock takes a microsecond; one that a debugger has stopped, or the machine, must not stop the others. */
const [quickTries, mostTries] = [100, 200];

/** Of an IPv6 address its /64 network, because whoever has one address there has all of them; undefined: it is no address. */
export function addressKey(host: string): AddressKey | undefined {
  const words = addressWords(host);
  if (words === undefined) return undefined;
  return words.length === 1 ? [ipv4, words[0]!] : [words[0]!, words[1]!];
}

/** Memory for all of so many workers. */
export function newAddressMemory(workers: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(headerBytes + places * (countsAt + workers) * 8);
  // Whoever knows the hash could choose addresses that share a place.
  new Uint32Array(buffer)[1] = Math.floor(Math.random() * 2 ** 32);
  return buffer;
}

export class AddressTable {
  readonly #lock: Int32Array;
  readonly #seed: number;
  readonly #table: Float64Array;
  readonly #workers: number;
  readonly #worker: number | undefined;
  readonly #now: () => number;

  /** For one worker of `workers`, which has no connections yet: those of one before it are gone. Without one, to look only. */
  constructor(buffer: ArrayBufferLike, workers: number, worker: number | undefined, now: () => number) {
    this.#lock = new Int32Array(buffer, 0, 1);
    this.#seed = new Uint32Array(buffer)[1]!;
    this.#table = new Float64Array(buffer, headerBytes);
    this.#workers = workers;
    this.#worker = worker;
    this.#now = now;
    if (worker === undefined) return;
    this.#locked(() => {
      // What was never written to takes no memory yet.
      for (let place = 0; place < places; place++) {
        if (this.#table[this.#ownCount(place)] !== 0) this.#table[this.#ownCount(place)] = 0;
      }
    });
  }

  /** Counts a connection of `key`, unless it would be one too many. */
  take(key: AddressKey, { most, rate }: AddressLimits): Taken {
    return this.#locked(() => {
      const now = this.#now();
      const place = this.#placeOf(key, now);
      if (place === uncountedPlace) return place;
      if (most !== undefined && this.#connections(place) >= most) return 'addressFull';
      if (rate !== undefined && !this.#isInTime(place, rate, now)) return 'addressTooFast';
      this.#table[this.#ownCount(place)]! += 1;
      return place;
    });
  }

  /** What an address has, and how many times it may connect at once; undefined: it is not in the table. Counts nothing. */
  look(
    [high, low]: AddressKey,
    rate: Rate | undefined,
  ): { connections: number; connects: number } | undefined {
    const now = this.#now();
    return this.#locked(() => {
      const first = this.#hash(high, low);
      for (let choice = 0; choice < choices; choice++) {
        const place = (first + choice) & (places - 1);
        const start = this.#start(place);
        if (this.#table[start] !== high || this.#table[start + 1] !== low) continue;
        return { connections: this.#connections(place), connects: this.#tokens(start, rate, now) };
      }
      return undefined;
    });
  }

  #tokens(start: number, rate: Rate | undefined, now: number): number {
    if (rate === undefined) return 0;
    const everyMs = 1000 / rate.perSecond;
    const full = this.#table[start + readyAt]!;
    if (full <= now || full > now + rate.burst * everyMs) return rate.burst;
    return Math.floor((now + rate.burst * everyMs - full) / everyMs);
  }

  /** The connection that was counted there has ended. */
  giveBack(place: number): void {
    if (place === uncountedPlace) return;
    this.#locked(() => {
      this.#table[this.#ownCount(place)]! -= 1;
    });
  }

  /** Takes a token of the bucket, which is kept as the time when it will be full (GCRA of ATM's I.371). */
  #isInTime(place: number, { perSecond, burst }: Rate, now: number): boolean {
    const index = this.#start(place) + readyAt;
    const everyMs = 1000 / perSecond;
    const before = this.#table[index]!;
    // No bucket takes longer: the clock was set back, or the limit was raised.
    const full = before > now + burst * everyMs ? now : Math.max(before, now);
    if (full + everyMs > now + burst * everyMs) return false;
    this.#table[index] = full + everyMs;
    return true;
  }

  #placeOf([high, low]: AddressKey, now: number): number {
    const first = this.#hash(high, low);
    let free = uncountedPlace;
    let freeAt = Infinity;
    for (let choice = 0; choice < choices; choice++) {
      const place = (first + choice) & (places - 1);
      const start = this.#start(place);
      if (this.#table[start] === high && this.#table[start + 1] === low) return place;
      const ready = Math.max(this.#table[start + readyAt]!, now);
      if (ready >= freeAt || this.#connections(place) > 0) continue;
      [free, freeAt] = [place, ready];
    }
    if (free === uncountedPlace) return free;
    this.#table.set([high, low, 0], this.#start(free));
    return free;
  }

  #connections(place: number): number {
    const from = this.#start(place) + countsAt;
    let sum = 0;
    for (let at = from; at < from + this.#workers; at++) sum += this.#table[at]!;
    return sum;
  }

  #start(place: number): number {
    return place * (countsAt + this.#workers);
  }

  #ownCount(place: number): number {
    return this.#start(place) + countsAt + this.#worker!;
  }

  /** The finalizer of MurmurHash3, over both numbers. */
  #hash(high: number, low: number): number {
    let hash = this.#seed;
    for (const word of [high % ipv4 + (high >= ipv4 ? 1 : 0), low]) {
      hash = Math.imul(hash ^ word, 0x85ebca6b);
      hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
      hash ^= hash >>> 16;
    }
    return hash >>> 0;
  }

  #locked<T>(fn: () => T): T {
    for (let tries = 0; tries < mostTries; tries++) {
      if (Atomics.compareExchange(this.#lock, 0, 0, 1) === 0) break;
      if (tries >= quickTries) Atomics.wait(this.#lock, 0, 1, 1);
    }
    try {
      return fn();
    } finally {
      Atomics.store(this.#lock, 0, 0);
    }
  }
}
