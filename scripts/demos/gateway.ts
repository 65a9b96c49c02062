/** The gateway as a child process, and what its /metrics say. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freePort, isFree } from '../../test/support/ports.ts';
import { waitFor } from '../../test/support/wait-for.ts';

/** What the gateway says of itself; undefined where its metrics do not answer. */
export interface GatewayState {
  readonly epoch: number;
  /** The candidate that it routes to. */
  readonly primary: string | undefined;
  readonly sessions: number;
}

export class Gateway {
  readonly port: number;
  readonly #metricsPort: number;
  readonly #child: ChildProcess;
  #lines: string[] = [];

  constructor(entry: string | undefined, candidates: string, port: number, metricsPort: number) {
    this.port = port;
    this.#metricsPort = metricsPort;
    const main = entry ?? fileURLToPath(new URL('../../src/main.ts', import.meta.url));
    const [program, args] = main.endsWith('.ts') ? [process.execPath, [main]] : [main, []];
    this.#child = spawn(program, args, {
      env: { ...process.env, ...settings(candidates, port, metricsPort) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on(
        'data',
        (bytes) => this.#lines = [...this.#lines, ...String(bytes).trimEnd().split('\n')].slice(-20),
      );
    }
    this.#child.once('error', (error) => this.#lines.push(`cannot start ${program}: ${error.message}`));
  }

  get isUp(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Its last words, for an error. */
  get log(): string {
    return this.#lines.join('\n');
  }

  /** Waits until it routes to somebody. */
  async routes(): Promise<void> {
    await waitFor('the gateway to find the primary', async () => {
      if (!this.isUp) return true;
      return (await this.state())?.primary !== undefined;
    }, { everyMs: 25, evidence: () => this.log });
    if (!this.isUp) throw new Error(`the gateway ended while it started:\n${this.log}`);
  }

  async state(): Promise<GatewayState | undefined> {
    try {
      const url = `http://127.0.0.1:${this.#metricsPort}/metrics`;
      const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
      return parseMetrics(await response.text());
    } catch {
      return undefined;
    }
  }

  async stop(): Promise<void> {
    if (!this.isUp) return;
    this.#child.kill('SIGTERM');
    try {
      await waitFor('the gateway to end', () => !this.isUp, { deadlineMs: 3000 });
    } catch {
      this.#child.kill('SIGKILL');
      await waitFor('the gateway to die', () => !this.isUp);
    }
  }
}

/** Starts the gateway at `port`, or at the next free one, and returns it once it routes. */
export async function startGateway(
  entry: string | undefined,
  candidates: string,
  wishedPort: number,
  onMade: (gateway: Gateway) => void,
): Promise<Gateway> {
  let port = wishedPort;
  while (port < 65_535 && !await isFree(port)) port++;
  const gateway = new Gateway(entry, candidates, port, await freePort());
  onMade(gateway);
  await gateway.routes();
  return gateway;
}

function settings(candidates: string, port: number, metricsPort: number): Record<string, string> {
  return {
    CANDIDATES: candidates,
    LISTEN_HOST: '127.0.0.1',
    LISTEN_PORT: String(port),
    METRICS_HOST: '127.0.0.1',
    METRICS_PORT: String(metricsPort),
    PGUSER: 'postgres',
    PGDATABASE: 'postgres',
    LOG_FORMAT: 'json',
    HOLD_MS: '10000',
  };
}

function parseMetrics(text: string): GatewayState {
  const number = (name: string) =>
    Number(new RegExp(`^${name}(?:\\{[^}]*\\})? ([0-9.e+]+)`, 'm').exec(text)?.[1] ?? 0);
  return {
    epoch: number('pg_gateway_epoch'),
    primary: /^pg_gateway_primary\{[^}]*candidate="([^"]*)"[^}]*\} 1(?:\.0)?\s*$/m.exec(text)?.[1],
    sessions: number('pg_gateway_connections_active'),
  };
}
