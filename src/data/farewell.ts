/**
 * The orderly end of a connection to a server that has no session any more: FIN, of which PostgreSQL writes nothing in its log, and what
 * it still says is dropped. One that does not close in its turn, or says ever more, is reset: it would keep a descriptor
 * for ever, and a query that nobody waits for would go on to its end.
 */
import type { Conn, NetError, Runtime, Timer } from '../runtime/runtime.ts';
import type { ServerSide } from './prewarm.ts';

/** More than PostgreSQL has on its way when it sees the FIN between two messages. */
const mostBytes = 1_048_576;

/** Gives `server` so long to close. It belongs to this from now on. */
export function partFrom(runtime: Pick<Runtime, 'after'>, server: Conn<ServerSide>, ms: number): void {
  server.data = new Farewell(runtime, server, ms);
  // Paused, it would never close.
  server.resume();
  server.shutdown();
}

class Farewell implements ServerSide {
  readonly #timer: Timer;
  #bytes = 0;

  constructor(runtime: Pick<Runtime, 'after'>, server: Conn<ServerSide>, ms: number) {
    this.#timer = runtime.after(ms, () => server.abort());
  }

  serverOpen(): void {}

  serverData(bytes: Uint8Array, conn: Conn<ServerSide>): void {
    this.#bytes += bytes.length;
    if (this.#bytes > mostBytes) conn.abort();
  }

  serverDrain(): void {}

  serverEnd(): void {}

  serverClosed(_conn: Conn<ServerSide>, _error: NetError | undefined): void {
    this.#timer.cancel();
  }

  serverFaulted(): void {
    this.#timer.cancel();
  }
}
