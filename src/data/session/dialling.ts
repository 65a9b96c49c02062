/** Has a server that has not said a byte yet: until then nothing has happened that could not be done with another one. */
import type { Route } from '../../contract/messages.ts';
import { saysNotNow } from '../../protocol/error-response.ts';
import type { Address, Conn, NetError } from '../../runtime/runtime.ts';
import type { ServerSide } from '../prewarm.ts';
import type { Pump } from '../pump.ts';
import { brokenEarly, type DialFailure, dialFailures, type LastWords, networkFailure } from '../refusals.ts';
import { RoleCheck } from '../role-check.ts';
import type { Targets } from '../targets.ts';
import { Open } from './open.ts';
import { OpenInClear } from './open-in-clear.ts';
import { ServedState } from './state.ts';

/**
 * How long a server that has accepted may take to say its first byte. Usually it takes milliseconds, but a thousand
 * clients at once take a small machine ten seconds and more; and one that hangs loses its route long before. Less where another server
 * may be well: see `mostSilences`.
 */
const firstByteMs = { primary: 60_000, standby: 20_000 } as const;

export class Dialling extends ServedState {
  get name(): 'dialling' {
    return 'dialling';
  }

  begin(address: Address, ready: Conn<ServerSide> | undefined): void {
    // A client of the standby port may be served by a standby: there is nothing to check.
    const side = this.session.port === 'standby' ? this : new RoleCheck(this.session);
    if (ready === undefined) return this.connect(address, side);
    ready.data = side;
    this.serverOpen(ready);
  }

  override clientData(bytes: Uint8Array): void {
    this.keep(bytes);
    this.up?.push(bytes);
  }

  /** Not the end of the client: it may still want its answers, and nobody but the server can tell. */
  override clientEnd(): void {
    this.session.pending!.hasEnded = true;
    if (this.up !== undefined) this.#passEnd(this.up);
  }

  override serverOpen(server: Conn<ServerSide>): void {
    const { first, hasEnded } = this.session.pending!;
    const up = this.pump(server, this.session.host.counters);
    up.push(first.kept);
    if (hasEnded) this.#passEnd(up);
    this.after(firstByteMs[this.session.port], () => this.#wasSilent());
    this.resumeClient();
  }

  override serverData(bytes: Uint8Array, server: Conn<ServerSide>): void {
    if (saysNotNow(bytes)) return this.#failed(dialFailures.notNow);
    this.#answered(server).serverData(bytes);
  }

  override serverEnd(): void {
    this.#failed(dialFailures.endedEarly);
  }

  override serverClosed(_server: Conn<ServerSide>, error: NetError | undefined): void {
    this.server = undefined;
    if (error === undefined) return this.#failed(dialFailures.endedEarly);
    this.#failed(this.up === undefined ? networkFailure(error) : brokenEarly(error));
  }

  override landedOnStandby(): void {
    this.server = undefined;
    this.#failed(dialFailures.standby);
  }

  override routed(_route: Route, targets: Targets): void {
    // A client whose server has not answered yet has lost nothing: it goes to another one, or waits.
    if (!targets.stands(this.session)) this.session.host.admit(this.session);
  }

  override serverDied(): void {
    this.#failed(dialFailures.silent);
  }

  override gatewayEnds({ waiting }: LastWords): void {
    this.shutdownServer();
    this.session.host.shutOut(this.session, waiting);
  }

  #wasSilent(): void {
    this.session.pending!.silences += 1;
    this.#failed(dialFailures.silent);
  }

  #passEnd(up: Pump): void {
    this.session.endedBy ??= 'clientClosed';
    up.end();
  }

  #failed(failure: DialFailure): void {
    this.leave();
    this.session.host.dialFailed(this.session, failure);
  }

  #answered(server: Conn<ServerSide>): Open {
    const isClear = this.session.pending!.first.opening.kind === 'startup';
    const open = new (isClear ? OpenInClear : Open)(this.session, server, this.up!, this.down!);
    this.server = undefined;
    this.session.enter(open).begin();
    if (server.data === this) server.data = open;
    return open;
  }
}
