/**
 * The data plane: listens, and keeps every session. Callbacks only; it has no clock but the runtime's and knows
 * the servers only by the routes that it is given.
 */
import { at, type CloseReason, type Counters, type ProxyOutcome, total } from '../contract/counters.ts';
import {
  type Command,
  type DataSettings,
  noRoute,
  type Port,
  ports,
  type Report,
  type Route,
} from '../contract/messages.ts';
import type { OtherProtocol } from '../protocol/opening.ts';
import { isSameAddress } from '../runtime/addresses.ts';
import type { Address, Conn, ConnectOptions, Runtime, Timer } from '../runtime/runtime.ts';
import type { AddressTable } from './address-table.ts';
import { CancelQueue, type CancelQueueHost } from './cancel-queue.ts';
import { ClientLimits } from './client-limits.ts';
import { Notices } from './notices.ts';
import { noEpoch, type Target, Targets } from './targets.ts';
import { EndLog } from './end-log.ts';
import { withGuardedTimers } from './faults.ts';
import { clientHandlers, serverHandlers } from './handlers.ts';
import { Logins } from './logins.ts';
import { Listeners } from './listeners.ts';
import { Prewarm, type PrewarmHost } from './prewarm.ts';
import { ProxySources } from './proxy-sources.ts';
import {
  type DialFailure,
  dialFailures,
  killed,
  noServer,
  type Refusal,
  sessionEnded,
  shuttingDown,
  tooManyHeld,
  tooManySessions,
} from './refusals.ts';
import { Roster } from './roster.ts';
import { Rounds } from './rounds.ts';
import { Sessionless } from './sessionless.ts';
import { SessionList } from './session-list.ts';
import { Session } from './session/session.ts';
import type { ClientSide, SessionHost } from './session-host.ts';
import { connectOptionsOf } from './socket-options.ts';
import { SessionCounts } from './session-counts.ts';
import { HoldQueue } from './hold-queue.ts';
import { TurnedAways } from './turned-away.ts';

/** How long a client may take to read that the gateway ends, and to close. */
const farewellMs = 1_000;

/** So many servers may let a client wait for their first byte in vain: on the standby port, a minute in all. */
const mostSilences = 3;

export class DataPlane implements SessionHost<Session>, PrewarmHost, CancelQueueHost {
  readonly runtime: Runtime;
  settings: DataSettings;
  readonly counters: Counters;
  /** Of all workers: the limits are those of the whole program. */
  readonly #slabs: readonly Counters[];
  connectOptions: ConnectOptions;
  readonly cancels: CancelQueue;
  secondAttempts = 0;
  readonly logins = new Logins();
  readonly serverHandlers = serverHandlers;

  readonly #report: (report: Report) => void;
  readonly #prewarm: Prewarm;
  readonly #sessions = new SessionList<Session>((session, error) => session.broke('sessions', error));
  readonly #roster: Roster;
  readonly #endLog: EndLog;
  readonly #notices: Notices;
  readonly #turnedAway: TurnedAways;
  readonly #sessionless: Sessionless;
  readonly limits: ClientLimits;
  readonly #rounds: Rounds;
  readonly #counts: SessionCounts;
  readonly #proxySources: ProxySources;
  readonly #holdQueues: Readonly<Record<Port, HoldQueue>>;
  readonly #targets: Targets;
  #route: Route = noRoute;
  readonly #listeners = new Listeners();
  #draining = false;
  /** Runs while the last clients are being ended. */
  #farewell: Timer | undefined;

  /** Counts in slab number `index` of `slabs`, which are those of all workers. */
  constructor(
    runtime: Runtime,
    settings: DataSettings,
    slabs: readonly Counters[],
    index: number,
    addresses: AddressTable,
    report: (report: Report) => void,
  ) {
    this.runtime = runtime = withGuardedTimers(runtime, (error) => this.faulted('timer', error));
    this.settings = settings;
    this.counters = slabs[index]!;
    this.#slabs = slabs;
    this.#report = report;
    this.#turnedAway = new TurnedAways(this.counters, runtime, report);
    this.#sessionless = new Sessionless(this.#turnedAway);
    this.limits = new ClientLimits(settings, addresses, this.#turnedAway);
    this.#rounds = new Rounds(runtime, this.#sessions, this.counters, slabs, this.#turnedAway);
    this.#rounds.reconfigure(settings);
    this.cancels = new CancelQueue(this, slabs.length);
    this.#prewarm = new Prewarm(this, settings.prewarm);
    this.#counts = new SessionCounts(this.counters, slabs);
    this.#proxySources = new ProxySources(settings);
    this.#notices = new Notices(runtime, report);
    this.#endLog = new EndLog(runtime, settings.logConnections, slabs.length, report);
    this.#roster = new Roster(runtime, this.#sessions, report, (session) => this.#kill(session));
    const targets = this.#targets = new Targets(runtime, slabs, this.counters, settings);
    const queueOf = (port: Port): HoldQueue =>
      new HoldQueue(
        runtime,
        this.counters,
        slabs,
        (session) => targets.of(port, session),
        (...next) => this.#dial(...next),
      );
    this.#holdQueues = { primary: queueOf('primary'), standby: queueOf('standby') };
    this.connectOptions = connectOptionsOf(settings);
  }

  /** Begins to listen; `listening` or `listenFailed` is reported. */
  start(): void {
    const share = (port: Port, descriptor: number): void => {
      this.counters[at[`${port}Listener`]] = descriptor;
    };
    this.#listeners.start(
      this.runtime,
      this.settings,
      (port, isUnix) => clientHandlers((conn) => this.#accepted(conn, port, isUnix), this),
      this.#report,
      share,
    );
  }

  /** Obeys the control plane. */
  command(command: Command): void {
    switch (command.kind) {
      case 'route':
        return this.#takeRoute(command);
      case 'settings':
        return this.#takeSettings(command.settings);
      case 'endDead':
        return this.#eachOn(command.server, ({ state }) => state.serverDied());
      case 'endStandbySessions':
        return this.#eachOn(command.server, ({ state }) => state.standbyLost());
      case 'list':
        return this.#roster.list(command);
      case 'kill':
        return this.#roster.kill(command);
      case 'drain':
        return this.#drain();
      case 'stop':
        return this.#stop();
    }
  }

  // What the control plane decides

  #takeRoute(command: Extract<Command, { kind: 'route' }>): void {
    const { route } = command;
    if (route.epoch !== this.#route.epoch && !this.#draining) this.#prewarm.retarget(route.primary);
    this.#route = route;
    this.#targets.take(command);
    this.#sessions.each((session) => session.state.routed(route, this.#targets));
    for (const port of ports) {
      if (this.#targets.has(port)) this.#holdQueues[port].release();
      else this.#holdQueues[port].stop();
    }
    this.counters[at.fence] = route.fence;
  }

  #takeSettings(settings: DataSettings): void {
    this.settings = settings;
    this.connectOptions = connectOptionsOf(settings);
    this.#targets.reconfigure(settings);
    this.#proxySources.reconfigure(settings);
    this.limits.reconfigure(settings, this.#sessions);
    this.#rounds.reconfigure(settings);
    this.#prewarm.step = settings.prewarm;
    this.#endLog.reconfigure(settings.logConnections, this.#sessions);
  }

  #eachOn(server: Address, fn: (session: Session) => void): void {
    this.#sessions.each((session) => {
      if (isSameAddress(session.serverAddress, server)) fn(session);
    });
  }

  /** Its server gets an orderly end, as when a client leaves: what is open there is rolled back, and its locks are free. */
  #kill(session: Session): void {
    const { state } = session;
    if (['open', 'held', 'dialling'].includes(state.name)) {
      return state.gatewayEnds({ waiting: killed, open: killed });
    }
    // One that has not said what it wants can read nothing, and the others are on their way out.
    session.end('killed');
  }

  #drain(): void {
    this.#draining = true;
    this.#prewarm.retarget(undefined);
    this.#listeners.drain(() => this.#report({ kind: 'drained' }));
  }

  /** Clients get a moment to read why. */
  #stop(): void {
    if (!this.#draining) this.#drain();
    this.#listeners.close();
    this.#rounds.stop();
    this.#farewell = this.runtime.after(farewellMs, () => {
      this.#sessions.each((session) => session.end('drained'));
    });
    this.#sessions.each(({ state }) => state.gatewayEnds({ waiting: shuttingDown, open: sessionEnded }));
    this.#reportStopped();
  }

  /** Once the last client's socket is closed. */
  #reportStopped(): void {
    if (this.#farewell === undefined || this.counters[at.active]! > 0) return;
    this.#farewell.cancel();
    this.#farewell = undefined;
    this.#endLog.tell();
    this.#report({ kind: 'stopped' });
  }

  // What sessions ask for

  admit(session: Session): void {
    if (session.isCancel) return this.#passCancel(session);
    if (this.#farewell !== undefined) return this.#refuse(session, shuttingDown);
    const refusal = this.limits.refusalOf(session) ?? this.#rounds.refusalOf(session);
    if (refusal !== undefined) return void session.refuse(refusal);
    const { maxSessions } = this.settings;
    if (!this.#counts.admit(session, maxSessions)) return void session.refuse(tooManySessions(maxSessions));
    this.#sessionless.delete(session);
    // Clients that came first are served first.
    const target = this.#targets.of(session.port, session);
    const queue = this.#holdQueues[session.port];
    if (target === undefined || queue.mustQueue(session, target, this.settings)) return this.#hold(session);
    this.#dial(session, target);
  }

  #dial(session: Session, { address, epoch, slot }: Target): void {
    const ready = session.port === 'primary' ? this.#prewarm.take() : undefined;
    if (ready !== undefined) this.counters[at.prewarmed]! += 1;
    this.#counts.dialling(session, slot);
    session.dial(address, epoch, ready);
  }

  notUnderstood({ remote, port }: Session, what: OtherProtocol | ProxyOutcome, refusal: Refusal): void {
    this.counters[at[what]]! += 1;
    this.#notices.otherProtocol(port, remote, what, `${refusal.message}. ${refusal.hint}`);
  }

  opened(session: Session): void {
    this.#counts.opened(session);
  }

  dialFailed(session: Session, failure: DialFailure): void {
    const { port } = session;
    const pending = session.pending!;
    pending.dialFailure = failure;
    if (failure.isShortage) this.shortage(failure.message);
    else this.suspect(`dialling the ${session.epoch === noEpoch ? 'standby' : 'primary'} ${failure.outcome}`);
    if (failure.behaviour === 'hungUp' && this.#isHungUpOnAgain(session)) {
      return session.hangUp('serverClosed');
    }
    if (pending.silences >= mostSilences) {
      return this.#refuse(session, noServer(this.#route, port, { ...this.settings, holdMs: 0 }, failure));
    }
    const instead = this.#targets.insteadOf(port, session, failure, pending.tried);
    if (instead !== undefined) return this.#dial(session, instead);
    this.#hold(session);
  }

  /**
   * Whether a server has hung up on the client before, and has answered a probe since. Then it is not on its way down: it
   * hangs up because of what the client says, and would do so each time.
   */
  #isHungUpOnAgain({ slot, pending }: Session): boolean {
    const before = pending!.hungUp;
    if (before !== undefined && this.#targets.leaseOf(before.slot) > before.lease) return true;
    pending!.hungUp ??= { slot, lease: this.#targets.leaseOf(slot) };
    return false;
  }

  holdTimedOut(session: Session): void {
    if (this.#holdQueues[session.port].timedOut(session)) return;
    this.#refuse(session, this.#noServer(session));
  }

  shutOut(session: Session, words: Refusal): void {
    this.#holdQueues[session.port].remove(session);
    this.#refuse(session, words);
  }

  suspect(why: string): void {
    this.#notices.suspect(why);
  }

  shortage(why: string): void {
    this.#notices.shortage(why);
  }

  faulted(where: string, error: unknown): void {
    this.counters[at.faults]! += 1;
    this.#notices.fault(where, error);
  }

  ended(session: Session): void {
    try {
      this.#endLog.ended(session);
    } catch (error) {
      // What is told of it must not keep it.
      this.faulted('ended', error);
    }
    this.limits.ended(session);
    this.#holdQueues[session.port].remove(session);
    this.#counts.remove(session);
    this.#sessionless.delete(session);
    this.#sessions.remove(session);
  }

  left(_session: Session, reason: CloseReason): void {
    this.counters[at.active]! -= 1;
    this.counters[at[reason]]! += 1;
    this.#reportStopped();
  }

  /** A client that is refused may take its time to read that, so it ceases to be a session at once. */
  #refuse(session: Session, refusal: Refusal): void {
    this.#counts.remove(session);
    this.#sessionless.add(session);
    session.refuse(refusal);
  }

  // Holding

  #hold(session: Session): void {
    const now = this.runtime.now();
    const pending = session.pending!;
    if (pending.hasEnded && !pending.first.isAsking) return session.hangUp('clientClosed');
    pending.tried.clear();
    const leftMs = (pending.holdUntil ?? now + this.settings.holdMs) - now;
    if (leftMs <= 0) return this.#refuse(session, this.#noServer(session));
    const { maxHeld } = this.settings;
    if (total(this.#slabs, 'held') >= maxHeld) {
      return this.#refuse(session, tooManyHeld(this.#route, session.port, maxHeld));
    }
    if (pending.holdUntil === undefined) {
      pending.holdUntil = now + leftMs;
      this.counters[at.holds]! += 1;
    }
    this.#counts.unassign(session);
    this.#holdQueues[session.port].add(session);
    if (this.#targets.has(session.port)) this.#holdQueues[session.port].retry();
    session.hold(leftMs);
  }

  #passCancel(session: Session): void {
    const servers = this.#targets.ofCancel(session.port);
    // PostgreSQL answers a cancel request by closing, whether it did something or not.
    if (servers[0] === undefined) return session.hangUp('refused');
    session.cancelAt(servers);
  }

  cancelBegins(): void {
    this.counters[at.cancels]! += 1;
  }

  cancelDropped(client: string): void {
    this.#turnedAway.note('cancels', client);
  }

  #noServer(session: Session): Refusal {
    const { port, pending } = session;
    const unproven = this.#targets.has(port) ? dialFailures.leaseExpired : undefined;
    const error = this.#targets.of(port, session) === undefined ? unproven : pending?.dialFailure;
    return noServer(this.#route, port, this.settings, error);
  }

  #accepted(conn: Conn<ClientSide>, port: Port, isUnix: boolean): void {
    this.counters[at.accepted]! += 1;
    const session = new Session(conn, port, this, this.#proxySources.termsOf(conn, isUnix));
    this.counters[at.active]! += 1;
    this.#sessions.add(session);
    this.#endLog.began(session);
    this.#sessionless.add(session);
    this.limits.accepted(session);
    if (total(this.#slabs, 'active') > this.settings.maxClients) this.#sessionless.displace();
  }
}
