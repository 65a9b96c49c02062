/** Connects to a server, by a second attempt where the first gets no answer; then the connection is its owner's. */
import { Attempts } from '../runtime/attempts.ts';
import { isShortage } from '../runtime/net-error.ts';
import type { Address, Conn, ConnectOptions, Handlers, NetError, Runtime } from '../runtime/runtime.ts';
import type { ServerSide } from './prewarm.ts';
import { discarded } from './role-check.ts';

/** What it needs of the data plane. */
export interface DialHost {
  readonly runtime: Runtime;
  readonly connectOptions: ConnectOptions;
  readonly serverHandlers: Handlers<ServerSide>;
  /** Second attempts that are on their way. */
  secondAttempts: number;
  /** An exception of our own code. Does not throw. */
  faulted(where: string, error: unknown): void;
}

/**
 * So many second attempts of a worker at a time. Where a few packets are lost there are fewer; where a server is silent
 * they are of no use, and would take each client a third descriptor.
 */
export const mostSecondAttempts = 32;

export class Dial implements ServerSide {
  readonly #host: DialHost;
  readonly #side: ServerSide;
  readonly #attempts: Attempts<Conn<ServerSide>>;
  #isSecond = false;

  /** `side` gets `serverOpen`, or `serverClosed` with the reason, and all that follows. */
  constructor(host: DialHost, address: Address, side: ServerSide) {
    this.#host = host;
    this.#side = side;
    const { runtime, connectOptions, serverHandlers } = host;
    const connect = () => runtime.connect<ServerSide>(address, connectOptions, serverHandlers, this);
    const again = () => this.#mayTryAgain() ? connect() : undefined;
    const first = connect();
    try {
      this.#attempts = new Attempts(runtime, first, again, giveUp);
    } catch (error) {
      giveUp(first);
      throw error;
    }
  }

  /** Gives up; nothing is told. Does nothing once `side` was told something. */
  abort(): void {
    this.#attempts.end();
    this.#over();
  }

  serverOpen(conn: Conn<ServerSide>): void {
    this.#attempts.won(conn);
    this.#over();
    conn.data = this.#side;
    this.#side.serverOpen(conn);
  }

  serverData(): void {}

  serverDrain(): void {}

  serverEnd(): void {}

  serverClosed(conn: Conn<ServerSide>, error: NetError | undefined): void {
    if (!this.#attempts.lost(conn, error !== undefined && isShortage(error))) return;
    this.#over();
    this.#side.serverClosed(conn, error);
  }

  serverFaulted(where: string, error: unknown): void {
    this.#attempts.end();
    this.#over();
    this.#side.serverFaulted(where, error);
  }

  #mayTryAgain(): boolean {
    if (this.#host.secondAttempts >= mostSecondAttempts) return false;
    this.#host.secondAttempts += 1;
    return this.#isSecond = true;
  }

  #over(): void {
    if (this.#isSecond) this.#host.secondAttempts -= 1;
    this.#isSecond = false;
  }
}

function giveUp(conn: Conn<ServerSide>): void {
  conn.data = discarded;
  conn.abort();
}
