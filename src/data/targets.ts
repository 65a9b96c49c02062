/** Where the sessions of each port are sent by the latest route, and where their cancel requests are sent. */
import { type Counters, leasedAt, servedAt } from '../contract/counters.ts';
import type { Command, DataSettings, Port } from '../contract/messages.ts';
import { isSameAddress } from '../runtime/addresses.ts';
import type { Address, Runtime } from '../runtime/runtime.ts';
import type { DialFailure } from './refusals.ts';
import { LeastSessions } from './least-sessions.ts';
import { sourceHash } from './source-hash.ts';
import { type Balance, type Client, Standbys } from './standbys.ts';

export interface Target {
  readonly address: Address;
  /** The epoch of the primary; `noEpoch` for a standby. */
  readonly epoch: number;
  readonly slot: number;
}

/** Of sessions on a standby: no fence is newer, so no change of the primary ends them. */
export const noEpoch = Infinity;

export class Targets {
  readonly #runtime: Pick<Runtime, 'now'>;
  readonly #slabs: readonly Counters[];
  readonly #own: Counters;
  #fallback: boolean;
  readonly #standbys: Standbys;
  #primary: Target | undefined;
  /** Cancel requests go here while there is no primary: the sessions that they mean are still there. */
  #lastPrimary: Address | undefined;
  /** By slot: every server that there was. */
  readonly #known = new Map<number, Address>();
  /** The slots of all standbys of the route, in the rotation or not. */
  #standbySlots: readonly number[] = [];

  /** Counts in the slabs of all workers; leases are in `own`. */
  constructor(
    runtime: Pick<Runtime, 'now'>,
    slabs: readonly Counters[],
    own: Counters,
    { fallback, balance }: Pick<DataSettings, 'fallback' | 'balance'>,
  ) {
    this.#runtime = runtime;
    this.#slabs = slabs;
    this.#own = own;
    this.#fallback = fallback;
    this.#standbys = new Standbys(this.#balanceOf(balance), own);
  }

  /** From now on; where sessions are stays as it is. */
  reconfigure({ fallback, balance }: Pick<DataSettings, 'fallback' | 'balance'>): void {
    this.#fallback = fallback;
    this.#standbys.balance = this.#balanceOf(balance);
  }

  #balanceOf(balance: DataSettings['balance']): Balance {
    return balance === 'source' ? sourceHash : new LeastSessions(this.#slabs);
  }

  take({ route, slot, standbySlots }: Extract<Command, { kind: 'route' }>): void {
    const { primary, epoch, standbys } = route;
    this.#primary = primary && { address: primary, epoch, slot };
    this.#lastPrimary = primary ?? this.#lastPrimary;
    if (primary !== undefined) this.#known.set(slot, primary);
    const targets = standbys.map((standby, index) => ({ ...standby, slot: standbySlots[index]! }));
    for (const { slot, address } of targets) this.#known.set(slot, address);
    this.#standbySlots = standbySlots;
    this.#standbys.take(targets.filter(({ weight }) => weight > 0));
  }

  /** Where a session of `client` on `port` is sent now; undefined: it has to wait. */
  of(port: Port, client: Client): Target | undefined {
    const now = this.#runtime.now();
    if (port === 'primary') return this.#leasedPrimary(now);
    const best = this.#standbys.best(client, now);
    const fallback = this.#fallback ? this.#leasedPrimary(now) : undefined;
    // A standby that has just failed is better than no server.
    return best ? onStandby(best) : fallback ?? onStandby(this.#standbys.any(client, now));
  }

  /** Whether the route has a server for sessions of `port`, be it one whose last answer counts no more. */
  has(port: Port): boolean {
    if (this.#primary !== undefined && (port === 'primary' || this.#fallback)) return true;
    return port === 'standby' && !this.#standbys.isEmpty;
  }

  /**
   * Where a session is sent whose server could not be dialled; undefined: there is no other one for it now. `tried` are
   * the standbys that it has met. For what may be its own doing no standby rests, or one client could send all others
   * away from it.
   */
  insteadOf(
    port: Port,
    session: Client & { readonly epoch: number; readonly slot: number },
    { behaviour }: DialFailure,
    tried: Set<number>,
  ): Target | undefined {
    if (port === 'primary') return undefined;
    const now = this.#runtime.now();
    const { epoch, slot } = session;
    const wasStandby = epoch === noEpoch;
    if (wasStandby) tried.add(slot);
    if (wasStandby && behaviour === undefined) this.#standbys.rest(slot, now);
    const fallback = this.#fallback && wasStandby ? this.#leasedPrimary(now) : undefined;
    return onStandby(this.#standbys.best(session, now, tried)) ?? fallback;
  }

  /** Until when the last answer of the server with that slot counts. */
  leaseOf(slot: number): number {
    return this.#own[leasedAt + slot]!;
  }

  /** Whether a session that is being dialled may still have the server that it was sent to. */
  stands({ epoch, slot }: { epoch: number; slot: number }): boolean {
    return epoch === noEpoch ? this.#standbys.has(slot) : epoch === this.#primary?.epoch;
  }

  /** Whether that is the server of the present primary. */
  isPrimary(slot: number): boolean {
    return this.#primary?.slot === slot;
  }

  /**
   * Where the session may be that a cancel request of `port` means. On the standby port that is anywhere, also when
   * the session is another gateway's; PostgreSQL ignores a key that it does not know.
   */
  ofCancel(port: Port): readonly Address[] {
    const primary = this.#primary?.address ?? this.#lastPrimary;
    if (port === 'primary') return primary ? [primary] : [];
    const slots = [...this.#known.keys()].filter((slot) => this.#hasSessions(slot));
    const standbys = [...new Set([...this.#standbySlots, ...slots])].map((slot) => this.#known.get(slot)!);
    const others = standbys.filter((address) => !isSameAddress(address, primary));
    return primary ? [...others, primary] : others;
  }

  #leasedPrimary(now: number): Target | undefined {
    return this.#primary && this.#own[leasedAt + this.#primary.slot]! >= now ? this.#primary : undefined;
  }

  #hasSessions(slot: number): boolean {
    return this.#slabs.some((slab) => slab[servedAt + slot]! > 0);
  }
}

function onStandby(standby: { address: Address; slot: number } | undefined): Target | undefined {
  return standby && { address: standby.address, epoch: noEpoch, slot: standby.slot };
}
