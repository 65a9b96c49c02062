/** Clients that have no session, or none any more: those that give way when all places are taken. */
import { peerOf } from '../runtime/addresses.ts';
import type { Session } from './session/session.ts';
import type { TurnedAways } from './turned-away.ts';

export class Sessionless {
  /** In the order in which that began. */
  readonly #sessions = new Set<Session>();
  readonly #turnedAway: TurnedAways;

  constructor(turnedAway: TurnedAways) {
    this.#turnedAway = turnedAway;
  }

  add(session: Session): void {
    this.#sessions.add(session);
  }

  delete(session: Session): void {
    this.#sessions.delete(session);
  }

  /**
   * Makes room: the client goes that has had no session for longest, which may be the one that has just come. One that
   * means to log in says so at once; silent ones, and those that read their refusal, could else keep all others out.
   */
  displace(): void {
    const [oldest] = this.#sessions;
    this.#turnedAway.note('clients', peerOf(oldest!.remote));
    oldest!.end('limit');
  }
}
