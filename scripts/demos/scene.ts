/** The demo as a whole: the servers, the gateway, the writer, and what has happened. */
import { type Cluster, type Server, startCluster } from '../../test/support/cluster.ts';
import { removeWorkspace } from '../../test/support/workspace.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { type ActionName, actions } from './actions.ts';
import { type Gateway, type GatewayState, startGateway } from './gateway.ts';
import { lookAtAll, type ServerState } from './watch.ts';
import { Writer } from './writer.ts';

export interface Event {
  /** Milliseconds since the demo runs. */
  readonly at: number;
  readonly text: string;
  readonly isProblem: boolean;
}

export interface SceneOptions {
  readonly port: number;
  readonly fresh: boolean;
  readonly gateway: string | undefined;
  /** Told of everything that happens, at once. */
  readonly onEvent: (event: Event) => void;
}

export class Scene {
  readonly events: Event[] = [];
  chosen: Server | undefined;
  /** What is being done now. */
  busy: ActionName | undefined;
  servers: readonly ServerState[] = [];
  gatewayState: GatewayState | undefined;
  /** Everything is up. */
  isStarted = false;
  /** Everything is being stopped. */
  isOver = false;
  #options: SceneOptions;
  #begin = performance.now();
  #cluster: Cluster | undefined;
  #gateway: Gateway | undefined;
  #writer: Writer | undefined;

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
    return `psql -h 127.0.0.1 -p ${this.gateway.port} -U postgres`;
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.gateway.port}/postgres`;
  }

  tell(text: string, isProblem = false): void {
    const event = { at: this.elapsedMs, text, isProblem };
    this.events.push(event);
    this.#options.onEvent(event);
  }

  async start(): Promise<void> {
    const { port, fresh, gateway: entry } = this.#options;
    this.tell('starting a primary and two standbys');
    this.#cluster = await startCluster({ standbys: 2 });
    await this.cluster.first.query(
      'create table demo (id bigserial primary key, at timestamptz default now())',
    );
    this.tell('starting the gateway');
    await startGateway(entry, this.cluster.candidates, port, (gateway) => this.#gateway = gateway);
    if (this.gateway.port !== port) {
      this.tell(`port ${port} is taken: the gateway listens on ${this.gateway.port}`);
    }
    this.#writer = new Writer(this.gateway.port, fresh);
    this.writer.start();
    await this.refresh();
    this.isStarted = true;
  }

  /** Asks everybody how they are. */
  async refresh(): Promise<void> {
    const [servers, state] = await Promise.all([lookAtAll(this.cluster.servers), this.gateway.state()]);
    if (this.isOver) return;
    const before = this.gatewayState;
    this.servers = servers;
    this.gatewayState = state;
    if (before?.primary !== state?.primary || before?.epoch !== state?.epoch) this.tell(this.#routeText());
  }

  /** Does one thing; false if it could not be done or another is still being done. */
  async act(name: ActionName, chosen = this.chosen): Promise<boolean> {
    if (this.busy) return false;
    this.busy = name;
    try {
      this.tell(`${name}: ${await actions[name](this.cluster, chosen)}`);
      return true;
    } catch (error) {
      if (!this.isOver) this.tell(`${name}: ${error instanceof Error ? error.message : error}`, true);
      return false;
    } finally {
      this.busy = undefined;
    }
  }

  /** Waits until the writer has written once more than it has now. */
  async writesAgain(): Promise<void> {
    const { writes } = this.writer.state;
    const evidence = () => `its last error: ${this.writer.state.lastError?.text ?? 'none'}`;
    await waitFor('the writer to write again', () => this.writer.state.writes > writes, { evidence });
  }

  /** Ends everything, at whatever moment; then the process must end too. */
  async stop(): Promise<void> {
    this.isOver = true;
    await this.#writer?.stop();
    await this.#gateway?.stop();
    // In the middle of something, files still appear while others are deleted. Then it is better to leave the
    // servers and their folder to the watchdog, which does the same as soon as this process is gone.
    if (this.isStarted && !this.busy) await removeWorkspace();
  }

  nameAt(address: string | undefined): string | undefined {
    return this.cluster.servers.find((server) => server.address === address)?.name;
  }

  #routeText(): string {
    if (!this.gateway.isUp) return `the gateway is down: ${this.gateway.log.split('\n').at(-1) ?? ''}`;
    const state = this.gatewayState;
    if (!state) return 'the gateway does not answer on its metrics port';
    const to = this.nameAt(state.primary);
    return `the gateway routes to ${to ?? 'nobody; clients wait'} (epoch ${state.epoch})`;
  }
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} have not been started yet`);
  return value;
}
