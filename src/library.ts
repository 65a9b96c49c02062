/**
 * A gateway inside another program, on Node, Bun and Deno: for a test suite that wants a port which fails over, and for a
 * program that embeds one. Nothing of it is global: as many as are wanted can run at once; none handles a signal, ends the
 * process, or writes anywhere.
 */
import type { RouteStatus, Status } from './admin/status.ts';
import { statusOf } from './admin/status-of.ts';
import type { Reloaded } from './config/change.ts';
import type { Environment } from './config/sources.ts';
import type { DrillKind } from './control/drill.ts';
import { longestDrillMs } from './control/drill.ts';
import type { Entry } from './control/journal.ts';
import { type Deferred, deferred } from './deferred.ts';
import { ConfigError, messageOf, StartError } from './errors.ts';
import { Gateway, type Started } from './gateway.ts';
import { Listeners } from './library/listeners.ts';
import { type LogLine, logTo } from './library/log.ts';
import { configFrom } from './library/config.ts';
import type { Settings } from './library/settings.ts';
import type { LogEvent, LogLevel } from './log-events.ts';
import type { LogFields } from './log.ts';
import type { Address } from './runtime/runtime.ts';

export { ConfigError, StartError };
export type {
  DrillKind,
  Entry as Verdict,
  LogEvent,
  LogFields,
  LogLevel,
  LogLine,
  Reloaded,
  RouteStatus,
  Settings,
  Status,
};

export interface GatewayOptions {
  /** Gets each line of the log, down to LOG_LEVEL. Without it nothing is logged anywhere. */
  readonly log?: (line: LogLine) => void;
  /**
   * Settings for which none are given, such as `process.env`; libpq's files in the home folder count then, too. Without it
   * nothing is read of the environment.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A numeric address, IPv6 without brackets, and the port that was free where 0 is set. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** What listeners hear, each after it has taken effect. */
export interface GatewayEvents {
  /** What is known of the servers has changed: who is primary and why, or how one of them stands. */
  verdict: Entry;
  /** New clients go to another server, or to none. */
  route: RouteStatus;
}

export interface EmbeddedGateway {
  /** Where clients get the primary. */
  readonly address: ListenAddress;
  /** Where clients get a standby; undefined without REPLICA_PORT. */
  readonly standbyAddress: ListenAddress | undefined;
  /** Where `/metrics`, `/status` and the page are served; undefined without METRICS_PORT. */
  readonly metricsAddress: ListenAddress | undefined;
  /** What `/status` says, at this moment. */
  status(): Status;
  /** Calls `listener` from now on, never before the present code has returned; what comes back ends that. */
  on<E extends keyof GatewayEvents>(event: E, listener: (value: GatewayEvents[E]) => void): () => void;
  /**
   * What clients see of a failover, without one: all sessions end at once, and new clients wait for `ms` (1000 unless
   * given, 300000 at most) before they are served again, by the same server. Resolves when that is over, or when a real
   * failover has ended it. Rejects with StartError where there is no primary, or one is going on already.
   */
  fakeFailover(options?: { readonly ms?: number }): Promise<void>;
  /**
   * Goes on with other settings: all of them, as in `createGateway`. Sessions stay. What cannot change without a restart (ports,
   * threads) stays as it is, and is marked so in what this resolves with. Rejects with ConfigError or StartError as `createGateway` does, and
   * then nothing is changed.
   */
  reload(settings: Settings): Promise<Reloaded>;
  /**
   * Takes no more clients after `acceptMs` (DRAIN_ACCEPT_MS unless given), and resolves when the last session has ended, or
   * `ms` after that (DRAIN_MS), with the number of those that are left for `close`.
   */
  drain(options?: { readonly acceptMs?: number; readonly ms?: number }): Promise<number>;
  /** Ends every session, and leaves nothing. Can be called again. */
  close(): Promise<void>;
  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Resolves once clients can connect; those that come before there is a primary wait for it. Rejects with ConfigError if the
 * settings cannot be used, and with StartError if a port cannot be had, and then nothing is left.
 */
export async function createGateway(
  settings: Settings,
  options: GatewayOptions = {},
): Promise<EmbeddedGateway> {
  const running = new Embedded(settings, options);
  await running.start();
  return running;
}

class Embedded implements EmbeddedGateway {
  readonly #env: Environment | undefined;
  #settings: Settings;
  readonly #gateway: Gateway;
  readonly #listeners = new Listeners<GatewayEvents>();
  #started: Started | undefined;
  /** What listeners were told last. */
  #told = { verdicts: 0, epoch: 0 };
  #rehearsal: Deferred<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(settings: Settings, { log, env }: GatewayOptions) {
    this.#env = env;
    this.#settings = settings;
    const config = configFrom(settings, env);
    this.#gateway = new Gateway(config, {
      ...logTo(log, config.log.level),
      readConfig: () => configFrom(this.#settings, this.#env),
      // A command over CONTROL_SOCKET, where one is set.
      drainAsked: () => void this.drain().then(() => this.close()),
      inherited: undefined,
      watcher: { reloading: () => {}, ready: () => {}, alive: () => {} },
      decided: (controller) => this.#decided(controller),
    });
  }

  async start(): Promise<void> {
    this.#started = await this.#gateway.start();
  }

  get #running(): Started {
    return this.#started!;
  }

  get address(): ListenAddress {
    return hostPort(this.#running.listening.address)!;
  }

  get standbyAddress(): ListenAddress | undefined {
    return hostPort(this.#running.listening.standby);
  }

  get metricsAddress(): ListenAddress | undefined {
    return this.#running.metrics;
  }

  status(): Status {
    return statusOf(this.#running.operations.snapshot());
  }

  on<E extends keyof GatewayEvents>(event: E, listener: (value: GatewayEvents[E]) => void): () => void {
    return this.#listeners.add(event, listener);
  }

  async fakeFailover({ ms = 1_000 }: { readonly ms?: number } = {}): Promise<void> {
    const { operations } = this.#running;
    const { drill, route } = operations.snapshot();
    if (!(ms > 0 && ms <= longestDrillMs)) {
      throw new RangeError(`fakeFailover takes more than 0 and up to ${longestDrillMs} ms, and not ${ms}`);
    }
    if (this.#closed !== undefined) throw new StartError('the gateway is closed: create another one');
    if (drill !== undefined) throw new StartError('a drill goes on already: wait until it is over');
    if (route.primary === undefined) {
      throw new StartError(`there is no primary to fail over from: ${route.reason}`);
    }
    operations.rehearse('fence', 0);
    operations.rehearse('no-primary', ms);
    this.#rehearsal = deferred();
    return await this.#rehearsal.promise;
  }

  async reload(settings: Settings): Promise<Reloaded> {
    // What is wrong with them is told as by `createGateway`.
    configFrom(settings, this.#env);
    const before = this.#settings;
    this.#settings = settings;
    try {
      return await this.#running.operations.reload();
    } catch (error) {
      this.#settings = before;
      throw new StartError(messageOf(error));
    }
  }

  async drain(options: { readonly acceptMs?: number; readonly ms?: number } = {}): Promise<number> {
    await this.#gateway.drain({ ...this.#gateway.drainTimes, ...options });
    return this.#gateway.active;
  }

  close(): Promise<void> {
    this.#rehearsal?.reject(new StartError('the gateway was closed'));
    this.#rehearsal = undefined;
    this.#closed ??= this.#gateway.stop();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #decided({ journal, verdicts, route, drill }: Decided): void {
    if (drill === undefined) {
      this.#rehearsal?.resolve();
      this.#rehearsal = undefined;
    }
    // The first comes after the start.
    if (this.#started === undefined) return;
    const { epoch } = route;
    if (verdicts !== this.#told.verdicts) this.#listeners.tell('verdict', journal.entries.at(-1)!);
    if (epoch !== this.#told.epoch) this.#listeners.tell('route', this.status().route);
    this.#told = { verdicts, epoch };
  }
}

/** The first of LISTEN_HOST that is no folder, which there always is. */
function hostPort(address: Address | undefined): ListenAddress | undefined {
  return address === undefined || 'path' in address ? undefined : address;
}

type Decided = Parameters<NonNullable<ConstructorParameters<typeof Gateway>[1]['decided']>>[0];
