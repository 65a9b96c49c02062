/** Waits until its cancel request has been passed on. */
import { peerOf } from '../../runtime/addresses.ts';
import type { Address } from '../../runtime/runtime.ts';
import { lingerMs, SessionState } from './state.ts';

/** PostgreSQL answers no cancel request but by closing; the client may leave before it does. */
export class Cancelling extends SessionState {
  get name(): 'cancelling' {
    return 'cancelling';
  }

  begin(servers: readonly Address[]): void {
    const { session } = this;
    const { host, pending, remote } = session;
    host.cancels.add(peerOf(remote), pending!.first.kept, servers, (outcome) => {
      if (session.state !== this) return;
      if (outcome === 'dropped') return session.end('limit');
      if (outcome === 'undelivered') return session.end('refused');
      session.endedBy ??= 'serverClosed';
      session.client.shutdown();
      this.after(lingerMs, () => session.end('serverClosed'));
    });
  }

  override clientEnd(): void {
    this.session.endedBy ??= 'clientClosed';
  }
}
