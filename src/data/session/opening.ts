/** Collects the first packet. */
import { halfPacket, notUnderstood, unsupportedProtocol } from '../refusals.ts';
import { SessionState, type StatefulSession } from './state.ts';

export class Opening extends SessionState {
  constructor(session: StatefulSession) {
    super(session);
    this.after(session.host.settings.startupTimeoutMs, () => this.#timedOut());
  }

  override clientData(bytes: Uint8Array): void {
    const { session } = this;
    const { opening } = this.keep(bytes);
    switch (opening.kind) {
      case 'incomplete':
        return;
      case 'unanswered':
        return session.hangUp('refused');
      case 'unsupported':
        return void session.refuse(unsupportedProtocol(opening.protocol));
      case 'garbage':
        return void session.refuse(notUnderstood(opening.why));
      default:
        session.host.admit(session);
    }
  }

  override clientEnd(): void {
    this.session.hangUp('clientClosed');
  }

  #timedOut(): void {
    const { session } = this;
    // A port check says nothing and expects nothing.
    if (session.pending!.first.length === 0) return session.hangUp('startupTimeout');
    session.refuse(halfPacket(session.host.settings.startupTimeoutMs)).say();
  }
}
