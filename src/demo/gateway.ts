/** The gateway as a child process, and what it says of itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import type { Status } from '../admin/status.ts';
import { freePort, isFree } from './servers/ports.ts';
import { waitFor } from './wait-for.ts';

/** How long the gateway holds a client that has no primary to go to. */
export const holdMs = 10_000;

/** How long it may take to say how it is. */
const statusMs = 1000;

export interface GatewayOptions {
  readonly command: readonly string[];
  readonly candidates: string;
  readonly port: number;
  readonly metricsPort: number;
  /** A folder of the workspace. Its name on the command line is what the watchdog of the workspace knows us by. */
  readonly folder: string;
}

export class Gateway {
  readonly port: number;
  /** Of its metrics, as `explain --url` wants it. */
  readonly url: string;
  readonly #child: ChildProcess;
  #lines: string[] = [];

  constructor(options: GatewayOptions) {
    const { command: [program = '', ...args], port, metricsPort, folder } = options;
    this.port = port;
    this.url = `http://127.0.0.1:${metricsPort}`;
    const file = join(folder, 'gateway.conf');
    const settings = settingsOf(options);
    writeFileSync(file, Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join(''));
    this.#child = spawn(program, [...args, '--config-file', file], {
      // Settings of which the demo says nothing may be tried out: SPLIT_BRAIN=refuse pg_gateway demo.
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !Object.hasOwn(settings, name))),
      stdio: ['ignore', 'pipe', 'pipe'],
      // A Ctrl-C or a hangup of the terminal is for the demo, which ends the gateway in its turn.
      detached: true,
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
      return Boolean((await this.status())?.route.primary);
    }, { everyMs: 25, evidence: () => this.log });
    if (!this.isUp) throw new Error(`the gateway ended while it started:\n${this.log}`);
  }

  /** Undefined where it does not answer. */
  async status(): Promise<Status | undefined> {
    try {
      return JSON.parse(await read(`${this.url}/status`)) as Status;
    } catch {
      return undefined;
    }
  }

  async stop(): Promise<void> {
    if (!this.isUp) return;
    // Without waiting for anybody's sessions, and yet it removes its control socket.
    this.#child.kill('SIGQUIT');
    try {
      await waitFor('the gateway to end', () => !this.isUp, { deadlineMs: 3000 });
    } catch {
      this.#child.kill('SIGKILL');
      await waitFor('the gateway to die', () => !this.isUp);
    }
  }
}

/** Starts the gateway at `wishedPort`, or at the next free one, and returns it once it routes. */
export async function startGateway(
  options: Pick<GatewayOptions, 'command' | 'candidates' | 'folder'>,
  wishedPort: number,
  onMade: (gateway: Gateway) => void,
): Promise<void> {
  let port = wishedPort;
  while (port < 65_535 && !await isFree(port)) port++;
  const metricsPort = await freePort();
  const gateway = new Gateway({ ...options, port, metricsPort });
  onMade(gateway);
  await gateway.routes();
}

function settingsOf({ candidates, port, metricsPort }: GatewayOptions): Record<string, string> {
  return {
    CANDIDATES: candidates,
    LISTEN_HOST: '127.0.0.1',
    LISTEN_PORT: String(port),
    METRICS_HOST: '127.0.0.1',
    METRICS_PORT: String(metricsPort),
    PGUSER: 'postgres',
    PGDATABASE: 'postgres',
    LOG_FORMAT: 'json',
    HOLD_MS: String(holdMs),
  };
}

/** By node:http and not by `fetch`, which under Bun sends what is for 127.0.0.1 to HTTP_PROXY. */
function read(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, signal: AbortSignal.timeout(statusMs) }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => text += chunk);
      response.on('error', reject);
      response.on('end', () => resolve(text));
    });
    request.on('error', reject);
  });
}
