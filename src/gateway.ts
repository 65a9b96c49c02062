/**
 * Composition and life: start, drain, stop. No decision is made here: probes feed the controller, the controller feeds the
 * data planes, and a suspicion of a data plane makes the prober ask at once.
 */
import { CommandError, commandsOf, type Operations } from './admin/commands.ts';
import type { ControlSocket } from './admin/control-socket.ts';
import type { HttpServer } from './admin/http.ts';
import { serveMetricsPort } from './admin/metrics-port.ts';
import { openControlSocket } from './admin/own-control-socket.ts';
import { pagesOf } from './admin/pages.ts';
import { serviceState, type ServiceWatcher } from './admin/service-watcher.ts';
import type { Snapshot } from './admin/snapshot.ts';
import type { Reloaded } from './config/change.ts';
import type { Config } from './config/config.ts';
import type { Budget } from './config/descriptor-budget.ts';
import { changesBetween, changeText, reloaded } from './config/reload.ts';
import { total } from './contract/counters.ts';
import type { Bound, DataSettings } from './contract/messages.ts';
import { noSockets, type Sockets } from './contract/sockets.ts';
import { Pause } from './control/pause.ts';
import { Controller } from './control/controller.ts';
import { firstVerdict } from './control/first-verdict.ts';
import { Interruptions } from './control/interruptions.ts';
import { OwnFaults } from './control/own-faults.ts';
import { ProbeTimes } from './control/probe-times.ts';
import { Rests } from './control/rests.ts';
import { Samples } from './control/samples.ts';
import { UnaskedLogins } from './control/unasked-logins.ts';
import { type Listening, WorkerPool } from './control/worker-pool.ts';
import { messageOf, StartError } from './errors.ts';
import type { Log, OpenLog } from './log.ts';
import { operationsOf } from './operations.ts';
import {
  besideInherited,
  budgetOf,
  checkInherited,
  chosenEngine,
  controllerOptions,
  dataSettings,
  limitsOf,
  logWarnings,
  openRefusalServer,
} from './part-settings.ts';
import { Prober } from './probe/prober.ts';
import type { RefusalServer } from './refusal-server/refusal-server.ts';
import type { Engine } from './runtime/engine.ts';
import { pickRuntime } from './runtime/pick.ts';
import { version } from './version.ts';

// This line must stand in a file directly in src/: in the executable, paths are relative to there.
const workerFile = new URL('./data/worker.ts', import.meta.url);

/** How long it may take until the metrics port of the gateway before is free. */
const portFreeMs = 2_000;

/** How often sessions are counted while draining. */
const drainTickMs = 100;

/**
 * How often the age of the evidence is checked. Each probe is followed by a decision anyhow, and the data planes send
 * no client to a server whose lease has expired.
 */
const ageTickMs = 1000;

/** A gateway that has started: where it listens, and what it can be told. */
export interface Started {
  readonly listening: Listening;
  /** Undefined: there is no metrics port. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /** The path of the control socket; undefined: there is none. */
  readonly control: string | undefined;
  readonly operations: Operations;
}

/** What the program around a gateway gives to it. */
export interface Surroundings extends OpenLog {
  /** A command asks for what SIGTERM asks for, or another gateway has taken the ports over. */
  drainAsked(why: 'drain' | 'takeover'): void;
  readonly inherited: Inherited | undefined;
  readonly watcher: ServiceWatcher;
  /** After each decision; most change nothing. */
  decided?(controller: Pick<Controller, 'journal' | 'verdicts' | 'route' | 'drill'>): void;
  /** Reads all settings again. Throws ConfigError. */
  readConfig(): Config;
}

/** What listens already. */
export interface Inherited {
  readonly sockets: Sockets;
  /** Where they are bound; undefined: they are all that is listened on, whatever is set. */
  readonly bound?: readonly Bound[];
  /** Tells the gateway whose they were, and which still serves, that this one does from now on. */
  readonly serves?: () => Promise<void>;
}

/** What exists from `start` to `stop`. */
interface Parts {
  readonly engine: Engine;
  readonly workers: WorkerPool;
  readonly prober: Prober;
  readonly controller: Controller;
  readonly samples: Samples;
  readonly pause: Pause;
}

export class Gateway {
  #config: Config;
  readonly #log: Log;
  readonly #surroundings: Surroundings;
  readonly #runtime = pickRuntime();
  readonly #startedAt = new Date();
  readonly #startedMs = this.#runtime.now();
  #budget: Budget;
  /** What is thrown where this program is called back. */
  readonly faults: OwnFaults;
  readonly #probes = new ProbeTimes();
  readonly #unaskedLogins: UnaskedLogins;
  readonly #interruptions = new Interruptions();
  #parts: Parts | undefined;
  #refusalServer: RefusalServer | undefined;
  #http: HttpServer | undefined;
  #control: ControlSocket | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #isDraining = false;
  readonly #rests = new Rests();
  /** The start is one, too. */
  #lastReload = { isSuccessful: true, at: this.#startedAt };
  /** Two at a time would mix two configurations. */
  #reloading: Promise<unknown> | undefined;

  constructor(config: Config, surroundings: Surroundings) {
    this.#config = config;
    this.#surroundings = surroundings;
    this.#log = surroundings.log;
    this.#unaskedLogins = new UnaskedLogins([config.listen.host, ...config.listen.alsoOn], this.#log);
    this.#budget = budgetOf(config);
    this.faults = new OwnFaults(() => this.#runtime.now(), this.#log);
  }

  /** Resolves once clients can connect; rejects with StartError, and then nothing is left. */
  async start(): Promise<Started> {
    const { metrics } = this.#config;
    logWarnings(this.#config, this.#budget, this.#log);
    const engine = chosenEngine(this.#config);
    this.#log('engine', { engine: engine.name, runtime: this.#runtime.name, why: engine.why });
    checkInherited(this.#surroundings.inherited?.sockets, this.#config, engine.name, this.#runtime.name);
    try {
      this.#refusalServer = await openRefusalServer(this.#config, this.#budget, this.#log, this.faults.note);
      const { inherited } = this.#surroundings;
      const settings = await dataSettings(this.#config, this.#budget, this.#refusalServer.address);
      const parts = this.#compose(engine, inherited ? besideInherited(settings, inherited) : settings);
      this.#parts = parts;
      parts.prober.setFast(true);
      const takesOver = inherited?.serves !== undefined;
      // Clients must not come to one that knows no primary while another one serves them.
      if (takesOver) {
        parts.prober.start();
        await firstVerdict(parts.controller);
      }
      const listening = await parts.workers.start();
      await inherited?.serves?.();
      if (metrics) {
        const pages = pagesOf(() => this.#snapshot(parts));
        const { host, port } = metrics;
        const token = () => this.#config.metricsToken?.();
        const patienceMs = takesOver ? portFreeMs : 0;
        this.#http = await serveMetricsPort(host, port, pages, token, patienceMs, this.faults.note);
      }
      const operations = this.#operationsOf(parts);
      this.#control = await openControlSocket(
        this.#config.controlSocket,
        'port' in listening.address ? listening.address.port : 0,
        commandsOf(operations),
        this.#log,
        takesOver,
        this.faults.note,
      );
      if (!takesOver) parts.prober.start();
      this.#ticker = setInterval(() => {
        this.#decide(parts);
        this.faults.guard('workers', () => parts.workers.watch());
        this.faults.guard('watcher', () => {
          const state = serviceState(parts.controller.verdict, parts.workers);
          this.#surroundings.watcher.alive(state, this.#runtime.now());
        });
      }, ageTickMs);
      return {
        listening,
        metrics: metrics && this.#http && { host: metrics.host, port: this.#http.port },
        control: this.#control?.path,
        operations,
      };
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** How long clients are still taken after the signal to stop, and how long sessions may go on after that. */
  get drainTimes(): Config['drain'] {
    return this.#config.drain;
  }

  /** Sessions that are open now. */
  get active(): number {
    return total(this.#parts?.workers.counters ?? [], 'active');
  }

  /**
   * Is not ready from now on, takes no more clients after `acceptMs`, and resolves when the last session has ended, or
   * `ms` after that.
   */
  async drain({ acceptMs, ms }: Config['drain']): Promise<void> {
    this.#isDraining = true;
    this.#parts?.pause.end('the gateway drains');
    if (acceptMs > 0) await this.#rests.rest(acceptMs);
    const until = performance.now() + ms;
    // Until then the queue may hold clients that are counted nowhere. A worker that hangs must not keep us.
    const done = new AbortController();
    await Promise.race([this.#parts?.workers.drain(), this.#rests.rest(ms, done.signal)]);
    done.abort();
    while (performance.now() < until && this.active > 0) await this.#rests.rest(Math.min(drainTickMs, ms));
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    this.#rests.end();
    clearInterval(this.#ticker);
    this.#parts?.pause.end('the gateway stops');
    this.#parts?.prober.stop();
    this.#http?.close();
    this.#control?.close();
    await this.#parts?.workers.stop();
    this.#refusalServer?.close();
  }

  /**
   * Reads everything again, and goes on with it: sessions stay, and what cannot change without a restart stays as it is.
   * Rejects with CommandError where the new configuration cannot be used; then nothing has changed.
   */
  reload(): Promise<Reloaded> {
    const done = (this.#reloading ?? Promise.resolve()).then(() => this.#reloadNow());
    this.#reloading = done.catch(() => {});
    return done;
  }

  async #reloadNow(): Promise<Reloaded> {
    this.#surroundings.watcher.reloading();
    try {
      const answer = await this.#takeConfig(this.#surroundings.readConfig());
      const told = (needsRestart: boolean): string | undefined =>
        answer.changes.filter((change) => change.needsRestart === needsRestart).map(changeText).join(', ') ||
        undefined;
      this.#log('reloaded', { changed: told(false), restart: told(true) });
      this.#lastReload = { isSuccessful: true, at: new Date() };
      return answer;
    } catch (error) {
      const why = messageOf(error);
      this.#log('reload_failed', { why });
      this.#lastReload = { isSuccessful: false, at: this.#lastReload.at };
      throw new CommandError(why);
    } finally {
      this.#surroundings.watcher.ready();
    }
  }

  async #takeConfig(read: Config): Promise<Reloaded> {
    const parts = this.#parts;
    if (parts === undefined) throw new StartError('the gateway has not started yet: reload once it listens');
    const changes = changesBetween(this.#config, read);
    const config = reloaded(this.#config, read);
    const budget = budgetOf(config);
    const server = changes.some(({ name }) => name.startsWith('REFUSAL_'))
      ? await openRefusalServer(config, budget, this.#log, this.faults.note)
      : undefined;
    [this.#config, this.#budget] = [config, budget];
    logWarnings(config, budget, this.#log);
    this.#surroundings.setLevel(config.log.level);
    if (server !== undefined) {
      this.#refusalServer?.close();
      this.#refusalServer = server;
    }
    const { controller, prober, workers } = parts;
    workers.reconfigure(await dataSettings(config, budget, this.#refusalServer!.address));
    controller.reconfigure(controllerOptions(config));
    prober.reconfigure(config.candidates, config.credentials, config.probe);
    return { changes, warnings: [...config.warnings, ...config.credentials.warnings] };
  }

  #compose(engine: Engine, settings: DataSettings): Parts {
    const { candidates, credentials, probe, workers: count } = this.#config;
    const [log, guard] = [this.#log, this.faults.guard.bind(this.faults)];
    const workers = new WorkerPool({
      workers: count,
      engine: engine.name,
      workerFile,
      settings,
      sockets: this.#surroundings.inherited?.sockets ?? noSockets,
      runtime: this.#runtime,
      log,
      suspicion: (why) => this.#onSuspicion(why),
      guard,
    });
    const prober = new Prober(candidates, credentials, probe, this.#runtime, {
      observed: (observations) => {
        this.#probes.note(observations);
        this.#unaskedLogins.note(observations);
        this.#decide(parts);
      },
      log,
      isIncumbent: (candidate) => controller.isIncumbent(candidate),
      overdue: (candidate) => this.#probes.noteOverdue(candidate),
      stalled: (now) => {
        controller.stalled(now);
        workers.stalled(now);
      },
      faulted: this.faults.note,
    });
    const controller = new Controller(controllerOptions(this.#config), workers, prober, log, guard);
    const samples = new Samples(workers.counters, this.#probes);
    const parts: Parts = { engine, workers, prober, controller, samples, pause: new Pause(workers, log) };
    return parts;
  }

  #decide({ controller, prober, workers, samples }: Parts): void {
    const now = this.#runtime.now();
    this.faults.guard('decision', () => {
      prober.look();
      controller.decide(prober.observations, now);
    });
    this.faults.guard('record', () => {
      samples.note(now);
      const { verdict, route } = controller;
      const { counters, serverSlots } = workers;
      const sessionsOn = serverSlots.sessionsOn.bind(serverSlots);
      const { observations } = prober;
      if (verdict) this.#interruptions.note({ observations, verdict, route, counters, sessionsOn }, now);
    });
    this.faults.guard('decided', () => this.#surroundings.decided?.(controller));
  }

  #onSuspicion(why: string): void {
    this.#log('suspicion', { why });
    this.#parts?.prober.probeNow();
  }

  #snapshot({ engine, workers, prober, controller, samples, pause }: Parts): Snapshot {
    // A question may be the first thing that happens after a stop.
    prober.look();
    const { rules, standbyPort, rotation, data } = this.#config;
    return {
      now: this.#runtime.now(),
      date: new Date(),
      counters: workers.counters,
      sessions: workers.serverSlots.sessions,
      observations: prober.observations,
      verdict: controller.verdict,
      route: controller.route,
      rotation: controller.rotation,
      standbyPort: standbyPort === undefined ? undefined : { fallback: data.fallback, ...rotation },
      journal: controller.journal.entries,
      probes: this.#probes,
      history: controller.history,
      interruptions: this.#interruptions.all,
      samples,
      rules,
      limits: limitsOf(this.#config, this.#budget),
      verdicts: controller.verdicts,
      faults: this.faults.count,
      isDraining: this.#isDraining,
      drill: controller.drill,
      paused: pause.now,
      lastReload: this.#lastReload,
      workers: workers.workers,
      startedAt: this.#startedAt,
      uptimeMs: this.#runtime.now() - this.#startedMs,
      version,
      runtime: this.#runtime.name,
      engine: engine.name,
    };
  }

  #operationsOf(parts: Parts): Operations {
    return operationsOf(parts, {
      clockMs: () => this.#runtime.now(),
      config: () => this.#config,
      snapshot: () => this.#snapshot(parts),
      decide: () => this.#decide(parts),
      reload: () => this.reload(),
      setLogLevel: this.#surroundings.setLevel,
      isDraining: () => this.#isDraining,
      end: (by) => {
        // The gateway that takes over wants both.
        if (by === 'takeover') this.#http?.close();
        if (by === 'takeover') this.#control?.leave();
        this.#surroundings.drainAsked(by);
      },
    });
  }
}
