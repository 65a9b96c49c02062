/** What the states of a session are made of, and what they know of it. */
import { at, type CloseReason, type Counters, newCounters } from '../../contract/counters.ts';
import type { Port, Route } from '../../contract/messages.ts';
import type { LoginNames } from '../../protocol/login-names.ts';
import { FirstBytes } from '../../protocol/first-bytes.ts';
import type { Source } from '../../protocol/proxy-header.ts';
import { endpointText } from '../../runtime/addresses.ts';
import type { Address, Conn, NetError, Timer } from '../../runtime/runtime.ts';
import { Dial } from '../dial.ts';
import { partFrom } from '../farewell.ts';
import type { ServerSide } from '../prewarm.ts';
import { Pump } from '../pump.ts';
import { type HeaderTerms, isFromBalancer } from '../proxy-sources.ts';
import type { DialFailure, LastWords, Refusal } from '../refusals.ts';
import { discarded, type RoleChecked } from '../role-check.ts';
import type { ClientSide, SessionHost } from '../session-host.ts';
import type { Targets } from '../targets.ts';

/** How long one side may take to close when the other one has, or we have. */
export const lingerMs = 30_000;

/** For what is no traffic between a client and a server. */
export const uncounted: Counters = newCounters();

/** In the order of a session's life. */
export const stateNames = [
  'opening',
  'held',
  'dialling',
  'open',
  'refusing',
  'cancelling',
  'parting',
  'closed',
] as const;

export type StateName = (typeof stateNames)[number];

/** What is kept of a client until its server has answered. */
export class PendingClient {
  /** When it connected. */
  readonly since: number;
  readonly first: FirstBytes;
  /** What a PROXY header before its first packet is worth. */
  readonly headerTerms: HeaderTerms;
  /** Why the last attempt to dial failed, while that is what the client waits for. */
  dialFailure: DialFailure | undefined;
  /** It has said its FIN, which its server gets after its bytes. */
  hasEnded = false;
  /** The first server that hung up on it, and until when its last answer counted then. */
  hungUp: { readonly slot: number; readonly lease: number } | undefined;
  /** What its address had too much of when it came: see `ClientLimits`. */
  tooMuch: 'addressFull' | 'addressTooFast' | undefined;
  /** How many servers have let it wait for their first byte in vain. */
  silences = 0;
  /** The slots of the standbys that it was sent to since it was held or came. */
  readonly tried: Set<number> = new Set();
  /** Until when it may be held, set when it is first held. */
  holdUntil: number | undefined;

  constructor(since: number, headerTerms: HeaderTerms) {
    this.since = since;
    this.headerTerms = headerTerms;
    this.first = new FirstBytes(isFromBalancer(headerTerms));
  }
}

/** A session, as its states see it. */
export interface StatefulSession extends RoleChecked {
  readonly client: Conn<ClientSide>;
  /** Where the client is: see `Session`. */
  readonly remote: string;
  proxied: string | undefined;
  readonly port: Port;
  readonly host: SessionHost<StatefulSession>;
  readonly state: SessionState;
  /** Undefined once its server has answered: there is no way back to another one. */
  pending: PendingClient | undefined;
  /** The first reason counts. */
  endedBy: CloseReason | undefined;
  epoch: number;
  readonly slot: number;
  /** Leaves the present state. */
  enter<S extends SessionState>(state: S): S;
  refuse(refusal: Refusal): { say(): void };
  hangUp(reason: CloseReason): void;
  end(reason: CloseReason): void;
  broke(where: string, error: unknown): void;
}

/** What the events of both sockets of a session go to. An event that a state does not handle means nothing in it. */
export abstract class SessionState implements ClientSide, ServerSide {
  protected readonly session: StatefulSession;
  #timer: Timer | undefined;

  constructor(session: StatefulSession) {
    this.session = session;
  }

  // For people

  abstract get name(): StateName;

  /** When the client connected. */
  get since(): number {
    return this.session.pending?.since ?? 0;
  }

  /** When a byte last passed, to a beat; undefined: none has. */
  get activeAt(): number | undefined {
    return undefined;
  }

  /** Who the client says that it is, where it says so in clear text. */
  get login(): LoginNames | undefined {
    const { pending, host } = this.session;
    return pending && host.logins.of(pending.first.kept);
  }

  get upBytes(): number {
    return 0;
  }

  get downBytes(): number {
    return 0;
  }

  /** Our own end of the connection to its server. */
  get local(): string {
    return '';
  }

  /** What is kept of what one side has said and the other has not taken. */
  get bufferedBytes(): number {
    return this.session.pending?.first.length ?? 0;
  }

  // From the client

  clientData(_bytes: Uint8Array): void {}

  clientDrain(): void {}

  clientEnd(): void {
    this.session.end('clientClosed');
  }

  clientBroken(): void {}

  clientClosed(error: NetError | undefined): void {
    const { session } = this;
    if (error !== undefined) session.endedBy ??= 'clientReset';
    session.end('clientClosed');
  }

  clientFaulted(where: string, error: unknown): void {
    this.session.broke(where, error);
  }

  clientGone(): void {
    const { session } = this;
    session.host.left(session, session.endedBy ?? 'clientClosed');
  }

  // From the server

  serverOpen(_server: Conn<ServerSide>): void {}

  serverData(_bytes: Uint8Array, _server: Conn<ServerSide>): void {}

  serverDrain(): void {}

  serverEnd(_server: Conn<ServerSide>): void {}

  serverClosed(_server: Conn<ServerSide>, _error: NetError | undefined): void {}

  serverFaulted(where: string, error: unknown): void {
    this.session.broke(where, error);
  }

  /** `last` is what the client may still see of it; the connection is not the session's any more. */
  landedOnStandby(_last: Uint8Array): void {}

  // From the control plane

  /** There is another route. */
  routed(_route: Route, _targets: Targets): void {}

  /** The server of the session gives no sign of life. */
  serverDied(): void {}

  /** The server of the session is no standby to read from any more. */
  standbyLost(): void {}

  /** The client is told where it can be; one that is on its way out already is left alone. */
  gatewayEnds(_words: LastWords): void {}

  /** Another state follows; the server is given up if this one still has it. */
  leave(): void {
    this.#timer?.cancel();
  }

  protected after(ms: number, fn: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.session.host.runtime.after(ms, () => {
      try {
        fn();
      } catch (error) {
        this.session.broke('timer', error);
      }
    });
  }

  /** Keeps what the client says until a server can have it. */
  protected keep(bytes: Uint8Array): FirstBytes {
    const { first } = this.session.pending!;
    const before = first.header.kind;
    first.append(bytes);
    const { header } = first;
    if (header.kind === 'header' && before === 'incomplete') this.#headerTaken(header.source);
    if (first.full) this.session.client.pause();
    return first;
  }

  #headerTaken(source: Source | undefined): void {
    this.session.host.counters[at.proxyTaken]! += 1;
    if (source !== undefined) this.session.proxied = endpointText(source.host, source.port);
  }
}

/** Has a server, or is about to: the two pumps of a session, and what both have to do with it. */
export abstract class ServedState extends SessionState {
  protected server: Conn<ServerSide> | undefined;
  protected up: Pump | undefined;
  protected down: Pump | undefined;
  #dial: Dial | undefined;

  override get upBytes(): number {
    return this.up?.bytes ?? 0;
  }

  override get downBytes(): number {
    return this.down?.bytes ?? 0;
  }

  override get local(): string {
    return this.server?.local ?? '';
  }

  override get bufferedBytes(): number {
    return super.bufferedBytes + (this.up?.bufferedBytes ?? 0) + (this.down?.bufferedBytes ?? 0);
  }

  override clientDrain(): void {
    this.down?.drain();
  }

  override serverDrain(): void {
    this.up?.drain();
  }

  override leave(): void {
    super.leave();
    this.dropServer();
  }

  protected dropServer(): void {
    this.#dial?.abort();
    const { server } = this;
    this.server = this.up = this.down = undefined;
    if (server === undefined) return;
    server.data = discarded;
    server.abort();
  }

  /** An orderly end for the server. */
  protected shutdownServer(): void {
    this.#dial?.abort();
    const { server } = this;
    this.server = undefined;
    if (server !== undefined) partFrom(this.session.host.runtime, server, lingerMs);
  }

  protected connect(address: Address, side: ServerSide): void {
    this.#dial = new Dial(this.session.host, address, side);
  }

  /** The connection is there, and ours from here on. */
  protected pump(server: Conn<ServerSide>, counters: Counters): Pump {
    const { client } = this.session;
    this.server = server;
    this.down = new Pump(server, client, counters, at.downstreamBytes);
    return this.up = new Pump(client, server, counters, at.upstreamBytes);
  }

  /** Lets the client speak, unless its bytes have nowhere to go. */
  protected resumeClient(): void {
    const { client, pending } = this.session;
    if (!pending?.first.full && !this.up?.stalled) client.resume();
  }

  /** The server will say no more: FIN to the client, after what it did say. */
  protected shutdownClient(): void {
    this.down?.end();
    this.after(lingerMs, () => this.lingered());
  }

  /** The client has had its time to close. */
  protected lingered(): void {
    this.session.end('serverClosed');
  }
}
