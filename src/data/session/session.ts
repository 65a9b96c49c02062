/**
 * One client and, once it is dialled, its server. What has to be known in every state stands in the session; what one
 * state needs stands in that state, an object that the events of both sockets go to.
 *
 *     Opening -> Held <-> Dialling -> Open -> Closed
 *        |  \______\_________\__> Refusing -> Closed
 *        \-> Cancelling -> Closed        (and all but Held -> Parting -> Closed, which ends with a FIN)
 *
 * `Opening` collects the first packet, and a PROXY header before it, `Held` waits for a server, `Dialling` waits for the server's first byte, `Open`
 * pumps, `Refusing` says why not. Up to the server's first byte nothing has happened for the client that could not be done
 * again with another server, so its bytes are kept until then. A session owns both of its connections and ends both.
 */
import type { CloseReason } from '../../contract/counters.ts';
import type { Port } from '../../contract/messages.ts';
import type { Address, Conn } from '../../runtime/runtime.ts';
import type { ServerSide } from '../prewarm.ts';
import type { Refusal } from '../refusals.ts';
import type { ClientSide, SessionHost } from '../session-host.ts';
import type { ListMember } from '../session-list.ts';
import type { HeaderTerms } from '../proxy-sources.ts';
import { noEpoch } from '../targets.ts';
import { Cancelling } from './cancelling.ts';
import { Closed } from './closed.ts';
import { Dialling } from './dialling.ts';
import { Held } from './held.ts';
import { Opening } from './opening.ts';
import { Parting } from './parting.ts';
import { Refusing } from './refusing.ts';
import { PendingClient, type SessionState, type StatefulSession } from './state.ts';

/** What PROXY headers have said of clients: beside their sessions, because few have one and each field counts. */
const proxied = new WeakMap<Session, string>();

/** Thousands of these idle: each field counts, and a fourteenth would take Bun 48 bytes. */
export class Session implements ListMember, StatefulSession {
  /** The list's. */
  listIndex = -1;
  /** Counts against MAX_SESSIONS. */
  admitted = false;
  /** The epoch under which the server was dialled; see `noEpoch`. */
  epoch = 0;
  serverAddress: Address | undefined;
  /** The slot of its server, as the route gave it; -1: it had none. */
  slot = -1;
  /** The counter of its server in which it is; -1: none. */
  counter = -1;
  readonly client: Conn<ClientSide>;
  readonly port: Port;
  readonly host: SessionHost<Session>;
  /** Undefined once its server has answered: there is no way back to another one. */
  pending: PendingClient | undefined;
  endedBy: CloseReason | undefined;
  state: SessionState;

  constructor(client: Conn<ClientSide>, port: Port, host: SessionHost<Session>, terms: HeaderTerms) {
    this.client = client;
    this.port = port;
    this.host = host;
    this.pending = new PendingClient(host.runtime.now(), terms);
    this.state = client.data = new Opening(this);
  }

  /**
   * Where its client is, `host:port`, for everybody who asks: as a trusted load balancer has said, or else the other end
   * of its socket, while that is open; empty for a unix socket.
   */
  get remote(): string {
    return this.proxied ?? this.client.remote;
  }

  /** The same by a PROXY header alone, also when its socket is closed; undefined: there was none, or it named nobody. */
  get proxied(): string | undefined {
    return proxied.get(this);
  }

  set proxied(remote: string) {
    proxied.set(this, remote);
  }

  get isCancel(): boolean {
    return this.pending?.first.opening.kind === 'cancel';
  }

  enter<S extends SessionState>(state: S): S {
    this.state.leave();
    this.state = this.client.data = state;
    return state;
  }

  /** Waits for a server, at the longest for `ms`. */
  hold(ms: number): void {
    this.enter(new Held(this, ms));
  }

  /** Connects to `address`, or takes the connection `ready` to it, and pumps. The client notices no failure. */
  dial(address: Address, epoch: number, ready?: Conn<ServerSide>): void {
    this.epoch = epoch;
    this.serverAddress = address;
    this.enter(new Dialling(this)).begin(address, ready);
  }

  /** Passes its cancel request on to each of `servers`. */
  cancelAt(servers: readonly Address[]): void {
    this.epoch = noEpoch;
    this.enter(new Cancelling(this)).begin(servers);
  }

  /** Says why not, in a way that the client can read. */
  refuse(refusal: Refusal): Refusing {
    this.endedBy ??= refusal.reason;
    const refusing = this.enter(new Refusing(this, refusal));
    refusing.begin();
    return refusing;
  }

  /** Closes without a word. */
  hangUp(reason: CloseReason): void {
    this.endedBy ??= reason;
    this.enter(new Parting(this)).hangUp();
  }

  landedOnStandby(last: Uint8Array): void {
    this.state.landedOnStandby(last);
  }

  /** An exception of our own code has hit it: both sides end at once, and no other session. Does not throw. */
  broke(where: string, error: unknown): void {
    const { host, client } = this;
    host.faulted(where, error);
    try {
      this.end('fault');
    } catch (again) {
      host.faulted('end', again);
      this.state = client.data = new Closed(this);
      client.abort();
    }
  }

  /** Ends both sides at once. What was not sent is dropped. */
  end(reason: CloseReason): void {
    if (this.state instanceof Closed) return;
    this.endedBy ??= reason;
    this.host.ended(this);
    this.enter(new Closed(this));
    this.client.abort();
  }
}
