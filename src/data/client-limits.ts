/** Which clients may come, from when they are accepted: ALLOW and DENY. */
import type { DataSettings } from '../contract/messages.ts';
import { peerOf } from '../runtime/addresses.ts';
import { Access } from './access.ts';
import { notAllowed } from './refusals.ts';
import type { Session } from './session/session.ts';
import type { TurnedAways } from './turned-away.ts';

export class ClientLimits {
  readonly #turnedAway: TurnedAways;
  #access: Access;

  constructor(settings: DataSettings, turnedAway: TurnedAways) {
    this.#turnedAway = turnedAway;
    this.#access = new Access(settings);
  }

  /** For clients that come from now on. */
  reconfigure(settings: DataSettings): void {
    this.#access = new Access(settings);
  }

  /** One that may not come is told so once it has said how: until then it is one of those that give way. */
  accepted(session: Session): void {
    const { remote } = session.client;
    const verdict = this.#access.of(remote);
    if (verdict === 'allowed') return;
    this.#turnedAway.note('notAllowed', peerOf(remote));
    session.refuse(notAllowed(remote, verdict));
  }
}
