/** Pumps between a client and its server. */
import { at } from '../../contract/counters.ts';
import type { Route } from '../../contract/messages.ts';
import { errorResponse } from '../../protocol/error-response.ts';
import type { LoginNames } from '../../protocol/login-names.ts';
import { requestBytes } from '../../protocol/startup.ts';
import type { Conn, NetError } from '../../runtime/runtime.ts';
import type { ServerSide } from '../prewarm.ts';
import type { Pump } from '../pump.ts';
import { type LastWords, onStandby } from '../refusals.ts';
import { noEpoch, type Targets } from '../targets.ts';
import { Parting } from './parting.ts';
import { lingerMs, ServedState, type StatefulSession } from './state.ts';

/** An SSLRequest, and a GSSENCRequest before it: behind these a client that is denied both logs in in clear text. */
const requestsBytes = 2 * requestBytes;

/**
 * How long a server may be silent whose client has said its FIN. That client may wait for its answers, as scripts do, but most are
 * gone, and not every runtime is told, nor ever told of a unix socket. PostgreSQL closes in its turn; a server that
 * does not would keep all sessions that it ever had.
 */
const abandonedMs = 900_000;

/**
 * How long a server may take to take what a client had said that is gone. Nobody waits for its answer, and one that reads nothing
 * would keep the session for ever.
 */
const leftoverMs = 5_000;

/** Thousands of these idle: with its three fields Bun takes 80 bytes for each instead of 64, and has room for none. */
export class Open extends ServedState {
  readonly #since: number;
  #activeAt: number;
  #login: LoginNames | undefined;

  constructor(session: StatefulSession, server: Conn<ServerSide>, up: Pump, down: Pump) {
    super(session);
    this.server = server;
    this.up = up;
    this.down = down;
    const { pending, host } = session;
    // Whole numbers, which V8 keeps in the object.
    this.#since = Math.floor(pending!.since);
    this.#activeAt = Math.floor(host.runtime.now());
    this.#login = host.logins.of(pending!.first.kept);
  }

  get name(): 'open' {
    return 'open';
  }

  override get since(): number {
    return this.#since;
  }

  override get activeAt(): number {
    return this.#activeAt;
  }

  override get login(): LoginNames | undefined {
    return this.#login;
  }

  begin(): void {
    this.session.host.opened(this.session);
    this.session.pending = undefined;
    this.resumeClient();
  }

  override clientData(bytes: Uint8Array): void {
    const { up } = this;
    // Its server is gone: what it still says has nowhere to go.
    if (this.server === undefined || up === undefined) return;
    const { counters, logins } = this.session.host;
    this.#activeAt = counters[at.clock]!;
    if (up.bytes <= requestsBytes) this.#login ??= logins.of(bytes);
    up.push(bytes);
  }

  override clientEnd(): void {
    this.session.endedBy ??= 'clientClosed';
    this.up?.end();
    this.after(abandonedMs, () => this.#abandoned());
  }

  #abandoned(): void {
    // A server that the client keeps waiting is not silent.
    const silentMs = this.down!.stalled ? 0 : this.session.host.runtime.now() - this.#activeAt;
    if (silentMs >= abandonedMs) this.session.end('clientClosed');
    else this.after(abandonedMs - silentMs, () => this.#abandoned());
  }

  override clientBroken(): void {
    this.after(leftoverMs, () => this.session.end('clientReset'));
  }

  override serverData(bytes: Uint8Array): void {
    this.#activeAt = this.session.host.counters[at.clock]!;
    this.down!.push(bytes);
  }

  override serverEnd(): void {
    this.session.endedBy ??= 'serverClosed';
    this.shutdownClient();
  }

  override serverClosed(_server: Conn<ServerSide>, error: NetError | undefined): void {
    this.server = undefined;
    if (error === undefined) return; // both have said their FIN; `serverEnd` has told the client
    this.session.host.suspect(`the server ended a session with ${error.code}`);
    // A backend that is told to exit says why, and its kernel resets what it had not read. To reset the client as well
    // would throw that message away.
    this.session.endedBy ??= 'serverReset';
    this.session.client.resume();
    this.shutdownClient();
  }

  /** A client that has not taken all that its server said has as long as it needs: that was acknowledged to the server. */
  protected override lingered(): void {
    if (this.down!.stalled) this.after(lingerMs, () => this.lingered());
    else super.lingered();
  }

  override landedOnStandby(last: Uint8Array): void {
    const { session } = this;
    const isStalled = this.down!.stalled;
    this.server = undefined;
    session.host.suspect('a session of the primary port landed on a standby');
    session.endedBy ??= onStandby.reason;
    // What the client has not read of the login would be cut in the middle.
    if (isStalled) return session.end(onStandby.reason);
    session.enter(new Parting(session)).say(last, errorResponse(onStandby));
  }

  override routed(route: Route, targets: Targets): void {
    const { session } = this;
    // Its standby was promoted: from now on it is fenced like all sessions there.
    if (session.epoch === noEpoch && targets.isPrimary(session.slot)) session.epoch = route.epoch;
    if (session.epoch < route.fence) session.end('fenced');
  }

  override serverDied(): void {
    this.session.end('fenced');
  }

  override standbyLost(): void {
    if (this.session.epoch === noEpoch) this.session.end('fenced');
  }

  override gatewayEnds({ open }: LastWords): void {
    const { session } = this;
    session.endedBy ??= open.reason;
    const canRead = this.isBetweenMessages && !this.down!.stalled;
    this.shutdownServer();
    const parting = session.enter(new Parting(session));
    if (canRead) parting.say(errorResponse(open));
    else parting.hangUp();
  }

  /** Known for sure: what is said to the client now begins a message for it. */
  protected get isBetweenMessages(): boolean {
    return false;
  }
}
