/** In which counters a session is: against MAX_SESSIONS, and with its server. It is in each at most once. */
import { at, type Counters, dialledAt, servedAt, total } from '../contract/counters.ts';
import { noEpoch } from './targets.ts';
import type { Session } from './session/session.ts';

export class SessionCounts {
  readonly #own: Counters;
  readonly #slabs: readonly Counters[];

  /** Counts in `own`, one of `slabs`, which are those of all workers: limits are those of the whole program. */
  constructor(own: Counters, slabs: readonly Counters[]) {
    this.#own = own;
    this.#slabs = slabs;
  }

  /** False if there are `most` sessions already. */
  admit(session: Session, most: number): boolean {
    if (session.admitted) return true;
    if (total(this.#slabs, 'admitted') >= most) return false;
    session.admitted = true;
    this.#own[at.admitted]! += 1;
    return true;
  }

  dialling(session: Session, slot: number): void {
    session.slot = slot;
    this.#move(session, dialledAt + slot);
  }

  opened(session: Session): void {
    this.#move(session, servedAt + session.slot);
    if (session.port === 'standby' && session.epoch !== noEpoch) this.#own[at.fallbacks]! += 1;
  }

  /** It has no server any more. */
  unassign(session: Session): void {
    this.#move(session, -1);
  }

  /** It is no session any more. */
  remove(session: Session): void {
    this.unassign(session);
    if (!session.admitted) return;
    session.admitted = false;
    this.#own[at.admitted]! -= 1;
  }

  #move(session: Session, counter: number): void {
    if (session.counter >= 0) this.#own[session.counter]! -= 1;
    if (counter >= 0) this.#own[counter]! += 1;
    session.counter = counter;
  }
}
