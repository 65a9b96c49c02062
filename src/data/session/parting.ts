/** Closes in an orderly way, after a last word or without one: a reset would be an error to the client. */
import { at } from '../../contract/counters.ts';
import type { LoginNames } from '../../protocol/login-names.ts';
import { Pump } from '../pump.ts';
import { ServedState, type StatefulSession, uncounted } from './state.ts';

/** How long a client may take to close that has nothing to read. */
const hangUpMs = 1_000;

export class Parting extends ServedState {
  readonly #since: number;
  readonly #login: LoginNames | undefined;

  constructor(session: StatefulSession) {
    super(session);
    this.#since = session.state.since;
    this.#login = session.state.login;
  }

  get name(): 'parting' {
    return 'parting';
  }

  override get since(): number {
    return this.#since;
  }

  override get login(): LoginNames | undefined {
    return this.#login;
  }

  say(...messages: readonly Uint8Array[]): void {
    const { client } = this.session;
    this.down = new Pump(client, client, uncounted, at.downstreamBytes);
    // What it still sends is dropped; paused, its FIN would not be seen.
    client.resume();
    for (const bytes of messages) this.down.push(bytes);
    this.shutdownClient();
  }

  hangUp(): void {
    const { session } = this;
    session.client.resume();
    session.client.shutdown();
    this.after(hangUpMs, () => session.end('serverClosed'));
  }

  /** Both have said their FIN, or ours follows the last word; a reset now could overtake it. */
  override clientEnd(): void {
    this.session.endedBy ??= 'clientClosed';
  }
}
