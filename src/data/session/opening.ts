/** Collects the first packet. */
import type { Opening as Reading } from '../../protocol/opening.ts';
import { halfPacket, type LastWords, notUnderstood, unsupportedProtocol } from '../refusals.ts';
import { SessionState, type StatefulSession } from './state.ts';

export class Opening extends SessionState {
  constructor(session: StatefulSession) {
    super(session);
    this.after(session.host.settings.startupTimeoutMs, () => this.#timedOut());
  }

  get name(): 'opening' {
    return 'opening';
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
        return this.#notUnderstood(opening);
      default:
        session.host.admit(session);
    }
  }

  override clientEnd(): void {
    this.session.hangUp('clientClosed');
  }

  /** Once it has said how it wants to be told. */
  override gatewayEnds({ waiting }: LastWords): void {
    this.session.host.shutOut(this.session, waiting);
  }

  #notUnderstood(reading: Extract<Reading, { kind: 'garbage' }>): void {
    const { session } = this;
    const refusal = notUnderstood(reading);
    session.host.notUnderstood(session, reading.protocol, refusal);
    // Then the client itself reads why, in its own way.
    if (reading.headerBytes !== undefined) session.pending!.first.skip(reading.headerBytes);
    session.refuse(refusal);
  }

  #timedOut(): void {
    const { session } = this;
    // A port check says nothing and expects nothing; half a ClientHello is closed by PostgreSQL, too.
    const { first } = session.pending!;
    if (first.length === 0 || first.isTls) return session.hangUp('startupTimeout');
    session.refuse(halfPacket(session.host.settings.startupTimeoutMs)).say();
  }
}
