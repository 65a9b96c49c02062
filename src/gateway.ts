/**
 * Composition and life: start, drain, stop. No decision is made here: probes feed the controller, the controller feeds the
 * data planes, and a suspicion of a data plane makes the prober ask at once.
 */
import { CommandError, commandsOf, type Reloaded } from './admin/commands.ts';
import { type ControlSocket, serveControlSocket } from './admin/control-socket.ts';
import type { HttpServer } from './admin/http.ts';
import { serveMetricsPort } from './admin/metrics-port.ts';
import { pagesOf } from './admin/pages.ts';
import type { Snapshot } from './admin/snapshot.ts';
import type { Config } from './config/config.ts';
import { controlFolders, controlSocketIn, usableFolder } from './config/control-places.ts';
import { type Budget, sessionsEvent } from './config/descriptor-budget.ts';
import { type Change, changesBetween, reloaded } from './config/reload.ts';
import { openFileLimit } from './config/open-files.ts';
import { total } from './contract/counters.ts';
import type { DataSettings } from './contract/messages.ts';
import { Pause } from './control/pause.ts';
import { Controller } from './control/controller.ts';
import { ProbeTimes } from './control/probe-times.ts';
import { UnaskedLogins } from './control/unasked-logins.ts';
import { type Listening, WorkerPool } from './control/worker-pool.ts';
import { messageOf, StartError } from './errors.ts';
import type { Log, OpenLog } from './log.ts';
import { budgetOf, controllerOptions, dataSettings, openRefusalServer } from './part-settings.ts';
import { Prober } from './probe/prober.ts';
import type { RefusalServer } from './refusal-server/refusal-server.ts';
import { chooseEngine, type Engine } from './runtime/engine.ts';
import { pickRuntime } from './runtime/pick.ts';
import type { Address } from './runtime/runtime.ts';
import { version } from './version.ts';

// This line must stand in a file directly in src/: in the executable, paths are relative to there.
const workerFile = new URL('./data/worker.ts', import.meta.url);

/** How often sessions are counted while draining. */
const drainTickMs = 100;

/**
 * How often the age of the evidence is checked. Each probe is followed by a decision anyhow, and the data planes send
 * no client to a server whose lease has expired.
 */
const ageTickMs = 1000;

/** Where the gateway listens once it has started. */
export interface Started {
  readonly listening: Listening;
  /** Undefined: there is no metrics port. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /** The path of the control socket; undefined: there is none. */
  readonly control: string | undefined;
}

/** What the program around a gateway gives to it. */
export interface Surroundings extends OpenLog {
  /** A command asks for what SIGTERM asks for. */
  drainAsked(): void;
  /** Reads all settings again. Throws ConfigError. */
  readConfig(): Config;
}

/** What exists from `start` to `stop`. */
interface Parts {
  readonly engine: Engine;
  readonly workers: WorkerPool;
  readonly prober: Prober;
  readonly controller: Controller;
  readonly pause: Pause;
}

export class Gateway {
  #config: Config;
  readonly #log: Log;
  readonly #surroundings: Surroundings;
  readonly #runtime = pickRuntime();
  readonly #startedAt = new Date();
  #budget: Budget;
  readonly #probes = new ProbeTimes();
  readonly #unaskedLogins: UnaskedLogins;
  #parts: Parts | undefined;
  #refusalServer: RefusalServer | undefined;
  #http: HttpServer | undefined;
  #control: ControlSocket | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #isDraining = false;
  /** The start is one, too. */
  #lastReload = { isSuccessful: true, at: this.#startedAt };
  /** Two at a time would mix two configurations. */
  #reloading: Promise<unknown> | undefined;

  constructor(config: Config, surroundings: Surroundings) {
    this.#config = config;
    this.#surroundings = surroundings;
    this.#log = surroundings.log;
    this.#unaskedLogins = new UnaskedLogins(config.listen.host, this.#log);
    this.#budget = budgetOf(config);
  }

  /** Resolves once clients can connect; rejects with StartError, and then nothing is left. */
  async start(): Promise<Started> {
    const { metrics } = this.#config;
    this.#warn();
    const engine = this.#chooseEngine();
    this.#log('engine', { engine: engine.name, runtime: this.#runtime.name, why: engine.why });
    try {
      this.#refusalServer = await openRefusalServer(this.#config, this.#budget, this.#log);
      const parts = this.#compose(
        engine,
        await dataSettings(this.#config, this.#budget, this.#refusalServer.address),
      );
      this.#parts = parts;
      const listening = await parts.workers.start();
      if (metrics) {
        this.#http = await serveMetricsPort(
          metrics.host,
          metrics.port,
          pagesOf(() => this.#snapshot(parts)),
        );
      }
      this.#control = await this.#openControlSocket(parts, listening);
      parts.prober.setFast(true);
      parts.prober.start();
      this.#ticker = setInterval(() => {
        this.#decide(parts);
        parts.workers.watch();
      }, ageTickMs);
      return {
        listening,
        metrics: metrics && this.#http && { host: metrics.host, port: this.#http.port },
        control: this.#control?.path,
      };
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** How long sessions may go on after the signal to stop. */
  get drainMs(): number {
    return this.#config.drainMs;
  }

  /** Sessions that are open now. */
  get active(): number {
    return total(this.#parts?.workers.counters ?? [], 'active');
  }

  /** Takes no more clients and resolves when the last session has ended, or after `ms`. */
  async drain(ms: number): Promise<void> {
    this.#isDraining = true;
    this.#parts?.pause.end('the gateway drains');
    this.#parts?.workers.drain();
    const until = performance.now() + ms;
    while (this.active > 0 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(drainTickMs, ms)));
    }
  }

  /** Ends everything. */
  async stop(): Promise<void> {
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
    }
  }

  async #takeConfig(read: Config): Promise<Reloaded> {
    const parts = this.#parts;
    if (parts === undefined) throw new StartError('the gateway has not started yet: reload once it listens');
    const changes = changesBetween(this.#config, read);
    const config = reloaded(this.#config, read);
    const budget = budgetOf(config);
    const server = changes.some(({ name }) => name.startsWith('REFUSAL_'))
      ? await openRefusalServer(config, budget, this.#log)
      : undefined;
    [this.#config, this.#budget] = [config, budget];
    this.#warn();
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
    const log = this.#log;
    const workers = new WorkerPool({
      workers: count,
      engine: engine.name,
      workerFile,
      settings,
      runtime: this.#runtime,
      log,
      suspicion: (why) => this.#onSuspicion(why),
    });
    const prober = new Prober(candidates, credentials, probe, this.#runtime, {
      observed: (observations) => {
        this.#probes.note(observations);
        this.#unaskedLogins.note(observations);
        this.#decide(parts);
      },
      log,
      isIncumbent: (candidate) => controller.isIncumbent(candidate),
      stalled: (now) => {
        controller.stalled(now);
        workers.stalled(now);
      },
    });
    const controller = new Controller(controllerOptions(this.#config), workers, prober, log);
    const parts: Parts = { engine, workers, prober, controller, pause: new Pause(workers, log) };
    return parts;
  }

  #decide({ controller, prober }: Parts): void {
    prober.look();
    controller.decide(prober.observations, this.#runtime.now());
  }

  #onSuspicion(why: string): void {
    if (this.#isDraining) return;
    this.#log('suspicion', { why });
    this.#parts?.prober.probeNow();
  }

  #warn(): void {
    for (const why of this.#config.warnings) this.#log('setting_passed_over', { why });
    for (const why of this.#config.credentials.warnings) this.#log('login_warning', { why });
    const { isMaxSessionsSet, data: { maxSessions: wanted } } = this.#config;
    const { maxSessions: sessions } = this.#budget;
    const event = sessionsEvent(this.#budget, wanted, isMaxSessionsSet);
    if (event) this.#log(event, { sessions, wanted, openFiles: openFileLimit() });
  }

  #snapshot({ engine, workers, prober, controller, pause }: Parts): Snapshot {
    // A question may be the first thing that happens after a stop.
    prober.look();
    const { rules, standbyPort, rotation, data, deadAfterMs } = this.#config;
    const { maxSessions, maxClients } = this.#budget;
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
      rules,
      limits: { maxSessions, maxClients, maxHeld: data.maxHeld, holdMs: data.holdMs, deadAfterMs },
      verdicts: controller.verdicts,
      isDraining: this.#isDraining,
      paused: pause.now,
      lastReload: this.#lastReload,
      workerSilentMs: workers.silentMs,
      startedAt: this.#startedAt,
      version,
      runtime: this.#runtime.name,
      engine: engine.name,
    };
  }

  #chooseEngine(): Engine {
    const { engine, workers } = this.#config;
    try {
      return chooseEngine(engine, workers);
    } catch (error) {
      throw new StartError(
        `ENGINE=native cannot be had: ${messageOf(error)}. Set ENGINE=auto to go on without it.`,
      );
    }
  }

  /** Nobody asked for the place of our choice: without it the gateway serves all the same. */
  async #openControlSocket(parts: Parts, { address }: Listening): Promise<ControlSocket | undefined> {
    const { controlSocket: path } = this.#config;
    if (path === 'off') return undefined;
    const { drainAsked, setLevel } = this.#surroundings;
    const commands = commandsOf({
      snapshot: () => this.#snapshot(parts),
      drain: drainAsked,
      setLogLevel: setLevel,
      reload: () => this.reload(),
      survey: (kind, of) => parts.workers.survey(kind, of),
      pause: parts.pause,
    });
    try {
      return await serveControlSocket(path ?? controlSocketFor(address), commands, this.#log);
    } catch (error) {
      const why = messageOf(error);
      if (path !== undefined) {
        throw new StartError(
          `CONTROL_SOCKET=${path} cannot be had: ${why}. Set it to another path, or to "off".`,
        );
      }
      this.#log('control_socket_failed', { why });
      return undefined;
    }
  }
}

/** For the log. */
function changeText({ name, before, after }: Change): string {
  return before === after ? name : `${name}: ${before ?? '(unset)'} -> ${after ?? '(unset)'}`;
}

/** Throws an Error where there is no folder for it. */
function controlSocketFor(address: Address): string {
  const uid = process.getuid?.();
  return controlSocketIn(
    usableFolder(controlFolders(process.env, uid), uid),
    'port' in address ? address.port : 0,
  );
}
