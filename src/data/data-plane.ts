/**
 * The data half: listens, and keeps every session. Callbacks only; it has no clock but the runtime's and knows
 * the world only by the routes that it is given.
 */
import { at, type CloseReason, type Counters, total } from '../contract/counters.ts';
import {
  type Command,
  type DataSettings,
  noRoute,
  type Port,
  ports,
  type Report,
  type Route,
} from '../contract/messages.ts';
import type { Address, Conn, ConnectOptions, Handlers, NetError, Runtime } from '../runtime/runtime.ts';
import { type Destination, Destinations, noEpoch } from './targets.ts';
import { Listeners } from './listeners.ts';
import { Prewarm, type PrewarmHost, type ServerSide } from './prewarm.ts';
import {
  dialFailures,
  nobody,
  type Refusal,
  shuttingDown,
  tooManyHeld,
  tooManySessions,
} from './refusals.ts';
import { Roster } from './session-list.ts';
import { Session } from './session.ts';
import type { SessionHost } from './session-host.ts';
import { socketOptions } from './socket-options.ts';
import { Tally } from './session-counts.ts';
import { Waiting } from './hold-queue.ts';

/** One report of suspicion is enough for everything that happens within this time. */
const suspicionMs = 50;

export class Sessions implements SessionHost<Session>, PrewarmHost {
  readonly runtime: Runtime;
  readonly settings: DataSettings;
  readonly counters: Counters;
  /** Of all workers: the limits are those of the whole program. */
  readonly #slabs: readonly Counters[];
  readonly connectOptions: ConnectOptions;
  cancelling = 0;

  readonly #report: (report: Report) => void;
  readonly #prewarm: Prewarm;
  readonly #all = new Roster<Session>();
  readonly #tally: Tally;
  readonly #waiting: Readonly<Record<Port, Waiting>>;
  readonly #destinations: Destinations;
  #route: Route = noRoute;
  readonly #listeners = new Listeners();
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
    this.#tally = new Tally(this.counters, slabs);
    const destinations = new Destinations(runtime, slabs, this.counters, settings.fallback);
    this.#destinations = destinations;
    const waiting = (port: Port): Waiting =>
      new Waiting(runtime, this.counters, () => destinations.of(port), (...next) => this.#dial(...next));
    this.#waiting = { primary: waiting('primary'), standby: waiting('standby') };
    this.connectOptions = { ...socketOptions(keepAlive), timeoutMs: connectTimeoutMs };
  }

  /** Begins to listen; `listening` or `listenFailed` is reported. */
  start(): void {
    this.#listeners.start(this.runtime, this.settings, (port) => this.#clientHandlers(port), this.#report);
  }

  /** Obeys the control half. */
  command(command: Command): void {
    switch (command.kind) {
      case 'route':
        return this.#take(command);
      case 'bury':
        return this.#bury(command.server);
      case 'expel':
        return this.#expel(command.server);
      case 'drain':
        return this.#drain();
      case 'stop':
        return this.#stop();
    }
  }

  // What the control half decides

  #take(command: Extract<Command, { kind: 'route' }>): void {
    const { route } = command;
    if (route.epoch !== this.#route.epoch && !this.#draining) this.#prewarm.aim(route.primary);
    this.#route = route;
    this.#destinations.take(command);
    this.#all.each((session) => {
      if (session.phase === 'open') {
        // Its standby was promoted: from now on it is fenced like everybody there.
        if (session.epoch === noEpoch && this.#destinations.isPrimary(session.slot)) {
          session.epoch = route.epoch;
        }
        if (session.epoch < route.fence) session.end('fenced');
      } else if (session.phase === 'dialling' && !session.isCancel && !this.#destinations.stands(session)) {
        // A client whose server has not answered yet has lost nothing: it goes to another one, or waits.
        this.admit(session);
      }
    });
    for (const port of ports) {
      if (this.#destinations.has(port)) this.#waiting[port].release();
      else this.#waiting[port].stop();
    }
  }

  #bury(server: Address): void {
    this.#eachOn(server, (session) => {
      if (session.phase === 'open') session.end('fenced');
      // Nothing has happened for this client yet: it can wait for another server.
      else if (session.phase === 'dialling') this.dialFailed(session, dialFailures.silent);
    });
  }

  #expel(server: Address): void {
    this.#eachOn(server, (session) => {
      if (session.phase === 'open' && session.epoch === noEpoch) session.end('fenced');
    });
  }

  #eachOn(server: Address, fn: (session: Session) => void): void {
    const where = JSON.stringify(server);
    this.#all.each((session) => {
      if (JSON.stringify(session.serverAddress) === where) fn(session);
    });
  }

  #drain(): void {
    this.#draining = true;
    this.#prewarm.aim(undefined);
    this.#listeners.close();
    for (const port of ports) {
      this.#waiting[port].stop();
      for (const session of this.#waiting[port].takeAll()) this.#refuse(session, shuttingDown);
    }
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
    const { maxSessions } = this.settings;
    if (!this.#tally.admit(session, maxSessions)) return session.refuse(tooManySessions(maxSessions));
    // Those who came first are let go first.
    const destination = this.#destinations.of(session.port);
    if (destination === undefined || this.#waiting[session.port].hasQueue) return this.#hold(session);
    this.#dial(session, destination);
  }

  #dial(session: Session, { address, epoch, slot }: Destination): void {
    const ready = session.port === 'primary' ? this.#prewarm.take() : undefined;
    if (ready !== undefined) this.counters[at.prewarmed]! += 1;
    this.#tally.dialled(session, slot);
    session.dial(address, epoch, ready);
  }

  opened(session: Session): void {
    if (!session.isCancel) this.#tally.opened(session);
  }

  dialFailed(session: Session, error: NetError): void {
    if (session.isCancel) return session.end('refused');
    const { port } = session;
    session.dialFailure = error;
    const role = session.epoch === noEpoch ? 'standby' : 'primary';
    this.suspect(`dialling the ${role} failed with ${error.code}`);
    const instead = this.#destinations.insteadOf(port, session);
    if (instead !== undefined) return this.#dial(session, instead);
    this.#hold(session);
  }

  holdTimedOut(session: Session): void {
    this.#waiting[session.port].remove(session);
    this.#refuse(session, this.#nobody(session));
  }

  suspect(why: string): void {
    const now = this.runtime.now();
    if (now - this.#lastSuspicion < suspicionMs) return;
    this.#lastSuspicion = now;
    this.#report({ kind: 'suspicion', epoch: this.#route.epoch, why });
  }

  ended(session: Session): void {
    this.#waiting[session.port].remove(session);
    this.#tally.dismiss(session);
    this.#all.remove(session);
  }

  left(_session: Session, reason: CloseReason): void {
    this.counters[at.active]! -= 1;
    this.counters[at[reason]]! += 1;
    this.#sayStopped();
  }

  /** A client that is refused may take its time to read that; its place is free at once. */
  #refuse(session: Session, refusal: Refusal): void {
    this.#tally.dismiss(session);
    session.refuse(refusal);
  }

  // Holding

  #hold(session: Session): void {
    const now = this.runtime.now();
    const leftMs = (session.holdUntil ?? now + this.settings.holdMs) - now;
    if (leftMs <= 0) return this.#refuse(session, this.#nobody(session));
    const { maxHeld } = this.settings;
    if (total(this.#slabs, 'held') >= maxHeld) {
      return this.#refuse(session, tooManyHeld(this.#route, session.port, maxHeld));
    }
    if (session.holdUntil === undefined) {
      session.holdUntil = now + leftMs;
      this.counters[at.holds]! += 1;
    }
    this.#tally.left(session);
    this.#waiting[session.port].add(session);
    if (this.#destinations.has(session.port)) this.#waiting[session.port].retry();
    session.hold(leftMs);
  }

  #passCancel(session: Session): void {
    const servers = this.#destinations.ofCancel(session.port);
    // PostgreSQL answers a cancel request by closing, whether it did something or not.
    if (servers[0] === undefined) return session.end('refused');
    if (this.cancelling >= this.settings.maxClients) return session.end('limit');
    this.counters[at.cancels]! += 1;
    if (session.port === 'primary') return session.dial(servers[0], this.#route.epoch);
    session.epoch = noEpoch;
    session.cancelAt(servers);
  }

  #nobody({ port, dialFailure }: Session): Refusal {
    const isProven = this.#destinations.of(port) !== undefined;
    const error = isProven ? dialFailure : this.#destinations.has(port) ? dialFailures.unproven : undefined;
    return nobody(this.#route, port, this.settings, error);
  }

  // Handlers

  #clientHandlers(port: Port): Handlers<Session> {
    return {
      open: (conn) => this.#accepted(conn, port),
      data: (conn, bytes) => conn.data.clientData(bytes),
      drain: (conn) => conn.data.clientDrain(),
      end: (conn) => conn.data.clientEnd(),
      close: (conn, error) => conn.data.clientClosed(error),
    };
  }

  readonly serverHandlers: Handlers<ServerSide> = {
    open: (conn) => conn.data.serverOpen(conn),
    data: (conn, bytes) => conn.data.serverData(bytes, conn),
    drain: (conn) => conn.data.serverDrain(),
    end: (conn) => conn.data.serverEnd(conn),
    close: (conn, error) => conn.data.serverClosed(conn, error),
  };

  #accepted(conn: Conn<Session>, port: Port): void {
    const session = new Session(conn, port, this);
    conn.data = session;
    this.counters[at.accepted]! += 1;
    this.counters[at.active]! += 1;
    this.#all.add(session);
    // A refusal takes descriptors too, so there is a bound to those that get one.
    if (total(this.#slabs, 'active') > this.settings.maxClients) session.end('limit');
  }
}
