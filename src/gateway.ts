/**
 * Composition and life: probes feed the router, the router feeds the data planes, the data planes' suspicions make
 * the prober ask at once.
 */
import { lookup } from 'node:dns/promises';
import { type HttpServer, serveHttp } from './admin/http.ts';
import { History } from './control/history.ts';
import { pagesOf } from './admin/pages.ts';
import { ProbeTimes } from './control/probe-times.ts';
import type { Snapshot } from './admin/snapshot.ts';
import type { Rules, Verdict } from './cluster/election.ts';
import type { Observation } from './cluster/observation.ts';
import type { Config } from './config/config.ts';
import { codeOf, messageOf, StartError } from './errors.ts';
import type { Log } from './log.ts';
import { total } from './contract/counters.ts';
import { type Budget, descriptorBudget } from './config/descriptor-budget.ts';
import type { Lease } from './control/leases.ts';
import type { DataSettings } from './contract/messages.ts';
import { type Listening, WorkerPool } from './control/worker-pool.ts';
import { Prober } from './probe/prober.ts';
import type { Entry } from './control/journal.ts';
import { SessionReaper } from './control/session-reaper.ts';
import { Attention } from './control/attention.ts';
import { type RefusalServer, startRefusalServer } from './refusal-server/refusal-server.ts';
import { Router } from './control/router.ts';
import { chooseEngine, type Engine } from './runtime/engine.ts';
import { openFileLimit } from './config/open-files.ts';
import { pickRuntime } from './runtime/pick.ts';
import type { Address } from './runtime/runtime.ts';
import { version } from './version.ts';

// This line must stand in a file directly in src/: in the executable, paths are relative to there.
const workerFile = new URL('./data/worker.ts', import.meta.url);

/** How often sessions are counted while draining. */
const drainTickMs = 100;

/**
 * How often it is looked whether evidence has become too old. Each probe is followed by a look anyhow, and the data planes
 * send nobody to a server whose lease has ended.
 */
const ageTickMs = 1000;

const backlog = 1024;

/** How long a handshake may take whose only end is a refusal. */
const refusalMs = 5_000;

export class Gateway {
  readonly #config: Config;
  readonly #log: Log;
  readonly #runtime = pickRuntime();
  #engine: Engine = { name: 'portable', why: 'not chosen yet' };
  readonly #startedAt = new Date();
  readonly #budget: Budget;
  readonly #probes = new ProbeTimes();
  readonly #history = new History();
  readonly #pages = pagesOf(() => this.#snapshot());
  readonly #router: Router;
  readonly #prober: Prober;
  readonly #reaper: SessionReaper;
  readonly #attention: Attention;
  #workers: WorkerPool | undefined;
  #refusalServer: RefusalServer | undefined;
  #http: HttpServer | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #verdicts = 0;
  #isDraining = false;

  constructor(config: Config, log: Log) {
    this.#config = config;
    this.#log = log;
    this.#budget = descriptorBudget({
      openFiles: openFileLimit(),
      workers: config.workers,
      maxSessions: config.values.MAX_SESSIONS,
      maxHeld: config.values.MAX_HELD,
    });
    this.#reaper = new SessionReaper(config.values.DEAD_AFTER_MS, log);
    this.#attention = new Attention(log);
    this.#router = new Router(config.rules, {
      route: (route) => this.#workers?.publish(route),
      verdict: (entry, verdict) => this.#explain(entry, verdict),
    }, config.rotation);
    this.#prober = new Prober(
      config.candidates,
      config.credentials,
      config.prober,
      this.#runtime,
      {
        observed: (observations) => {
          this.#probes.note(observations);
          this.#decide(observations);
        },
        log: (level, event, fields) => log[level](event, fields),
        isIncumbent: (candidate) => this.#router.verdict?.memory.incumbent === candidate,
      },
    );
  }

  /** Resolves once clients can connect; rejects with StartError, and then nothing is left. */
  async start(): Promise<{ readonly listening: Listening; readonly metricsPort: number | undefined }> {
    const config = this.#config;
    const log = this.#log;
    for (const warning of config.credentials.warnings) log.warn(warning);
    if (this.#budget.maxSessions < config.values.MAX_SESSIONS) {
      log.info('fewer sessions than MAX_SESSIONS, because of the limit of open files (ulimit -n)', {
        sessions: this.#budget.maxSessions,
        openFiles: openFileLimit(),
      });
    }
    this.#engine = this.#chooseEngine();
    log.info('engine', { engine: this.#engine.name, runtime: this.#runtime.name, why: this.#engine.why });
    try {
      this.#refusalServer = await this.#openRefuser();
      this.#workers = new WorkerPool({
        workers: config.workers,
        engine: this.#engine.name,
        workerFile,
        settings: await this.#dataSettings(this.#refusalServer.address),
        runtime: this.#runtime,
        log,
        suspicion: (why) => this.#onSuspicion(why),
      });
      const listening = await this.#workers.start();
      if (config.metrics) {
        this.#http = await serveHttp(config.metrics.host, config.metrics.port, this.#pages);
      }
      this.#prober.setFast(true);
      this.#prober.start();
      this.#ticker = setInterval(() => this.#decide(this.#prober.observations), ageTickMs);
      return { listening, metricsPort: this.#http?.port };
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Sessions that are open now. */
  get active(): number {
    return total(this.#workers?.counters ?? [], 'active');
  }

  /** Takes no more clients and resolves when the last session has ended, or after `ms`. */
  async drain(ms: number): Promise<void> {
    this.#isDraining = true;
    this.#workers?.drain();
    const until = performance.now() + ms;
    while (this.active > 0 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(drainTickMs, ms)));
    }
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    clearInterval(this.#ticker);
    this.#prober.stop();
    this.#http?.close();
    await this.#workers?.stop();
    this.#refusalServer?.close();
  }

  #decide(observations: readonly Observation[]): void {
    const now = this.#runtime.now();
    this.#workers?.renewLeases(leasesOf(observations, this.#config.rules));
    this.#router.decide(observations, now);
    const { verdict, route } = this.#router;
    if (verdict !== undefined) this.#history.note(observations, verdict, route, now);
    // Whoever is in doubt asks more often.
    this.#prober.setFast(verdict?.primary === undefined || verdict.primary.standing === 'doubtful');
    const rotation = this.#config.standbyPort === undefined ? [] : this.#router.rotation;
    this.#reaper.reap(observations, rotation, now, this.#workers);
  }

  #onSuspicion(why: string): void {
    if (this.#isDraining) return;
    this.#log.debug('a session suspects the primary; everybody is probed', { why });
    this.#prober.probeNow();
  }

  #explain({ epoch, rule, primary, timeline, reason, splitBrain }: Entry, verdict: Verdict): void {
    this.#verdicts += 1;
    this.#attention.note(verdict);
    const standings = verdict.findings.map(({ candidate, standing }) => `${candidate.name}:${standing}`).join(
      ' ',
    );
    const fields = { primary: primary ?? 'nobody', timeline, epoch, rule, reason, candidates: standings };
    if (splitBrain) this.#log.error('split brain', fields);
    else if (primary === undefined && rule !== 'firstRound') this.#log.warn('no primary', fields);
    else this.#log.info('verdict', fields);
  }

  #snapshot(): Snapshot {
    const { values, rules, standbyPort, rotation } = this.#config;
    return {
      now: this.#runtime.now(),
      date: new Date(),
      counters: this.#workers?.counters ?? [],
      sessions: this.#workers?.serverSlots.sessions ?? [],
      observations: this.#prober.observations,
      verdict: this.#router.verdict,
      route: this.#router.route,
      rotation: this.#router.rotation,
      standbyPort: standbyPort === undefined ? undefined : { fallback: values.REPLICA_FALLBACK, ...rotation },
      journal: this.#router.journal.entries,
      probes: this.#probes,
      history: this.#history,
      rules,
      limits: {
        maxSessions: this.#budget.maxSessions,
        maxClients: this.#budget.maxClients,
        maxHeld: values.MAX_HELD,
        holdMs: values.HOLD_MS,
        deadAfterMs: values.DEAD_AFTER_MS,
      },
      verdicts: this.#verdicts,
      isDraining: this.#isDraining,
      startedAt: this.#startedAt,
      version,
      runtime: this.#runtime.name,
      engine: this.#engine.name,
    };
  }

  #chooseEngine(): Engine {
    const { values, workers } = this.#config;
    try {
      return chooseEngine(values.ENGINE, workers);
    } catch (error) {
      throw new StartError(
        `ENGINE=native cannot be had: ${messageOf(error)}. Set ENGINE=auto to go on without it.`,
      );
    }
  }

  async #openRefuser(): Promise<RefusalServer> {
    try {
      const limits = {
        maxConnections: this.#budget.maxRefusals,
        timeoutMs: Math.min(this.#config.values.STARTUP_TIMEOUT_MS, refusalMs),
      };
      return await startRefusalServer(
        this.#config.refusalCertificate,
        limits,
        (error) =>
          this.#log.error('no throw-away certificate: a refusal was not said', { why: messageOf(error) }),
      );
    } catch (error) {
      throw new StartError(
        `REFUSAL_CERT_FILE and REFUSAL_KEY_FILE cannot be used: ${messageOf(error)}. ` +
          'They must be PEM files of a certificate and its key.',
      );
    }
  }

  async #dataSettings(refusalServer: Address): Promise<DataSettings> {
    const { values, keepAlive, listen, standbyPort, prober } = this.#config;
    const host = await numeric(listen.host);
    return {
      listen: { host, port: listen.port },
      listenStandby: standbyPort === undefined ? undefined : { host, port: standbyPort },
      fallback: values.REPLICA_FALLBACK,
      reusePort: false,
      backlog,
      keepAlive,
      connectTimeoutMs: prober.connectTimeoutMs,
      startupTimeoutMs: values.STARTUP_TIMEOUT_MS,
      holdMs: values.HOLD_MS,
      maxHeld: values.MAX_HELD,
      spinMs: values.SPIN_US / 1000,
      prewarm: values.PREWARM,
      maxSessions: this.#budget.maxSessions,
      maxClients: this.#budget.maxClients,
      refusalServer,
    };
  }
}

/** For the data planes: until when the last answers count. */
function leasesOf(observations: readonly Observation[], { maxAgeMs }: Rules): Lease[] {
  return observations.flatMap(({ answer }) =>
    answer ? [{ server: { host: answer.host, port: answer.port }, until: answer.at + maxAgeMs }] : []
  );
}

/** The data plane knows no names. */
async function numeric(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new StartError(
      `cannot listen on ${host}: the name does not resolve (${
        codeOf(error)
      }). Set LISTEN_HOST to an address.`,
    );
  }
}
