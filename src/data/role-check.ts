/**
 * Stands between a server and a session of the primary port until the client is logged in, and catches a server that
 * turns out to be a standby: in the moments between two probes the role may have changed.
 */
import type { Conn, NetError } from '../runtime/runtime.ts';
import { Greeting } from '../protocol/login-scan.ts';
import type { ServerSide } from './prewarm.ts';

/** A session that must not get a standby. */
export interface Guest extends ServerSide {
  /** Its server is one. `last` is what the client may still see of it; the server's connection is no longer its own. */
  landedOnStandby(last: Uint8Array): void;
}

export class Greeter implements ServerSide {
  readonly #guest: Guest;
  readonly #greeting = new Greeting();

  constructor(guest: Guest) {
    this.#guest = guest;
  }

  serverOpen(conn: Conn<ServerSide>): void {
    this.#guest.serverOpen(conn);
  }

  serverData(bytes: Uint8Array, conn: Conn<ServerSide>): void {
    const reading = this.#greeting.read(bytes);
    if (typeof reading === 'object') {
      conn.data = nobody;
      this.#guest.landedOnStandby(bytes.subarray(0, reading.standbyAt));
      // An orderly end, of which PostgreSQL writes nothing in its log.
      return conn.shutdown();
    }
    // From here on nothing stands in between.
    if (reading === 'done') conn.data = this.#guest;
    this.#guest.serverData(bytes, conn);
  }

  serverDrain(): void {
    this.#guest.serverDrain();
  }

  serverEnd(conn: Conn<ServerSide>): void {
    this.#guest.serverEnd(conn);
  }

  serverClosed(conn: Conn<ServerSide>, error: NetError | undefined): void {
    this.#guest.serverClosed(conn, error);
  }
}

/** Has a connection that is on its way out. */
const nobody: ServerSide = {
  serverOpen: () => {},
  serverData: () => {},
  serverDrain: () => {},
  serverEnd: () => {},
  serverClosed: () => {},
};
