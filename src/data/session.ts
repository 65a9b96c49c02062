/**
 * One client and, once it is dialled, its server.
 *
 *     opening -> held <-> dialling -> open -> closed
 *        \________\____________\__> refusing -> closed
 *
 * `opening` collects the first packet, `held` waits for a primary, `dialling` waits for the server's first byte,
 * `open` pumps, `refusing` says why not. Up to the server's first byte nothing has happened for the client that could
 * not be done again with another server, so its bytes are kept until then.
 * A session owns both of its connections and ends both.
 */
import { at, type CloseReason } from '../contract/counters.ts';
import type { Port } from '../contract/messages.ts';
import type { Address, Conn, NetError, Timer } from '../runtime/runtime.ts';
import { passCancel } from './cancel.ts';
import { errorResponse, refusalPreamble, saysNotNow } from '../protocol/error-response.ts';
import { FirstBytes } from '../protocol/first-bytes.ts';
import { RoleCheck, type RoleChecked } from './role-check.ts';
import { ownWords, uncounted } from './own-words.ts';
import { Pump } from './pump.ts';
import type { ServerSide } from './prewarm.ts';
import { dialFailures, halfPacket, notUnderstood, onStandby, type Refusal } from './refusals.ts';
import { RefusalExchange, type RefusalExchangeHost } from './refusal-exchange.ts';
import { SessionRecord } from './session-record.ts';
import type { Phase, SessionHost } from './session-host.ts';

/** How long a client may take to close when its server has. */
const lingerMs = 30_000;

/**
 * How long a server that has accepted may take to say its first byte. Usually it takes milliseconds, but a thousand
 * clients at once take a small machine ten seconds and more; and one that hangs loses its route long before.
 */
const firstByteMs = 60_000;

/** Of everybody who has been answered: what they said first is of no more use. */
const spent = new FirstBytes();

export class Session extends SessionRecord implements RefusalExchangeHost, RoleChecked {
  phase: Phase = 'opening';
  readonly client: Conn<Session>;
  readonly port: Port;
  readonly #host: SessionHost<Session>;
  #server: Conn<ServerSide> | undefined;
  #first = new FirstBytes();
  #up: Pump | undefined;
  #down: Pump | undefined;
  #refusalExchange: RefusalExchange | undefined;
  /** The client has said its last byte before its server was there. */
  #clientDone = false;
  #endedBy: CloseReason | undefined;
  #timer: Timer | undefined;

  constructor(client: Conn<Session>, port: Port, host: SessionHost<Session>) {
    super();
    this.client = client;
    this.port = port;
    this.#host = host;
    this.#setTimer(host.settings.startupTimeoutMs, () => this.#startupTimedOut());
  }

  get isCancel(): boolean {
    return this.#first.opening.kind === 'cancel';
  }

  // The client's events

  clientData(bytes: Uint8Array): void {
    if (this.phase === 'open') this.#up?.push(bytes);
    else this.#beforeOpen(bytes);
  }

  clientDrain(): void {
    this.#down?.drain();
  }

  clientEnd(): void {
    this.#endedBy ??= 'clientClosed';
    // The refusal and our FIN are on their way; a reset now could overtake them.
    if (this.#refusalExchange?.isSaid) return;
    if (this.phase === 'open' || (this.phase === 'refusing' && this.#up)) return this.#up?.end();
    // Who cancels may leave at once. Nobody else half-closes before the server has answered: it has left.
    if (this.isCancel && this.phase === 'dialling') this.#clientDone = true;
    else this.end('clientClosed');
  }

  clientClosed(error: NetError | undefined): void {
    if (error !== undefined) this.#endedBy ??= 'clientReset';
    this.end('clientClosed');
    this.#host.left(this, this.#endedBy ?? 'clientClosed');
  }

  // The server's events

  serverOpen(server: Conn<ServerSide>): void {
    if (server !== this.#server) return;
    const refusing = this.#refusalExchange;
    const counters = refusing ? uncounted : this.#host.counters;
    refusing?.tlsBegins();
    this.#up = new Pump(this.client, server, counters, at.upstreamBytes);
    this.#down = new Pump(server, this.client, counters, at.downstreamBytes);
    this.#up.push(refusing ? refusalPreamble(refusing.refusal, this.#first.take()) : this.#first.kept);
    if (!refusing) this.#setTimer(firstByteMs, () => this.#dialFailed(dialFailures.silent));
    if (this.isCancel) this.#answered();
    if (this.#clientDone) this.#up.end();
    this.#resumeClient();
  }

  serverData(bytes: Uint8Array): void {
    if (this.phase === 'dialling') {
      if (!this.isCancel && saysNotNow(bytes)) return this.#dialFailed(dialFailures.notNow);
      this.#answered();
    }
    // After a quiet end the server's last bytes are read and dropped: paused, it would never close.
    if (this.phase !== 'closed') this.#down?.push(bytes);
  }

  serverDrain(): void {
    this.#up?.drain();
  }

  serverEnd(server: Conn<ServerSide>): void {
    if (server !== this.#server) return; // given up, or at the end of the program
    if (this.phase === 'dialling') return this.#dialFailed(dialFailures.endedEarly);
    this.#endedBy ??= 'serverClosed';
    this.#shutdownClient();
  }

  serverClosed(server: Conn<ServerSide>, error: NetError | undefined): void {
    if (server !== this.#server) return;
    this.#server = undefined;
    if (this.phase === 'dialling') return this.#dialFailed(error ?? dialFailures.endedEarly);
    if (this.phase === 'refusing' && this.#up === undefined) return this.#refusalExchange?.tlsFailed();
    if (error === undefined) return; // both have said their FIN; `serverEnd` has told the client
    if (this.phase !== 'open') return this.end('serverReset');
    this.#host.suspect(`the server ended a session with ${error.code}`);
    // A backend that is told to exit says why, and its kernel resets what it had not read. To reset the client as well
    // would throw away those last words. What the client still sends has nowhere to go.
    this.#endedBy ??= 'serverReset';
    this.#up = undefined;
    this.#shutdownClient();
  }

  landedOnStandby(last: Uint8Array): void {
    const isStalled = this.#down?.stalled ?? true;
    this.#server = this.#up = this.#down = undefined;
    if (this.phase === 'dialling') return this.#dialFailed(dialFailures.standby);
    this.#host.suspect('a session of the primary port landed on a standby');
    this.phase = 'refusing';
    this.#endedBy ??= onStandby.reason;
    // What the client has not read of the login would be cut in the middle.
    if (isStalled) return this.end(onStandby.reason);
    this.#down = ownWords(this.client, last, errorResponse(onStandby));
    this.#shutdownClient();
  }

  /** Waits for a primary, at the longest for `ms`. */
  hold(ms: number): void {
    this.phase = 'held';
    this.#dropServer();
    this.#setTimer(ms, () => this.#host.holdTimedOut(this));
  }

  /** Connects to `address`, or takes the connection `ready` to it, and pumps. The client notices no failure. */
  dial(address: Address, epoch: number, ready?: Conn<ServerSide>): void {
    this.phase = 'dialling';
    this.epoch = epoch;
    this.serverAddress = address;
    this.#cancelTimer();
    if (ready === undefined) return this.#connect(address, this.#serverSide());
    this.#dropServer();
    this.#server = ready;
    ready.data = this.#serverSide();
    this.serverOpen(ready);
  }

  /** Passes its cancel request on to each of `servers`. */
  cancelAt(servers: readonly Address[]): void {
    this.phase = 'open';
    this.#cancelTimer();
    passCancel(this.#host, this.#first.kept, servers, () => {
      if (this.phase === 'closed') return;
      this.#endedBy ??= 'serverClosed';
      this.client.shutdown();
      this.#shutdownClient();
    });
  }

  /** Says why not, in a way that the client can read. */
  refuse(refusal: Refusal): void {
    this.phase = 'refusing';
    this.#endedBy ??= refusal.reason;
    this.#dropServer();
    this.#setTimer(this.#host.settings.startupTimeoutMs, () => this.end(refusal.reason));
    this.#refusalExchange = new RefusalExchange(refusal, this.client, this.#first, this);
    this.#refusalExchange.answer();
  }

  /** Ends both sides at once. What was not sent is dropped. */
  end(reason: CloseReason): void {
    if (this.phase === 'closed') return;
    this.phase = 'closed';
    this.#endedBy ??= reason;
    this.#cancelTimer();
    this.#host.ended(this);
    this.#dropServer();
    this.client.abort();
  }

  /** At the end of the program: the server sees an orderly end, which PostgreSQL does not log. */
  endQuietly(reason: CloseReason): void {
    this.#server?.shutdown();
    this.#server = undefined;
    this.end(reason);
  }

  /** What the client says before it is open. */
  #beforeOpen(bytes: Uint8Array): void {
    if (this.phase === 'closed' || this.#refusalExchange?.isSaid || this.#first === spent) return;
    if (this.phase === 'refusing' && this.#up !== undefined) return this.#up.push(bytes);
    const wasIncomplete = this.#first.opening.kind === 'incomplete';
    this.#first.append(bytes);
    if (this.#first.full) this.client.pause();
    if (this.phase === 'dialling') return this.#up?.push(bytes);
    if (!wasIncomplete || this.#first.opening.kind === 'incomplete') return;
    if (this.#refusalExchange !== undefined) return this.#refusalExchange.answer();
    if (this.#first.opening.kind === 'garbage') return this.refuse(notUnderstood(this.#first.opening.why));
    this.#host.admit(this);
  }

  /** The server has spoken (or will not, as it answers no cancel request): there is no way back to another one. */
  #answered(): void {
    this.phase = 'open';
    this.#host.opened(this);
    this.#cancelTimer();
    this.#first = spent;
    this.#resumeClient();
  }

  #dialFailed(error: NetError): void {
    this.#dropServer();
    this.#host.dialFailed(this, error);
  }

  #startupTimedOut(): void {
    // A port check says nothing and expects nothing.
    if (this.#first.length === 0) return this.end('startupTimeout');
    this.refuse(halfPacket(this.#host.settings.startupTimeoutMs));
    this.#refusalExchange?.say();
  }

  connectRefusalServer(): void {
    this.#connect(this.#host.settings.refusalServer, this);
  }

  giveUp(): void {
    this.end('refused');
  }

  /** PostgreSQL answers no cancel request, and who wants a standby minds no standby: then there is nothing to watch. */
  #serverSide(): ServerSide {
    return this.isCancel || this.port === 'standby' ? this : new RoleCheck(this);
  }

  #connect(address: Address, side: ServerSide): void {
    this.#dropServer();
    const { runtime, connectOptions, serverHandlers } = this.#host;
    this.#server = runtime.connect<ServerSide>(address, connectOptions, serverHandlers, side);
  }

  /** The server will say no more: FIN to the client, after what it did say. */
  #shutdownClient(): void {
    this.#down?.end();
    this.#setTimer(lingerMs, () => this.end('serverClosed'));
  }

  /** Gives the server up; the pumps go with it. */
  #dropServer(): void {
    const server = this.#server;
    this.#server = this.#up = this.#down = undefined;
    server?.abort();
  }

  /** Lets the client speak, unless its bytes have nowhere to go. */
  #resumeClient(): void {
    if (!this.#first.full && !this.#up?.stalled) this.client.resume();
  }

  #setTimer(ms: number, fn: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#host.runtime.after(ms, fn);
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
