/** The standbys in the rotation, and which of them may have a new session now. */
import { type Counters, leasedAt } from '../contract/counters.ts';
import type { Address, Conn } from '../runtime/runtime.ts';

/** A standby in the rotation. */
export interface StandbyTarget {
  readonly address: Address;
  /** Above 0. */
  readonly weight: number;
  readonly slot: number;
}

/** A client, by its address: a session. It is asked for it only where that decides: the native engine calls the kernel for it. */
export type Client = Pick<Conn<unknown>, 'remote'>;

/** Which of several standbys a new session gets (REPLICA_BALANCE); undefined only if there is none. */
export interface Balance {
  choose(standbys: readonly StandbyTarget[], client: Client): StandbyTarget | undefined;
}

/** How long a standby that could not be dialled rests; by then a probe has found out what is wrong with it. */
const restMs = 1_000;

const none: ReadonlySet<number> = new Set();

export class Standbys {
  balance: Balance;
  readonly #own: Counters;
  #standbys: readonly StandbyTarget[] = [];
  /** By slot: until when it rests. */
  readonly #restUntil = new Map<number, number>();

  /** Leases are in `own`. */
  constructor(balance: Balance, own: Counters) {
    this.balance = balance;
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
  best(client: Client, now: number, except: ReadonlySet<number> = none): StandbyTarget | undefined {
    const awake = this.#leased(now).filter(({ slot }) =>
      (this.#restUntil.get(slot) ?? -Infinity) <= now && !except.has(slot)
    );
    return this.balance.choose(awake, client);
  }

  /** The best of all. */
  any(client: Client, now: number): StandbyTarget | undefined {
    return this.balance.choose(this.#leased(now), client);
  }

  #leased(now: number): readonly StandbyTarget[] {
    return this.#standbys.filter(({ slot }) => this.#own[leasedAt + slot]! >= now);
  }
}
