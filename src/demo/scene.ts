/** The demo as a whole: the servers, the gateway, the writer, and what has happened. */
import type { Status } from '../admin/status.ts';
import { waitFor } from './wait-for.ts';
import { type ActionName, actions, type Promoted } from './actions.ts';
import { type Gateway, holdMs, startGateway } from './gateway.ts';
import { type Cluster, startCluster } from './servers/cluster.ts';
import type { Server } from './servers/server.ts';
import type { Site } from './servers/site.ts';
import { lookAtAll, type ServerState } from './watch.ts';
import { type Write, Writer } from './writer.ts';

/**
 * For the gateway to hold a client for as long as it may and to refuse it then, and for all of them to have been slow. Shorter,
 * and the writer would give up where the gateway would not have.
 */
const writeMs = holdMs + 2000;

export interface SceneEvent {
  /** Milliseconds since the demo runs. */
  readonly at: number;
  readonly text: string;
  readonly isProblem: boolean;
}

export interface SceneOptions {
  /** The scene removes its workspace at its end. */
  readonly site: Site;
  readonly port: number;
  readonly fresh: boolean;
  /** The command that starts the gateway, without its settings. */
  readonly gateway: readonly string[];
  /** How long the writer may take to write again where a command waits for it. */
  readonly waitMs?: number;
  /** Told of everything that happens, at once. */
  readonly onEvent: (event: SceneEvent) => void;
}

export class Scene {
  readonly events: SceneEvent[] = [];
  chosen: Server | undefined;
  /** What is being done now. */
  busy: ActionName | undefined;
  servers: readonly ServerState[] = [];
  gatewayStatus: Status | undefined;
  /** Everything is up. */
  isStarted = false;
  /** Everything is being stopped. */
  isOver = false;
  #options: SceneOptions;
  #begin = performance.now();
  #cluster: Cluster | undefined;
  #gateway: Gateway | undefined;
  #writer: Writer | undefined;
  #latest: Promoted | undefined;

  constructor(options: SceneOptions) {
    this.#options = options;
  }

  get cluster(): Cluster {
    return present(this.#cluster, 'the servers');
  }

  get gateway(): Gateway {
    return present(this.#gateway, 'the gateway');
  }

  get writer(): Writer {
    return present(this.#writer, 'the writer');
  }

  get elapsedMs(): number {
    return performance.now() - this.#begin;
  }

  get psql(): string {
    return `psql 'host=127.0.0.1 port=${this.gateway.port} user=postgres dbname=postgres'`;
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.gateway.port}/postgres`;
  }

  /** The gateway's status page. */
  get page(): string {
    return `${this.gateway.url}/`;
  }

  /** What to type to read why the gateway does what it does. */
  get explain(): string {
    return `pg_gateway explain --url ${this.gateway.url}`;
  }

  /** Who was promoted last. */
  get latest(): Promoted {
    return this.#latest ?? { server: this.cluster.first, timeline: 1 };
  }

  /** Whether something has been written since the last promotion, where it counts. */
  get hasWritten(): boolean {
    return this.#counts(this.writer.state.last);
  }

  tell(text: string, isProblem = false): void {
    const event = { at: this.elapsedMs, text, isProblem };
    this.events.push(event);
    this.#options.onEvent(event);
  }

  async start(): Promise<void> {
    const { site, port, fresh, gateway: command } = this.#options;
    this.tell(`PostgreSQL ${site.version}: ${site.bin}`);
    this.tell('starting a primary and two standbys');
    this.#cluster = await startCluster(site, 2);
    await this.cluster.first.query(
      'create table demo (id bigserial primary key, at timestamptz default now())',
    );
    this.tell('starting the gateway');
    const { candidates, folder } = this.cluster;
    await startGateway({ command, candidates, folder }, port, (gateway) => this.#gateway = gateway);
    if (this.gateway.port !== port) {
      this.tell(`port ${port} is taken: the gateway listens on ${this.gateway.port}`);
    }
    this.#writer = new Writer({ port: this.gateway.port, isFresh: fresh, deadlineMs: writeMs });
    this.writer.start();
    await this.refresh();
    this.isStarted = true;
  }

  /** Asks everybody how they are. */
  async refresh(): Promise<void> {
    const [servers, status] = await Promise.all([lookAtAll(this.cluster.servers), this.gateway.status()]);
    if (this.isOver) return;
    const before = this.#routeText();
    this.servers = servers;
    this.gatewayStatus = status;
    const now = this.#routeText();
    if (now !== before) this.tell(now);
  }

  /** Does one thing; false if it could not be done or another is still being done. */
  async act(name: ActionName, chosen = this.chosen): Promise<boolean> {
    if (this.busy) return false;
    this.busy = name;
    try {
      const { text, promoted } = await actions[name](this.cluster, chosen, this.latest);
      this.#latest = promoted ?? this.#latest;
      this.tell(`${name}: ${text}`);
      return true;
    } catch (error) {
      if (!this.isOver) this.tell(`${name}: ${error instanceof Error ? error.message : error}`, true);
      return false;
    } finally {
      this.busy = undefined;
    }
  }

  /**
   * Waits for a write that was started after this, and taken by whoever was promoted last: an old primary that is alive takes
   * some more until the gateway has seen the new one, and what it takes is lost.
   */
  async writesAgain(): Promise<void> {
    const now = performance.now();
    const evidence = () => {
      const { last, lastError } = this.writer.state;
      return `its last write: ${
        last ? `to ${this.nameAtPort(last.port)} on timeline ${last.timeline}` : 'none'
      }\n` +
        `its last error: ${lastError?.text ?? 'none'}`;
    };
    await waitFor('the writer to write again', () => {
      const { last } = this.writer.state;
      return last !== undefined && last.startedAt >= now && this.#counts(last);
    }, { evidence, deadlineMs: this.#options.waitMs ?? 30_000 });
  }

  /** Ends everything, at whatever moment; then the process must end too. */
  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all([this.#writer?.stop(), this.#gateway?.stop()]);
    // In the middle of something, files still appear while others are deleted. Then it is better to leave the
    // servers and their folder to the watchdog, which does the same as soon as this process is gone.
    if (this.isStarted && !this.busy) await this.#options.site.workspace.remove();
  }

  nameAt(address: string | undefined): string | undefined {
    return this.cluster.servers.find((server) => server.address === address)?.name;
  }

  nameAtPort(port: number): string | undefined {
    return this.cluster.servers.find((server) => server.port === port)?.name;
  }

  #counts(write: Write | undefined): boolean {
    return write !== undefined && write.timeline >= this.latest.timeline;
  }

  #routeText(): string {
    if (!this.gateway.isUp) return `the gateway is down: ${this.gateway.log.split('\n').at(-1) ?? ''}`;
    if (!this.gatewayStatus) return 'the gateway does not answer on its metrics port';
    const { primary, epoch } = this.gatewayStatus.route;
    return `the gateway routes to ${
      this.nameAt(primary?.address) ?? 'nobody; clients wait'
    } (epoch ${epoch})`;
  }
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} have not been started yet`);
  return value;
}
