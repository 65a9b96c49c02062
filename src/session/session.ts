/**
 * One client and, once it is dialled, its server.
 *
 *     opening -> held <-> dialling -> open -> closed
 *        \________\____________\__> refusing -> closed
 *
 * `opening` collects the first packet, `held` waits for a primary, `dialling` waits for the server, `open` pumps,
 * `refusing` says why not. A session owns both of its connections and ends both.
 */
import { at, type CloseReason, type Counters, newCounters } from '../plane/counters.ts';
import type { DataSettings } from '../plane/messages.ts';
import type {
  Address,
  Conn,
  ConnectOptions,
  Handlers,
  NetError,
  Runtime,
  Timer,
} from '../runtime/runtime.ts';
import { errorResponse, type Refusal, refuserPreamble } from './error-response.ts';
import { FirstBytes } from './first-bytes.ts';
import { Pump } from './pump.ts';
import { halfPacket, notUnderstood } from './refusal.ts';
import { requestBytes } from './startup.ts';

export type Phase = 'opening' | 'held' | 'dialling' | 'open' | 'refusing' | 'closed';

/** What a session needs of the table that it is in. */
export interface SessionHost {
  readonly runtime: Runtime;
  readonly settings: DataSettings;
  readonly counters: Counters;
  readonly connectOptions: ConnectOptions;
  readonly serverHandlers: Handlers<Session>;
  /** The first packet is there and makes sense: dial, hold or refuse. */
  admit(session: Session): void;
  dialFailed(session: Session, error: NetError): void;
  holdTimedOut(session: Session): void;
  /** The server behaved as if it were not the primary any more. */
  suspect(why: string): void;
  /** It needs nothing any more; its client's socket may still be closing. */
  ended(session: Session): void;
  /** Its client's socket is closed: the last word of a session. */
  left(session: Session, reason: CloseReason): void;
}

/** How long a client may take to close when its server has. */
const lingerMs = 30_000;

/** Where a refusal's bytes are counted: they are no traffic between a client and a server. */
const uncounted = newCounters();

/** The one-byte answers to SSLRequest and GSSENCRequest. */
const yes = Uint8Array.of('S'.charCodeAt(0));
const no = Uint8Array.of('N'.charCodeAt(0));

export class Session {
  phase: Phase = 'opening';
  /** Counts against MAX_SESSIONS; its table's. */
  admitted = false;
  /** The epoch under which the server was dialled; meaningful while there is a server. */
  epoch = 0;
  serverAddress: Address | undefined;
  /** Why the last attempt to dial failed, while that is what the client waits for. */
  dialFailure: NetError | undefined;
  /** Until when it may be held, set when it is first held. */
  holdUntil: number | undefined;

  readonly client: Conn<Session>;
  private readonly host: SessionHost;
  private server: Conn<Session> | undefined;
  private readonly first = new FirstBytes();
  private up: Pump | undefined;
  private down: Pump | undefined;
  private refusal: Refusal | undefined;
  /** Whatever else the client sends is dropped. */
  private refusalSaid = false;
  private endedBy: CloseReason | undefined;
  private timer: Timer | undefined;

  constructor(client: Conn<Session>, host: SessionHost) {
    this.client = client;
    this.host = host;
    this.setTimer(host.settings.startupTimeoutMs, () => this.startupTimedOut());
  }

  get isCancel(): boolean {
    return this.first.opening.kind === 'cancel';
  }

  // The client's events

  clientData(bytes: Uint8Array): void {
    if (this.up !== undefined) this.up.push(bytes);
    else this.collect(bytes);
  }

  clientDrain(): void {
    this.down?.drain();
  }

  clientEnd(): void {
    this.endedBy ??= 'clientClosed';
    // The refusal and our FIN are on their way; a reset now could overtake them.
    if (this.refusalSaid) return;
    // Nobody who speaks the protocol half-closes before the server has answered: it has left.
    if (this.up === undefined) this.end(this.endedBy);
    else this.up.end();
  }

  clientClosed(error: NetError | undefined): void {
    if (error !== undefined) this.endedBy ??= 'clientReset';
    this.end('clientClosed');
    this.host.left(this, this.endedBy ?? 'clientClosed');
  }

  // The server's events

  serverOpen(server: Conn<Session>): void {
    if (server !== this.server) return;
    const refusing = this.phase === 'refusing';
    if (refusing && this.first.opening.kind === 'ssl') this.client.write(yes);
    if (!refusing) this.phase = 'open';
    const counters = refusing ? uncounted : this.host.counters;
    this.up = new Pump(this.client, server, counters, at.upstreamBytes);
    this.down = new Pump(server, this.client, counters, at.downstreamBytes);
    this.up.push(refusing ? refuserPreamble(this.refusal!, this.first.take()) : this.first.take());
    // `collect` may have paused it; if the server did not take everything, the pump resumes it later.
    if (!this.up.stalled) this.client.resume();
  }

  serverData(bytes: Uint8Array): void {
    // After a quiet end the server's last bytes are read and dropped: paused, it would never close.
    if (this.phase !== 'closed') this.down?.push(bytes);
  }

  serverDrain(): void {
    this.up?.drain();
  }

  serverEnd(): void {
    if (this.phase === 'closed') return;
    this.endedBy ??= 'serverClosed';
    this.down?.end();
    this.linger();
  }

  serverClosed(server: Conn<Session>, error: NetError | undefined): void {
    if (server !== this.server) return; // a dial that was given up for another
    this.server = undefined;
    if (this.phase === 'dialling') return this.host.dialFailed(this, error ?? endedEarly);
    if (this.phase === 'refusing' && this.up === undefined) return this.refuseWithoutTls();
    if (error === undefined) return; // both have said their FIN; `serverEnd` has told the client
    if (this.phase === 'open') this.host.suspect(`the server ended a session with ${error.code}`);
    this.end('serverReset');
  }

  // What its table of sessions tells it to do

  /** Waits for a primary, at the longest for `ms`. */
  hold(ms: number): void {
    this.phase = 'held';
    this.dropServer();
    this.setTimer(ms, () => this.host.holdTimedOut(this));
  }

  /** Connects to `address` and pumps from then on. The client notices nothing if this fails. */
  dial(address: Address, epoch: number): void {
    this.phase = 'dialling';
    this.epoch = epoch;
    this.serverAddress = address;
    this.cancelTimer();
    this.connect(address);
  }

  /** Says why not, in a way that the client can read: in clear text or under TLS, as it asked. */
  refuse(refusal: Refusal): void {
    this.phase = 'refusing';
    this.refusal = refusal;
    this.endedBy ??= refusal.reason;
    this.dropServer();
    this.setTimer(this.host.settings.startupTimeoutMs, () => this.end(refusal.reason));
    this.answerRefused();
  }

  /** Ends both sides at once. What was not sent is dropped. */
  end(reason: CloseReason): void {
    if (this.phase === 'closed') return;
    this.phase = 'closed';
    this.endedBy ??= reason;
    this.cancelTimer();
    this.host.ended(this);
    this.dropServer();
    this.client.abort();
  }

  /** At the end of the program: the server sees an orderly end, which PostgreSQL does not log. */
  endQuietly(reason: CloseReason): void {
    this.server?.shutdown();
    this.server = undefined;
    this.end(reason);
  }

  // First bytes

  private collect(bytes: Uint8Array): void {
    if (this.phase === 'closed' || this.refusalSaid) return;
    const wasIncomplete = this.first.opening.kind === 'incomplete';
    this.first.append(bytes);
    if (this.first.full) this.client.pause();
    if (!wasIncomplete || this.first.opening.kind === 'incomplete') return;
    if (this.phase === 'refusing') return this.answerRefused();
    if (this.first.opening.kind === 'garbage') return this.refuse(notUnderstood(this.first.opening.why));
    this.host.admit(this);
  }

  private startupTimedOut(): void {
    // A port check says nothing and expects nothing.
    if (this.first.length === 0) return this.end('startupTimeout');
    this.refuse(halfPacket(this.host.settings.startupTimeoutMs));
    this.sayRefusal();
  }

  // Refusing

  private answerRefused(): void {
    switch (this.first.opening.kind) {
      case 'incomplete':
        return; // `collect` calls again
      case 'gss':
        // The client goes on in this connection, with SSLRequest or its StartupMessage.
        this.client.write(no);
        this.first.skipRequest();
        return this.answerRefused();
      case 'ssl':
        // What came with the request came before there was TLS to protect it.
        if (this.first.length > requestBytes) return this.end(this.refusal!.reason);
        this.first.take();
        return this.connect(this.host.settings.refuser);
      case 'directTls':
        return this.connect(this.host.settings.refuser);
      case 'cancel':
        return this.end('refused');
      default:
        return this.sayRefusal();
    }
  }

  /** The TLS server is not there: "N" lets a client of sslmode=prefer read the refusal in clear text. */
  private refuseWithoutTls(): void {
    if (this.first.opening.kind !== 'ssl') return this.end('refused');
    this.client.write(no);
    this.first.opening = { kind: 'incomplete' };
  }

  private sayRefusal(): void {
    this.refusalSaid = true;
    this.first.take();
    this.client.resume();
    this.client.write(errorResponse(this.refusal!));
    // Closing outright would send RST and throw the refusal away if the client has sent more than we read.
    this.client.shutdown();
  }

  // Connections and time

  private connect(address: Address): void {
    this.dropServer();
    const { runtime, connectOptions, serverHandlers } = this.host;
    this.server = runtime.connect<Session>(address, connectOptions, serverHandlers, this);
  }

  private dropServer(): void {
    const { server } = this;
    this.server = undefined;
    server?.abort();
  }

  /** Ends the session if the client does not close; a slow one gets its tail first. */
  private linger(): void {
    this.setTimer(lingerMs, () => this.down?.stalled ? this.linger() : this.end('serverClosed'));
  }

  private setTimer(ms: number, fn: () => void): void {
    this.timer?.cancel();
    this.timer = this.host.runtime.after(ms, fn);
  }

  private cancelTimer(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }
}

const endedEarly: NetError = { code: 'ECONNRESET', message: 'the connection ended while it was being made' };
