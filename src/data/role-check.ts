/**
 * Stands between a server and a session of the primary port until the client is logged in, and catches a server that
 * turns out to be a standby: in the moments between two probes the role may have changed.
 */
import type { Conn, NetError, Runtime } from '../runtime/runtime.ts';
import { LoginScan } from '../protocol/login-scan.ts';
import { partFrom } from './farewell.ts';
import type { ServerSide } from './prewarm.ts';

/** How long one may take to close: it is dialled again ten times a second, by each client that waits. */
const closingMs = 1_000;

/** A session that must not get a standby. */
export interface RoleChecked {
  readonly host: { readonly runtime: Pick<Runtime, 'after'> };
  /** What the events of its server go to now. */
  readonly state: ServerSide;
  /** Its server is one. `last` is what the client may still see of it; the server's connection is no longer its own. */
  landedOnStandby(last: Uint8Array): void;
}

export class RoleCheck implements ServerSide {
  readonly #session: RoleChecked;
  readonly #scan = new LoginScan();

  constructor(session: RoleChecked) {
    this.#session = session;
  }

  serverOpen(conn: Conn<ServerSide>): void {
    this.#session.state.serverOpen(conn);
  }

  serverData(bytes: Uint8Array, conn: Conn<ServerSide>): void {
    const reading = this.#scan.read(bytes);
    if (typeof reading === 'object') {
      conn.data = discarded;
      this.#session.landedOnStandby(bytes.subarray(0, reading.standbyAt));
      return partFrom(this.#session.host.runtime, conn, closingMs);
    }
    this.#session.state.serverData(bytes, conn);
    // From here on the server speaks to the session directly; unless the connection was given up meanwhile.
    if (reading === 'done' && conn.data === this) conn.data = this.#session.state;
  }

  serverDrain(): void {
    this.#session.state.serverDrain();
  }

  serverEnd(conn: Conn<ServerSide>): void {
    this.#session.state.serverEnd(conn);
  }

  serverClosed(conn: Conn<ServerSide>, error: NetError | undefined): void {
    this.#session.state.serverClosed(conn, error);
  }

  serverFaulted(where: string, error: unknown): void {
    this.#session.state.serverFaulted(where, error);
  }
}

/** The owner of a connection that is being closed. */
export const discarded: ServerSide = {
  serverOpen: () => {},
  serverData: () => {},
  serverDrain: () => {},
  serverEnd: () => {},
  serverClosed: () => {},
  serverFaulted: () => {},
};
