/** The program under test, as users run it: a process of its own, on the runtime that GATEWAY_RUNTIME names. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { waitFor } from './wait-for.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = `${root}node_modules/.bin`;
const main = `${root}src/main.ts`;

/** How each runtime starts the program. */
const commands = {
  node: [`${bin}/node`, main],
  bun: [`${bin}/bun`, main],
  deno: [`${bin}/deno`, 'run', '-A', '--no-check', main],
  binary: [`${root}dist/pg_gateway`],
} as const;

export type GatewayRuntime = keyof typeof commands;

/** The runtime that this run of the tests is about. */
export const gatewayRuntime: GatewayRuntime = readRuntime(process.env['GATEWAY_RUNTIME'] ?? 'bun');

/** For a test that runs the program in its own way. */
export const programCommand: readonly string[] = commands[gatewayRuntime];

export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface GatewayProcess {
  readonly port: number;
  /** The standby port; 0: there is none. */
  readonly standbyPort: number;
  readonly metricsPort: number;
  readonly pid: number;
  /** Everything logged so far. */
  readonly log: readonly LogLine[];
  /** All that it has written to standard error, log or not. */
  said(): string;
  /** The value of a series, `name{label="value"}`; undefined if there is none. */
  metric(series: string): Promise<number | undefined>;
  /** GET from the metrics port. */
  get(path: string): Promise<{ readonly status: number; readonly body: string }>;
  /** Resolves once the log says that the candidate at `port` is primary, or, without a port, that nobody is. */
  routesTo(port: number | 'nobody'): Promise<void>;
  /** SIGTERM without waiting for sessions, and resolves with the exit code. */
  stop(): Promise<number | null>;
  signal(name: NodeJS.Signals): void;
  /** From now on nobody reads its log. */
  leaveLog(): void;
  readonly exited: Promise<number | null>;
}

/** Where standard output and standard error go: a pipe that is read, or a descriptor. */
export interface ProgramOutput {
  /** Starts this instead of what the runtime has: an executable for another machine, with what runs it here. */
  readonly command?: readonly string[];
  readonly stdout?: number;
  readonly stderr?: number;
  /** Descriptors that listen, by the names that systemd would give them. */
  readonly sockets?: Readonly<Record<string, number>>;
}

/**
 * Settings with which no probe fails because a loaded machine was slow: for tests in which no server falls silent.
 * Where one does, the limits are part of the test.
 */
export const patient = { CONNECT_TIMEOUT_MS: '5000', QUERY_TIMEOUT_MS: '20000' } as const;

/** Runs the program with `args` to its end. */
export async function runProgram(
  args: readonly string[],
  env: Record<string, string> = {},
  output: ProgramOutput = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = launch(args, env, gatewayRuntime, output);
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk) => stdout += chunk);
  child.stderr?.on('data', (chunk) => stderr += chunk);
  const code = await ended(child);
  return { code, stdout, stderr };
}

/** A gateway whose log the harness does not read. Its ports are those of `env`. */
export interface UnreadGateway {
  stop(): Promise<number | null>;
}

export function startUnread(env: Record<string, string>, stderr: number): UnreadGateway {
  const child = launch([], { ...always, ...env }, gatewayRuntime, { stderr });
  const exited = ended(child);
  return {
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

/** Unless a test says otherwise: free ports, and an end that waits for no session. */
const always = {
  LISTEN_HOST: '127.0.0.1',
  LISTEN_PORT: '0',
  METRICS_PORT: '0',
  PGUSER: 'postgres',
  LOG_FORMAT: 'json',
  DRAIN_MS: '0',
  CONTROL_SOCKET: 'off',
} as const;

/** Starts a gateway on free ports and resolves when it listens. `env` holds its settings. */
export async function startGateway(
  env: Record<string, string>,
  runtime: GatewayRuntime = gatewayRuntime,
  output: Pick<ProgramOutput, 'sockets' | 'command'> = {},
): Promise<GatewayProcess> {
  const child = launch([], { ...always, ...env }, runtime, output);
  const exited = ended(child);
  const log: LogLine[] = [];
  const noise: string[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => {
    if (line.startsWith('{')) log.push(JSON.parse(line));
    else noise.push(line);
  });
  let gone = false;
  void exited.then(() => gone = true);
  const said = (): string => [...noise, ...log.map((line) => JSON.stringify(line))].join('\n');
  const listening = await waitFor('the gateway to listen, or to end', () => {
    return gone ? null : log.find(({ event }) => event === 'listening');
  });
  if (listening === null) throw new Error(`the gateway on ${runtime} ended at its start:\n${said()}`);
  const port = portOf(listening['address']);
  const standbyPort = portOf(listening['replicas']);
  const metricsPort = portOf(listening['metrics']);

  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${metricsPort}${path}`);
    return { status: response.status, body: await response.text() };
  };
  return {
    port,
    standbyPort,
    metricsPort,
    pid: child.pid!,
    log,
    said,
    exited,
    get,
    metric: async (series) => {
      const { body } = await get('/metrics');
      const line = body.split('\n').find((line) => line.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length + 1));
    },
    routesTo: async (server) => {
      const isIt = (): boolean =>
        log.findLast(({ primary }) => primary !== undefined)?.['primary'] ===
          (server === 'nobody' ? server : `127.0.0.1:${server}`);
      await waitFor(`the gateway to route to ${server}`, isIt, { evidence: said });
    },
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
    signal: (name) => void child.kill(name),
    leaveLog: () => void child.stderr!.destroy(),
  };
}

function launch(
  args: readonly string[],
  env: Record<string, string>,
  runtime: GatewayRuntime = gatewayRuntime,
  { stdout, stderr, sockets = {}, command: program = commands[runtime] }: ProgramOutput = {},
): ChildProcess {
  const names = Object.keys(sockets);
  // As systemd does it: the process that they are meant for is named.
  const activation = names.length === 0 ? [] : [
    '/bin/sh',
    '-c',
    `LISTEN_FDS=${names.length} LISTEN_FDNAMES=${names.join(':')} LISTEN_PID=$$ exec "$@"`,
    'sh',
  ];
  const [command = '', ...rest] = [...activation, ...program];
  if (!existsSync(program[0] ?? '')) {
    throw new Error(`${program[0]} is missing: run scripts/install or scripts/build`);
  }
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'));
  const child = spawn(command, [...rest, ...args], {
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', stdout ?? 'pipe', stderr ?? 'pipe', ...Object.values(sockets)],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve));
}

/** A test that dies leaves no gateway behind. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

function portOf(address: unknown): number {
  const port = /:([0-9]+)$/.exec(String(address))?.[1];
  return port === undefined ? 0 : Number(port);
}

function readRuntime(name: string): GatewayRuntime {
  if (Object.hasOwn(commands, name)) return name as GatewayRuntime;
  throw new Error(`GATEWAY_RUNTIME=${name}: it is one of ${Object.keys(commands).join(', ')}`);
}
