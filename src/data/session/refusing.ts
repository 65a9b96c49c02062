/** Says why there is no server, in clear text, or under TLS by way of the refusal server. */
import type { CloseReason } from '../../contract/counters.ts';
import { refusalPreamble } from '../../protocol/error-response.ts';
import type { LoginNames } from '../../protocol/login-names.ts';
import { peerOf } from '../../runtime/addresses.ts';
import type { Conn, NetError } from '../../runtime/runtime.ts';
import type { ServerSide } from '../prewarm.ts';
import { RefusalExchange, type RefusalExchangeHost } from '../refusal-exchange.ts';
import type { Refusal } from '../refusals.ts';
import { ServedState, type StatefulSession, uncounted } from './state.ts';

export class Refusing extends ServedState implements RefusalExchangeHost {
  readonly #refusal: Refusal;
  readonly #exchange: RefusalExchange;
  /** The first packet is let go when the refusal is said. */
  readonly #login: LoginNames | undefined;

  constructor(session: StatefulSession, refusal: Refusal) {
    super(session);
    this.#refusal = refusal;
    this.#login = session.host.logins.of(session.pending!.first.kept);
    this.#exchange = new RefusalExchange(refusal, session.client, session.pending!.first, this);
  }

  get name(): 'refusing' {
    return 'refusing';
  }

  override get login(): LoginNames | undefined {
    return this.#login;
  }

  begin(): void {
    this.after(this.session.host.settings.startupTimeoutMs, () => this.giveUp(this.#refusal.reason));
    this.#exchange.answer();
  }

  say(): void {
    this.#exchange.say();
  }

  override clientData(bytes: Uint8Array): void {
    if (this.#exchange.isSaid) return;
    if (this.up !== undefined) return this.up.push(bytes);
    const wasIncomplete = this.session.pending!.first.opening.kind === 'incomplete';
    const { opening } = this.keep(bytes);
    if (wasIncomplete && opening.kind !== 'incomplete') this.#exchange.answer();
  }

  override clientEnd(): void {
    this.session.endedBy ??= 'clientClosed';
    // The refusal and our FIN are on their way; a reset now could overtake them.
    if (this.#exchange.isSaid) return;
    if (this.#exchange.isUnderTls) this.up?.end();
    else this.hangUp();
  }

  connectRefusalServer(): void {
    this.connect(this.session.host.settings.refusalServer, this);
  }

  giveUp(reason: CloseReason = 'refused'): void {
    this.session.end(reason);
  }

  hangUp(): void {
    this.session.hangUp(this.#refusal.reason);
  }

  override serverOpen(server: Conn<ServerSide>): void {
    const { remote, pending } = this.session;
    const preamble = refusalPreamble(this.#refusal, peerOf(remote), pending!.first.take());
    this.pump(server, uncounted).push(preamble);
    this.resumeClient();
  }

  override serverData(bytes: Uint8Array): void {
    this.down!.push(this.#exchange.isUnderTls ? bytes : this.#exchange.tlsBegins(bytes));
  }

  override serverEnd(): void {
    if (!this.#exchange.isUnderTls) return this.#tlsFailed();
    this.session.endedBy ??= 'serverClosed';
    this.shutdownClient();
  }

  override serverClosed(_server: Conn<ServerSide>, error: NetError | undefined): void {
    this.server = undefined;
    if (!this.#exchange.isUnderTls) return this.#tlsFailed();
    if (error !== undefined) this.session.end('serverReset');
  }

  #tlsFailed(): void {
    this.dropServer();
    this.#exchange.tlsFailed();
  }
}
