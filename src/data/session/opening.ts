/** Collects the first packet. */
import { halfPacket, notUnderstood } from '../refusals.ts';
import { SessionState, type StatefulSession } from './state.ts';

export class Opening extends SessionState {
  constructor(session: StatefulSession) {
    super(session);
    this.after(session.host.settings.startupTimeoutMs, () => this.#timedOut());
  }

  override clientData(bytes: Uint8Array): void {
    const { opening } = this.keep(bytes);
    if (opening.kind === 'incomplete') return;
    if (opening.kind === 'garbage') this.session.refuse(notUnderstood(opening.why));
    else this.session.host.admit(this.session);
  }

  #timedOut(): void {
    const { session } = this;
    // A port check says nothing and expects nothing.
    if (session.pending!.first.length === 0) return session.end('startupTimeout');
    session.refuse(halfPacket(session.host.settings.startupTimeoutMs)).say();
  }
}
