/**
 * Which clients may come, decided when they are accepted: ALLOW and DENY, and how many connections an address may have and how
 * fast it may connect. Those two are no limits to unix sockets and the loopback, where all clients have one address.
 */
import type { DataSettings } from '../contract/messages.ts';
import { hostOf, isLoopback, peerOf } from '../runtime/addresses.ts';
import { Access } from './access.ts';
import { addressKey, type AddressTable, type Taken } from './address-table.ts';
import { isFromBalancer } from './proxy-sources.ts';
import { addressFull, addressTooFast, notAllowed, type Refusal } from './refusals.ts';
import type { SessionList } from './session-list.ts';
import type { Session } from './session/session.ts';
import type { TurnedAways } from './turned-away.ts';

export class ClientLimits {
  readonly #turnedAway: TurnedAways;
  readonly #table: AddressTable;
  /** Where sessions are counted; nothing of it is kept without MAX_CONNECTIONS_PER_ADDRESS. */
  readonly #places = new Map<Session, number>();
  #settings: DataSettings;
  #access: Access;

  constructor(settings: DataSettings, table: AddressTable, turnedAway: TurnedAways) {
    this.#settings = settings;
    this.#table = table;
    this.#turnedAway = turnedAway;
    this.#access = new Access(settings);
  }

  /** For clients that come from now on; of `sessions`, which are there already, none is ended. */
  reconfigure(settings: DataSettings, sessions: SessionList<Session>): void {
    const wasCounting = this.#isCounting;
    this.#settings = settings;
    this.#access = new Access(settings);
    if (wasCounting && !this.#isCounting) this.#forget();
    if (!wasCounting && this.#isCounting) sessions.each((session) => this.#count(session));
  }

  get #isCounting(): boolean {
    return this.#settings.maxPerAddress !== undefined;
  }

  /** One that may not come is told so once it has said how: until then it is one of those that give way. */
  accepted(session: Session): void {
    if (!isFromBalancer(session.pending!.headerTerms)) this.#mayCome(session);
  }

  /**
   * Its first packet is there, and with it the PROXY header that names a client of a trusted load balancer: whether it may go
   * on. What the load balancer says for itself, as in a check, has no limits here.
   */
  identified(session: Session): boolean {
    return session.proxied === undefined || this.#mayCome(session);
  }

  #mayCome(session: Session): boolean {
    const { maxPerAddress: most, ratePerAddress: rate } = this.#settings;
    // An address is asked of the kernel, which most sessions need not do.
    if (this.#access.isOpen && most === undefined && rate === undefined) return true;
    const { remote } = session;
    const verdict = this.#access.of(remote);
    if (verdict !== 'allowed') {
      this.#turnedAway.note('notAllowed', peerOf(remote));
      session.refuse(notAllowed(remote, verdict));
      return false;
    }
    const taken = most === undefined && rate === undefined ? undefined : this.#take(session, { most, rate });
    // A cancel request is passed on all the same: whoever has too many sessions must be able to end what they do.
    if (typeof taken === 'string') session.pending!.tooMuch = taken;
    return true;
  }

  /** Why one that has said what it wants is refused; undefined: it is not. */
  refusalOf(session: Session): Refusal | undefined {
    const { tooMuch } = session.pending!;
    if (tooMuch === undefined) return undefined;
    const peer = peerOf(session.remote);
    this.#turnedAway.note(tooMuch, peer);
    return tooMuch === 'addressFull' ? addressFull(peer) : addressTooFast(peer);
  }

  ended(session: Session): void {
    const place = this.#places.get(session);
    if (place === undefined) return;
    this.#places.delete(session);
    this.#table.giveBack(place);
  }

  #count(session: Session): void {
    this.#take(session, { most: undefined, rate: undefined });
  }

  #take(session: Session, limits: Parameters<AddressTable['take']>[1]): Taken | undefined {
    const host = hostOf(session.remote);
    const key = host === '' || isLoopback(host) ? undefined : addressKey(host);
    if (key === undefined) return undefined;
    const taken = this.#table.take(key, limits);
    if (typeof taken === 'string') return taken;
    if (this.#isCounting) this.#places.set(session, taken);
    else this.#table.giveBack(taken);
    return taken;
  }

  #forget(): void {
    for (const place of this.#places.values()) this.#table.giveBack(place);
    this.#places.clear();
  }
}
