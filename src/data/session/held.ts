/** Waits for a server. */
import type { LastWords } from '../refusals.ts';
import { SessionState, type StatefulSession } from './state.ts';

export class Held extends SessionState {
  constructor(session: StatefulSession, ms: number) {
    super(session);
    this.after(ms, () => session.host.holdTimedOut(session));
  }

  get name(): 'held' {
    return 'held';
  }

  override clientData(bytes: Uint8Array): void {
    this.keep(bytes);
  }

  /** One that has given up waiting says FIN, too, and would only take a place. */
  override clientEnd(): void {
    const pending = this.session.pending!;
    if (!pending.first.isAsking) return super.clientEnd();
    pending.hasEnded = true;
  }

  override gatewayEnds({ waiting }: LastWords): void {
    this.session.host.shutOut(this.session, waiting);
  }
}
