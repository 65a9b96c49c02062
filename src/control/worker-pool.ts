/**
 * The data planes, as the control plane sees them: as many as NUM_THREADS says, each in a worker thread, or with 0
 * one in this thread. A worker that dies is replaced; the others notice nothing.
 */
import { deferred } from '../deferred.ts';
import { messageOf, StartError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Engine } from '../runtime/engine.ts';
import { closeDescriptors } from '../runtime/linux/descriptors.ts';
import { stopListening } from '../runtime/linux/shared-listener.ts';
import type { Address, Runtime } from '../runtime/runtime.ts';
import { AddressTable, newAddressMemory } from '../data/address-table.ts';
import { DataPlane } from '../data/data-plane.ts';
import { at, beatMs, type Counters, newCounters, servedAt } from '../contract/counters.ts';
import {
  type Command,
  type DataSettings,
  noRoute,
  type Port,
  type Report,
  type Route,
  type Selection,
} from '../contract/messages.ts';
import { shareOf, type Sockets } from '../contract/sockets.ts';
import { type Lease, Leases } from './leases.ts';
import { logReport } from './report-log.ts';
import { ServerSlots } from './server-slots.ts';
import { closeListeners, sharedBy } from './shared-listeners.ts';
import { type Found, Survey } from './survey.ts';
import { cannotListen, tryListen } from './try-listen.ts';
import { UnixPlaces } from './unix-places.ts';
import { restartAfterMs, retryMs } from './worker-restart.ts';
import { openWorkerThread } from './worker-thread.ts';
import { type WorkerState, WorkerWatch } from './worker-watch.ts';

export interface WorkerPoolOptions {
  /** 0: in this thread. */
  readonly workers: number;
  /** In this thread it is the portable one. */
  readonly engine: Engine['name'];
  /** The worker's entry. Built by a file in src/: in the executable only paths from there resolve. */
  readonly workerFile: URL;
  readonly settings: DataSettings;
  /** What listens already, all of it. It is closed with the ports. */
  readonly sockets: Sockets;
  readonly runtime: Runtime;
  readonly log: Log;
  /** A data plane saw something that calls for a probe. */
  suspicion(why: string): void;
  /** What `fn` throws is a fault of ours, and goes no further. */
  guard(where: string, fn: () => void): void;
}

/** Where clients are listened to. */
export interface Listening {
  readonly address: Address;
  readonly standby: Address | undefined;
}

/** One data plane. */
interface DataPlaneHandle {
  send(command: Command): void;
  /** Resolves when it takes no more clients. */
  drained: Promise<void>;
  /** Resolves when nothing of it is left. */
  ended: Promise<void>;
}

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #dataPlanes: DataPlaneHandle[] = [];
  /** Those that each data plane has bound itself, and can be passed on. */
  readonly #bound: (Sockets | undefined)[] = [];
  readonly #counters: readonly Counters[];
  readonly addresses: SharedArrayBuffer;
  readonly serverSlots: ServerSlots;
  readonly #leases: Leases;
  readonly #watch = new WorkerWatch();
  readonly #survey = new Survey();
  /** With the addresses that were bound, once they are. */
  #settings: DataSettings;
  readonly #unix: UnixPlaces;
  #route: Route = noRoute;
  /** Newcomers wait, whatever the route says. */
  #held: { readonly reason: string; readonly holdMs: number } | undefined;
  #stopping = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#unix = new UnixPlaces(options.settings.alsoListen);
    this.#counters = Array.from({ length: Math.max(1, options.workers) }, newCounters);
    this.addresses = newAddressMemory(this.#counters.length);
    this.serverSlots = new ServerSlots(this.#counters);
    this.#leases = new Leases(this.#counters, this.serverSlots);
  }

  /** The slabs of all data planes. */
  get counters(): readonly Counters[] {
    return this.#counters;
  }

  /** Starts all data planes. Resolves with the addresses that clients reach; rejects with StartError. */
  async start(): Promise<Listening> {
    const settings = this.#settings;
    const count = this.#counters.length;
    let listening: Listening = { address: settings.listen, standby: settings.listenStandby };
    // Shared ports are shared with other programs of this user too: find out first whether one listens there.
    if (count > 1) {
      const { listen, listenStandby, alsoListen } = settings;
      listening = {
        address: await this.#tryListen(listen, 'primary'),
        standby: listenStandby && await this.#tryListen(listenStandby, 'standby'),
      };
      for (const { port, address } of alsoListen) {
        if (!('path' in address)) await tryListen(this.#options.runtime, address, port, settings.backlog);
      }
    }
    for (let index = 0; index < count; index++) {
      this.#settings = { ...boundTo(this.#settings, listening), reusePort: count > 1 };
      listening = await this.#open(index);
    }
    this.#settings = boundTo(this.#settings, listening);
    this.watch();
    return listening;
  }

  /** What can be changed while it runs. Where it listens is not looked at. */
  reconfigure(settings: DataSettings): void {
    const { listen, listenStandby, alsoListen, reusePort } = this.#settings;
    this.#settings = { ...settings, listen, listenStandby, alsoListen, reusePort };
    this.#send({ kind: 'settings', settings: this.#settingsNow });
  }

  /** Until when the servers' last answers count. Before `publish`: no client is sent to a server without a lease. */
  renewLeases(leases: readonly Lease[]): void {
    this.#leases.take(leases);
  }

  publish(route: Route): void {
    this.#route = route;
    this.serverSlots.slotsOf(route);
    this.#leases.write();
    this.#send(this.#routing);
  }

  hold(reason: string, holdMs: number): void {
    this.#held = { reason, holdMs };
    this.#send({ kind: 'settings', settings: this.#settingsNow });
    this.#send(this.#routing);
  }

  release(): void {
    this.#held = undefined;
    this.#send({ kind: 'settings', settings: this.#settingsNow });
    this.#send(this.#routing);
  }

  /** While newcomers are held it leads nowhere. Its epoch and its fence stay, so sessions live on, unless there is a failover. */
  get #routing(): Command {
    const [held, route] = [this.#held, this.#route];
    const { slots } = this.serverSlots;
    if (held === undefined) return { kind: 'route', route, ...slots };
    const standbys = route.standbys.map((standby) => ({ ...standby, weight: 0 }));
    const { reason } = held;
    return { kind: 'route', route: { ...route, primary: undefined, standbys, reason }, ...slots };
  }

  get #settingsNow(): DataSettings {
    const settings = this.#settings;
    return this.#held === undefined
      ? settings
      : { ...settings, holdMs: Math.max(settings.holdMs, this.#held.holdMs) };
  }

  /**
   * Reports workers that have come to a stop, or run again; and while one does not move and another does, new clients go
   * to the other. To be called every second.
   */
  watch(): void {
    if (this.#options.workers === 0 || this.#stopping) return;
    const now = this.#options.runtime.now();
    const counts = this.#counters.map((counters) => counters[at.beats]!);
    const changes = this.#watch.look(counts, now);
    const avoided = this.#avoidStuck(now);
    for (const { index: worker, isStuck, silentMs } of changes) {
      const { fence: wanted } = this.#route;
      const isFenced = this.#counters[worker]![at.fence]! >= wanted;
      const fence = isFenced ? undefined : `epoch ${wanted} is not confirmed: older sessions may live on`;
      const listening = avoided.has(worker) ? 'stopped: new clients go to the other workers' : undefined;
      this.#options.log(isStuck ? 'worker_stuck' : 'worker_runs_again', {
        worker,
        silentMs,
        fence,
        listening,
      });
    }
  }

  /** Those that get no new clients. Each listens again by itself when it moves. */
  #avoidStuck(now: number): Set<number> {
    const states = this.#watch.states(now);
    const avoided = new Set<number>();
    if (states.every(({ isStuck }) => isStuck)) return avoided;
    states.forEach(({ isStuck }, index) => {
      const listeners = isStuck ? sharedBy(this.#counters[index]!) : [];
      listeners.forEach(stopListening);
      if (listeners.length > 0) avoided.add(index);
    });
    return avoided;
  }

  /** This program did not run until now. */
  stalled(now: number): void {
    this.#watch.forgive(now);
  }

  /** Of each worker thread, in the order of the numbers that the log calls them by. */
  get workers(): readonly WorkerState[] {
    return this.#options.workers === 0 ? [] : this.#watch.states(this.#options.runtime.now());
  }

  sessionsOn(server: Address): number {
    return this.serverSlots.sessionsOn(server);
  }

  endDead(server: Address): void {
    this.#send({ kind: 'endDead', server });
  }

  /** Ends the sessions of the standby port on `server`. */
  endStandbySessions(server: Address): void {
    this.#send({ kind: 'endStandbySessions', server });
  }

  /** Lists, or ends, the clients that are meant. */
  survey(kind: 'list' | 'kill', of: Selection): Promise<Found> {
    const workers = this.#dataPlanes.map((_, index) => index);
    return this.#survey.put(workers, (id) => this.#send({ kind, id, of }));
  }

  /** All that listens, for another process; a port has none where the engine gives none out. */
  get sockets(): Sockets {
    const { sockets } = this.#options;
    const of = (port: Port) => [...sockets[port], ...this.#bound.flatMap((one) => one?.[port] ?? [])];
    return { primary: of('primary'), standby: of('standby') };
  }

  /** Takes no more clients. Resolves once those that were connected are counted. */
  async drain(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#counters.forEach(closeListeners);
    this.#unix.remove();
    this.#send({ kind: 'drain' });
    this.#closeSockets();
    await Promise.all(this.#dataPlanes.map(({ drained }) => drained));
  }

  /** Ends every session and every worker. */
  async stop(): Promise<void> {
    if (!this.#stopping) this.#closeSockets();
    this.#unix.remove();
    this.#stopping = true;
    this.#counters.forEach(closeListeners);
    this.#send({ kind: 'stop' });
    await Promise.all(this.#dataPlanes.map(({ ended }) => ended));
  }

  /** On Node they belong to what listens there. */
  #closeSockets(): void {
    const { engine, sockets: { primary, standby } } = this.#options;
    if (engine === 'native') closeDescriptors([...primary, ...standby]);
  }

  #send(command: Command): void {
    for (const dataPlane of this.#dataPlanes) dataPlane.send(command);
  }

  async #tryListen(address: Address, port: Port): Promise<Address> {
    const { runtime, sockets } = this.#options;
    return sockets[port].length > 0
      ? address
      : await tryListen(runtime, address, port, this.#settings.backlog);
  }

  /** Starts the data plane number `index`, or starts it again. */
  #open(index: number): Promise<Listening> {
    const { primary, standby } = this.#options.sockets;
    const count = this.#counters.length;
    const sockets = { primary: shareOf(primary, index, count), standby: shareOf(standby, index, count) };
    const settings = {
      ...this.#settingsNow,
      sockets,
      alsoListen: this.#unix.listensOf(index, this.#settings.alsoListen),
    };
    const { promise, resolve, reject } = deferred<Listening>();
    const counters = this.#counters[index]!;
    // The sessions of a worker that died are gone, its history is not.
    for (const name of ['active', 'admitted', 'held', 'buffered'] as const) counters[at[name]] = 0;
    counters.fill(0, servedAt);
    // Its clock is not that of the one before.
    this.#leases.forget(index);
    const startedAt = this.#options.runtime.now();
    const drained = deferred<void>();
    const ended = deferred<void>();
    let bound: Listening | undefined;
    const onReport = (report: Report): void => this.#options.guard('report', () => take(report));
    const take = (report: Report): void => {
      if (report.kind === 'listening') {
        const problem = index === 0 ? this.#unix.publish() : undefined;
        if (problem !== undefined) return reject(problem);
        bound = report;
        if (this.#stopping) closeListeners(counters);
        this.#bound[index] = report.sockets;
        this.#leases.align(index, this.#options.runtime.now() - report.now);
        resolve(bound);
      } else if (report.kind === 'listenFailed') {
        reject(cannotListen(report.address, report.port, report.code, report.message));
      } else if (report.kind === 'suspicion') this.#options.suspicion(report.why);
      else if (report.kind === 'drained') drained.resolve();
      else if (report.kind === 'selected') this.#survey.take(index, report);
      else if (!logReport(index, report, this.#options.log)) ended.resolve();
    };
    const onExit = (why: string): void => {
      drained.resolve();
      ended.resolve();
      closeListeners(counters);
      this.#bound[index] = undefined;
      // One that never listened would die again: the caller decides.
      if (bound === undefined) reject(new StartError(`a worker ended before it could listen: ${why}`));
      else this.#replace(index, why, this.#options.runtime.now() - startedAt);
    };
    const send = this.#options.workers === 0 ? this.#openHere(settings, onReport) : openWorkerThread(
      this.#options,
      {
        settings,
        counters: this.#counters.map(({ buffer }) => buffer),
        index,
        addresses: this.addresses,
        controlNow: this.#options.runtime.now(),
      },
      onReport,
      onExit,
    );
    this.#dataPlanes[index] = { send, drained: drained.promise, ended: ended.promise };
    send(this.#routing);
    return promise;
  }

  #openHere(settings: DataSettings, onReport: (report: Report) => void): DataPlaneHandle['send'] {
    const { runtime } = this.#options;
    const beat = (): void => {
      this.#counters[0]![at.clock] = Math.floor(runtime.now());
    };
    beat();
    const beats = setInterval(beat, beatMs);
    const addresses = new AddressTable(this.addresses, 1, 0, () => runtime.now());
    const dataPlane = new DataPlane(runtime, settings, this.#counters, 0, addresses, (report) => {
      if (report.kind === 'stopped' || report.kind === 'listenFailed') clearInterval(beats);
      onReport(report);
    });
    dataPlane.start();
    return (command) => dataPlane.command(command);
  }

  #replace(index: number, why: string, livedMs: number): void {
    if (this.#stopping) return;
    const { log } = this.#options;
    log('worker_died', { worker: index, why });
    setTimeout(() => this.#reopen(index), restartAfterMs(livedMs));
  }

  #reopen(index: number): void {
    if (this.#stopping) return;
    this.#open(index).catch((error) => {
      if (this.#stopping) return;
      const why = messageOf(error);
      this.#options.log('worker_not_replaced', { worker: index, why });
      setTimeout(() => this.#reopen(index), retryMs);
    });
  }
}

function boundTo(settings: DataSettings, { address, standby }: Listening): DataSettings {
  return { ...settings, listen: address, listenStandby: standby };
}
