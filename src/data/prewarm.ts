/**
 * Connections to the primary that are made before a client needs one. PostgreSQL forks a process for each connection
 * it accepts, and that is most of what connecting costs; a client that finds it done is connected sooner through us
 * than directly.
 *
 * They are silent: PostgreSQL says nothing of a connection that ends before its first byte, unless log_connections is
 * on. They cost nothing that is scarce there: a slot of max_connections is only taken at the login.
 *
 * A backend has the pg_hba.conf and the certificate of the time of its fork, and nothing that a server can be asked says
 * in time that it has read them anew (docs/decisions/none-made-ahead.md). So there are none unless the operator wants
 * them, they do not live long, and they are only there while clients come one after the other. A client that comes now
 * and then finds them too old, and a crowd that comes at once has come before they are made, and its logins would wait
 * for them.
 */
import { isShortage } from '../runtime/net-error.ts';
import type {
  Address,
  Conn,
  ConnectOptions,
  Handlers,
  NetError,
  Runtime,
  Timer,
} from '../runtime/runtime.ts';

/** The owner of the server's side of a connection: a session, or the pool of idle connections. */
export interface ServerSide {
  serverOpen(conn: Conn<ServerSide>): void;
  serverData(bytes: Uint8Array, conn: Conn<ServerSide>): void;
  serverDrain(): void;
  serverEnd(conn: Conn<ServerSide>): void;
  serverClosed(conn: Conn<ServerSide>, error: NetError | undefined): void;
  /** One of the above has thrown `error`, and the connection was given up. */
  serverFaulted(where: string, error: unknown): void;
}

/** What it needs of the data plane. */
export interface PrewarmHost {
  readonly runtime: Runtime;
  readonly connectOptions: ConnectOptions;
  readonly serverHandlers: Handlers<ServerSide>;
  suspect(why: string): void;
  /** This machine has no port or no descriptor left for a connection. */
  shortage(why: string): void;
  /** An exception of our own code. Does not throw. */
  faulted(where: string, error: unknown): void;
}

/** How old an idle connection may become: for so long after a reload a client may still meet the rules of before. */
const lifeMs = 250;

/** After a failure; and between a handover and its replacement, which shall not disturb the login that follows. */
const retryMs = 1_000;
const refillMs = 10;

/** How long one that we gave up may take to close before it is reset. */
const closingMs = 1_000;

/** No more than this, however many clients come. */
const most = 32;

export class Prewarm {
  readonly #host: PrewarmHost;
  /** So many are made at first, and so many more each time that they were not enough; 0 makes none. */
  step: number;
  readonly #idle = new Set<IdleConnection>();
  #address: Address | undefined;
  #refill: Timer | undefined;
  /** How many are to be there. */
  #wanted = 0;
  /** A client has found none. */
  #isShort = false;
  /** When the first of the clients came that came last: within `refillMs` they count as one. */
  #cameAt = -Infinity;
  #notBefore = -Infinity;

  constructor(host: PrewarmHost, step: number) {
    this.#host = host;
    this.step = step;
  }

  /** Where to connect to from now on; what was made for another route is given up. */
  retarget(address: Address | undefined): void {
    this.#address = address;
    if (address === undefined) this.#cancelRefill();
    for (const connection of this.#idle) connection.close();
    this.#idle.clear();
  }

  /** A connection that the server has accepted and not closed; undefined if there is none now. */
  take(): Conn<ServerSide> | undefined {
    if (this.step === 0) return undefined;
    this.#came();
    for (const connection of this.#idle) {
      if (!connection.isReady) continue;
      // Its timer is late where the process was stopped, or is busy.
      if (connection.isOld) connection.retire();
      else {
        this.#idle.delete(connection);
        return connection.handOver();
      }
    }
    this.#isShort = true;
    return undefined;
  }

  /** No client came for it while it was young enough. */
  unused(connection: IdleConnection): void {
    if (this.#idle.delete(connection)) this.#wanted = Math.max(1, this.#wanted - 1);
  }

  /** An idle connection is of no more use; `why` is there if that says something about the server. */
  lost(connection: IdleConnection, why: string | undefined): void {
    if (!this.#idle.delete(connection) || why === undefined) return;
    this.#pause();
    this.#host.suspect(why);
  }

  /** It could not be made, through no fault of the server. */
  short(connection: IdleConnection, why: string): void {
    this.#idle.delete(connection);
    this.#pause();
    this.#host.shortage(why);
  }

  /** Only a client that comes soon after another is a reason to make any, as it may be followed by a third. */
  #came(): void {
    const now = this.#host.runtime.now();
    const ms = now - this.#cameAt;
    if (ms < refillMs) return;
    this.#cameAt = now;
    if (ms < lifeMs) return this.#fillSoon();
    this.#wanted = 0;
    this.#isShort = false;
  }

  #fillSoon(): void {
    const { runtime } = this.#host;
    this.#refill ??= runtime.after(Math.max(refillMs, this.#notBefore - runtime.now()), () => {
      this.#refill = undefined;
      this.#fill();
    });
  }

  /** After a failure. */
  #pause(): void {
    this.#notBefore = this.#host.runtime.now() + retryMs;
    this.#wanted = 0;
    this.#cancelRefill();
  }

  #cancelRefill(): void {
    this.#refill?.cancel();
    this.#refill = undefined;
  }

  #fill(): void {
    if (this.#isShort || this.#wanted === 0) this.#wanted = Math.min(most, this.#wanted + this.step);
    this.#isShort = false;
    while (this.#address !== undefined && this.#idle.size < this.#wanted) {
      this.#idle.add(new IdleConnection(this, this.#host, this.#address));
    }
  }
}

/** One connection that no client uses yet. */
class IdleConnection implements ServerSide {
  isReady = false;
  readonly #pool: Prewarm;
  readonly #host: PrewarmHost;
  readonly #conn: Conn<ServerSide> | undefined;
  readonly #since: number;
  #timer: Timer;
  #isClosing = false;

  constructor(pool: Prewarm, host: PrewarmHost, address: Address) {
    this.#pool = pool;
    this.#host = host;
    this.#since = host.runtime.now();
    this.#timer = host.runtime.after(lifeMs, () => this.retire());
    // The last, so that there is no connection without a timer.
    this.#conn = host.runtime.connect<ServerSide>(address, host.connectOptions, host.serverHandlers, this);
  }

  get isOld(): boolean {
    return this.#host.runtime.now() - this.#since >= lifeMs;
  }

  /** From now on its events are the new owner's. */
  handOver(): Conn<ServerSide> {
    this.#timer.cancel();
    return this.#conn!;
  }

  /** Ends it without a word in the server's log, which a reset would leave there. Does not throw. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#timer.cancel();
    if (!this.isReady) return this.#conn?.abort();
    this.isReady = false;
    try {
      this.#conn?.shutdown();
      this.#timer = this.#host.runtime.after(closingMs, () => this.#conn?.abort());
    } catch (error) {
      this.serverFaulted('prewarm', error);
    }
  }

  retire(): void {
    this.close();
    this.#pool.unused(this);
  }

  serverOpen(): void {
    this.isReady = !this.#isClosing;
  }

  /** A server that speaks first is no PostgreSQL; whatever it is, no client shall have this connection. */
  serverData(): void {
    this.close();
    this.#pool.lost(this, undefined);
  }

  serverDrain(): void {}

  serverEnd(): void {
    const isUnexpected = !this.#isClosing;
    this.close();
    if (isUnexpected) this.#pool.lost(this, 'the server ended a connection that it had just accepted');
  }

  serverClosed(_conn: Conn<ServerSide>, error: NetError | undefined): void {
    this.#timer.cancel();
    if (this.#isClosing) return;
    if (error !== undefined && isShortage(error)) return this.#pool.short(this, error.message);
    const why = error === undefined
      ? 'the server ended a connection that it had just accepted'
      : `connecting ahead failed with ${error.code}`;
    this.#pool.lost(this, why);
  }

  serverFaulted(where: string, error: unknown): void {
    this.#host.faulted(where, error);
    this.#timer.cancel();
    this.#isClosing = true;
    this.#conn?.abort();
    this.#pool.lost(this, undefined);
  }
}
