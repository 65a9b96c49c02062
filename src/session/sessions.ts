/**
 * The data half: listens, and keeps every session. Callbacks only; it has no clock but the runtime's and knows
 * the world only by the routes that it is given.
 */
import { at, type CloseReason, type Counters, servedAt, total } from '../plane/counters.ts';
import { type Command, type DataSettings, noRoute, type Report, type Route } from '../plane/messages.ts';
import type {
  Address,
  Conn,
  ConnectOptions,
  Handlers,
  KeepAlive,
  Listener,
  NetError,
  Runtime,
  SocketOptions,
} from '../runtime/runtime.ts';
import type { Refusal } from './error-response.ts';
import { Prewarm, type PrewarmHost, type ServerSide } from './prewarm.ts';
import {
  dialFailures,
  noPrimary,
  primaryUnreachable,
  shuttingDown,
  tooManyHeld,
  tooManySessions,
} from './refusal.ts';
import { Roster } from './roster.ts';
import { Session } from './session.ts';
import type { SessionHost } from './session-host.ts';
import { Waiting } from './waiting.ts';

/** How soon a failed dial is tried again while the route stands. */
const redialMs = 100;

/** One report of suspicion is enough for everything that happens within this time. */
const suspicionMs = 50;

export class Sessions implements SessionHost<Session>, PrewarmHost {
  readonly runtime: Runtime;
  readonly settings: DataSettings;
  readonly counters: Counters;
  /** Of all workers: the limits are those of the whole program. */
  readonly #slabs: readonly Counters[];
  readonly connectOptions: ConnectOptions;

  readonly #report: (report: Report) => void;
  readonly #prewarm: Prewarm;
  readonly #all = new Roster<Session>();
  readonly #waiting: Waiting;
  #route: Route = noRoute;
  #slot = 0;
  /** Cancel requests go here while there is no route: the sessions that they mean are still there. */
  #lastPrimary: Address | undefined;
  #listener: Listener | undefined;
  #draining = false;
  #stopping = false;
  #lastSuspicion = -Infinity;

  /** Counts in slab number `index` of `slabs`, which are those of all workers. */
  constructor(
    runtime: Runtime,
    settings: DataSettings,
    slabs: readonly Counters[],
    index: number,
    report: (report: Report) => void,
  ) {
    this.runtime = runtime;
    this.settings = settings;
    this.counters = slabs[index]!;
    this.#slabs = slabs;
    this.#report = report;
    const { keepAlive, connectTimeoutMs } = settings;
    this.#prewarm = new Prewarm(this, settings.prewarm);
    // They are let go only while there is a primary: see `#take`.
    this.#waiting = new Waiting(
      runtime,
      this.counters,
      (session) => this.#dial(session, this.#route.primary!),
    );
    this.connectOptions = { ...socketOptions(keepAlive), timeoutMs: connectTimeoutMs };
  }

  /** Begins to listen; `listening` or `listenFailed` is reported. */
  start(): void {
    const { listen, reusePort, backlog, keepAlive } = this.settings;
    const options = { ...socketOptions(keepAlive), backlog, reusePort };
    this.#listener = this.runtime.listen(listen, options, this.#clientHandlers, {
      listening: ({ address }) => this.#report({ kind: 'listening', address }),
      failed: ({ code, message }) => this.#report({ kind: 'listenFailed', code, message }),
    });
  }

  /** Obeys the control half. */
  command(command: Command): void {
    switch (command.kind) {
      case 'route':
        this.#slot = command.slot;
        return this.#take(command.route);
      case 'bury':
        return this.#bury(command.server);
      case 'drain':
        return this.#drain();
      case 'stop':
        return this.#stop();
    }
  }

  // What the control half decides

  #take(route: Route): void {
    if (route.epoch !== this.#route.epoch) this.#prewarm.aim(route.primary);
    this.#route = route;
    this.#all.each((session) => {
      if (session.phase === 'open') {
        if (session.epoch < route.fence) session.end('fenced');
      } else if (session.phase === 'dialling' && session.epoch !== route.epoch && !session.isCancel) {
        // A client whose server has not answered yet has lost nothing: it goes to the new one, or waits.
        this.admit(session);
      }
    });
    if (route.primary === undefined) return this.#waiting.stop();
    this.#lastPrimary = route.primary;
    this.#waiting.release();
  }

  #bury(server: Address): void {
    const where = JSON.stringify(server);
    this.#all.each((session) => {
      if (JSON.stringify(session.serverAddress) !== where) return;
      if (session.phase === 'open') session.end('fenced');
      // Nothing has happened for this client yet: it can wait for another server.
      else if (session.phase === 'dialling') this.dialFailed(session, dialFailures.silent);
    });
  }

  #drain(): void {
    this.#draining = true;
    this.#prewarm.aim(undefined);
    this.#listener?.close();
    this.#waiting.stop();
    for (const session of this.#waiting.takeAll()) this.#refuse(session, shuttingDown);
  }

  #stop(): void {
    if (!this.#draining) this.#drain();
    this.#all.each((session) => session.endQuietly('drained'));
    this.#stopping = true;
    this.#sayStopped();
  }

  /** Once the last client's socket is closed. */
  #sayStopped(): void {
    if (!this.#stopping || this.counters[at.active]! > 0) return;
    this.#stopping = false;
    this.#report({ kind: 'stopped' });
  }

  // What sessions ask for

  admit(session: Session): void {
    if (session.isCancel) return this.#passCancel(session);
    if (this.#draining) return this.#refuse(session, shuttingDown);
    if (!session.admitted) {
      const { maxSessions } = this.settings;
      if (total(this.#slabs, 'admitted') >= maxSessions) return session.refuse(tooManySessions(maxSessions));
      session.admitted = true;
      this.counters[at.admitted]! += 1;
    }
    // Those who came first are let go first.
    if (this.#route.primary === undefined || this.#waiting.size > 0) return this.#hold(session);
    this.#dial(session, this.#route.primary);
  }

  #dial(session: Session, primary: Address): void {
    const ready = this.#prewarm.take();
    if (ready !== undefined) this.counters[at.prewarmed]! += 1;
    session.dial(primary, this.#route.epoch, ready);
  }

  opened(session: Session): void {
    if (session.isCancel) return;
    session.served = servedAt + this.#slot;
    this.counters[session.served]! += 1;
  }

  dialFailed(session: Session, error: NetError): void {
    if (session.isCancel) return session.end('refused');
    session.dialFailure = error;
    this.suspect(`dialling the primary failed with ${error.code}`);
    this.#hold(session);
    if (this.#route.primary !== undefined) this.#waiting.releaseLater(redialMs);
  }

  holdTimedOut(session: Session): void {
    this.#waiting.remove(session);
    this.#refuse(session, this.#noPrimary(session));
  }

  suspect(why: string): void {
    const now = this.runtime.now();
    if (now - this.#lastSuspicion < suspicionMs) return;
    this.#lastSuspicion = now;
    this.#report({ kind: 'suspicion', epoch: this.#route.epoch, why });
  }

  ended(session: Session): void {
    this.#waiting.remove(session);
    if (session.served !== undefined) this.counters[session.served]! -= 1;
    this.#dismiss(session);
    this.#all.remove(session);
  }

  left(_session: Session, reason: CloseReason): void {
    this.counters[at.active]! -= 1;
    this.counters[at[reason]]! += 1;
    this.#sayStopped();
  }

  /** A client that is refused may take its time to read that; its place is free at once. */
  #refuse(session: Session, refusal: Refusal): void {
    this.#dismiss(session);
    session.refuse(refusal);
  }

  #dismiss(session: Session): void {
    if (!session.admitted) return;
    session.admitted = false;
    this.counters[at.admitted]! -= 1;
  }

  // Holding

  #hold(session: Session): void {
    const now = this.runtime.now();
    const leftMs = (session.holdUntil ?? now + this.settings.holdMs) - now;
    if (leftMs <= 0) return this.#refuse(session, this.#noPrimary(session));
    const { maxHeld } = this.settings;
    if (total(this.#slabs, 'held') >= maxHeld) {
      return this.#refuse(session, tooManyHeld(this.#route, maxHeld));
    }
    if (session.holdUntil === undefined) {
      session.holdUntil = now + leftMs;
      this.counters[at.holds]! += 1;
    }
    this.#waiting.add(session);
    session.hold(leftMs);
  }

  #passCancel(session: Session): void {
    const server = this.#route.primary ?? this.#lastPrimary;
    // PostgreSQL answers a cancel request by closing, whether it did something or not.
    if (server === undefined) return session.end('refused');
    this.counters[at.cancels]! += 1;
    session.dial(server, this.#route.epoch);
  }

  #noPrimary(session: Session): Refusal {
    const { dialFailure } = session;
    const { holdMs } = this.settings;
    return this.#route.primary !== undefined && dialFailure !== undefined
      ? primaryUnreachable(this.#route, holdMs, dialFailure)
      : noPrimary(this.#route, holdMs);
  }

  // Handlers

  readonly #clientHandlers: Handlers<Session> = {
    open: (conn) => this.#accepted(conn),
    data: (conn, bytes) => conn.data.clientData(bytes),
    drain: (conn) => conn.data.clientDrain(),
    end: (conn) => conn.data.clientEnd(),
    close: (conn, error) => conn.data.clientClosed(error),
  };

  readonly serverHandlers: Handlers<ServerSide> = {
    open: (conn) => conn.data.serverOpen(conn),
    data: (conn, bytes) => conn.data.serverData(bytes, conn),
    drain: (conn) => conn.data.serverDrain(),
    end: (conn) => conn.data.serverEnd(conn),
    close: (conn, error) => conn.data.serverClosed(conn, error),
  };

  #accepted(conn: Conn<Session>): void {
    const session = new Session(conn, this);
    conn.data = session;
    this.counters[at.accepted]! += 1;
    this.counters[at.active]! += 1;
    this.#all.add(session);
    // A refusal takes descriptors too, so there is a bound to those that get one.
    if (total(this.#slabs, 'active') > this.settings.maxClients) session.end('limit');
  }
}

/** Sent bytes may stay unacknowledged as long as a peer may stay silent; TCP by itself would try for a quarter of an hour. */
function socketOptions(keepAlive: KeepAlive | undefined): SocketOptions {
  const userTimeoutMs = keepAlive && keepAlive.idleMs + keepAlive.intervalMs * keepAlive.count;
  return { noDelay: true, keepAlive, userTimeoutMs };
}
