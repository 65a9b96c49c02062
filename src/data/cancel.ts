/**
 * A cancel request, for one server or several. One after the other, so that it never takes more descriptors than any
 * other client; and its client is told at the end, because a request that is still on its way when the client goes on
 * could hit the next query. It outlives its client, which may leave at once.
 */
import type { Address, Conn, Timer } from '../runtime/runtime.ts';
import { Dial, type DialHost } from './dial.ts';
import type { ServerSide } from './prewarm.ts';

/**
 * Calls `done` when every server has closed the connection, which is PostgreSQL's answer, or was given up; with
 * whether the request has reached one of them.
 */
export function passCancel(
  host: DialHost,
  request: Uint8Array,
  servers: readonly Address[],
  done: (isDelivered: boolean) => void,
): void {
  new Cancel(host, request, servers, done).next();
}

class Cancel implements ServerSide {
  readonly #host: DialHost;
  readonly #request: Uint8Array;
  readonly #servers: Address[];
  readonly #done: (isDelivered: boolean) => void;
  #isDelivered = false;
  #timer: Timer | undefined;

  constructor(
    host: DialHost,
    request: Uint8Array,
    servers: readonly Address[],
    done: (isDelivered: boolean) => void,
  ) {
    this.#host = host;
    this.#request = request;
    this.#servers = [...servers];
    this.#done = done;
  }

  serverOpen(conn: Conn<ServerSide>): void {
    if (conn.write(this.#request) < this.#request.length) return conn.abort();
    this.#isDelivered = true;
    // One that accepts and says nothing is frozen.
    this.#timer = this.#host.runtime.after(this.#host.connectOptions.timeoutMs, () => conn.abort());
  }

  serverData(): void {}

  serverDrain(): void {}

  serverEnd(conn: Conn<ServerSide>): void {
    conn.shutdown();
  }

  serverClosed(): void {
    this.#timer?.cancel();
    this.next();
  }

  /** The servers that are left are not asked: the next one would fare no better. */
  serverFaulted(where: string, error: unknown): void {
    this.#timer?.cancel();
    this.#servers.length = 0;
    this.#host.faulted(where, error);
    this.next();
  }

  next(): void {
    const server = this.#servers.shift();
    if (server === undefined) return this.#done(this.#isDelivered);
    new Dial(this.#host, server, this);
  }
}
