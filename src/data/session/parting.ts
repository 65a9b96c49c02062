/** Tells a client in the middle of its login why it loses its server, and closes. */
import { at, newCounters } from '../../contract/counters.ts';
import { Pump } from '../pump.ts';
import { ServedState } from './state.ts';

/** For what is no traffic between a client and a server. */
const uncounted = newCounters();

export class Parting extends ServedState {
  say(...messages: readonly Uint8Array[]): void {
    const { client } = this.session;
    this.down = new Pump(client, client, uncounted, at.downstreamBytes);
    for (const bytes of messages) this.down.push(bytes);
    this.shutdownClient();
  }
}
