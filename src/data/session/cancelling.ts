/** Waits until its cancel request has been passed on. */
import type { Address } from '../../runtime/runtime.ts';
import { passCancel } from '../cancel.ts';
import { lingerMs, SessionState } from './state.ts';

/** PostgreSQL answers no cancel request but by closing; the client may leave before it does. */
export class Cancelling extends SessionState {
  begin(servers: readonly Address[]): void {
    const { session } = this;
    passCancel(session.host, session.pending!.first.kept, servers, (isDelivered) => {
      if (session.state !== this) return;
      if (!isDelivered) return session.end('refused');
      session.endedBy ??= 'serverClosed';
      session.client.shutdown();
      this.after(lingerMs, () => session.end('serverClosed'));
    });
  }

  override clientEnd(): void {
    this.session.endedBy ??= 'clientClosed';
  }
}
