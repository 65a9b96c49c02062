/** What is measured: how each target is started, in front of one server. */
import { join } from 'node:path';
import type { Child } from './children.ts';
import { start } from './children.ts';
import { isReady } from './ready.ts';
import { haproxyConfig, nginxConfig, pgbouncerConfig, type Seat, writeConfig } from './configs.ts';
import { floorIn } from './floor.ts';
import { isRunning } from '../../../src/demo/servers/processes.ts';
import { freePort } from '../../../test/bed/ports.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import type { PeerOption, peerTargets, relayTargets, TargetName } from './options.ts';
import type { TargetInfo } from './results.ts';
import { processesOf, threadsInLog, threadsOf } from './threads.ts';
import { type Program, versionOf } from './versions.ts';

const here = join(import.meta.dirname, '../../..');
const tool = (name: string) => join(here, 'node_modules/.bin', name);
const relay = (name: string) => join(import.meta.dirname, 'relays', name);

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** A target that runs. Whoever started it ends it. */
export interface Running extends Place {
  readonly name: string;
  /** Undefined for `direct`, and for a peer whose process nobody named. */
  readonly pid: number | undefined;
  /** From the start of the process until a session was ready through it. */
  readonly startMs: number | undefined;
  /** That move bytes; undefined where nobody tells. */
  readonly threads: number | undefined;
  readonly processes: number | undefined;
  end(): Promise<void>;
}

/** What every proxy is told alike. */
export interface Seats {
  /** Sessions at once. */
  readonly sessions: number;
  /** Undefined: as many as each starts by itself. */
  readonly threads: number | undefined;
}

export interface Target extends Pick<TargetInfo, 'name' | 'label' | 'kind'> {
  /**
   * In front of `server`. Rejects if within 20 s no session gets through, or, where the server
   * is an `echo`, no byte.
   */
  start(server: Place, seats: Seats, speaks?: 'postgres' | 'echo'): Promise<Running>;
  /** Whether it can be put in front of any server: not so for a peer that somebody else has started. */
  readonly isOurs: boolean;
  /** Whether that may be an echo. Ours wants a PostgreSQL, and so does a pool. */
  readonly takesAnyServer: boolean;
  /** A variant that differs in how it connects and in nothing else. */
  readonly onlyConnects: boolean;
}

type Engine = 'native' | 'portable';

/** How each of ours is started in a checkout, and with which engine. */
const ourCommands: Partial<Record<TargetName, readonly [readonly string[], Engine]>> = {
  'binary': [['dist/pg_gateway'], 'native'],
  'binary-ahead': [['dist/pg_gateway'], 'native'],
  'bun-native': [[tool('bun'), 'src/main.ts'], 'native'],
  'deno-native': [[tool('deno'), 'run', '-A', '--no-check', 'src/main.ts'], 'native'],
  'bun-portable': [[tool('bun'), 'src/main.ts'], 'portable'],
  'deno-portable': [[tool('deno'), 'run', '-A', '--no-check', 'src/main.ts'], 'portable'],
  'node-portable': [[tool('node'), 'src/main.ts'], 'portable'],
};

/** The same out of another checkout; of those that are not ours there is none. */
export function beforeOf(name: TargetName, root: string): Target[] {
  const ours = ourCommands[name];
  if (ours === undefined) return [];
  const { label, ...target } = gateway(name, root, ...ours);
  return [{ ...target, name: `${name}-before`, label: `${label}, of ${root}` }];
}

const relays: Partial<Record<string, string>> = {
  'floor': 'a bare relay in C: epoll, recv, send',
  'bun-relay': "a bare relay on Bun's own sockets: Bun.listen, Bun.connect",
  'deno-relay': "a bare relay on Deno's own sockets: Deno.listen, Deno.connect",
  'deno-node-relay': 'a bare relay on node:net of Deno',
  'node-relay': 'a bare relay on node:net',
};

export function targetOf(name: TargetName, folder: string): Target {
  if (name === 'direct') return direct;
  const ours = ourCommands[name];
  if (ours !== undefined) return gateway(name, here, ...ours);
  const other = name as keyof typeof others;
  const relayLabel = relays[name];
  return {
    name,
    label: relayLabel ?? versionOf(other as Program) ?? name,
    kind: relayLabel === undefined ? 'peer' : 'floor',
    isOurs: true,
    takesAnyServer: name !== 'pgbouncer',
    onlyConnects: false,
    start: async (server, seats, speaks) => {
      const port = await freePort();
      const { command, threads } = others[other];
      const words = command({ port, server, ...seats }, folder);
      return await running(name, port, () => start(words), ({ pid }) => threads(pid), speaks);
    },
  };
}

interface Other {
  /** What starts it; it writes its configuration into the folder. */
  readonly command: (seat: Seat, folder: string) => readonly string[];
  /** That move bytes. */
  readonly threads: (pid: number) => number | undefined;
}

/** A program of one thread that is told two ports. */
const relayOf = (...program: string[]): Other => ({
  command: ({ port, server }) => [...program, `${port}`, `${server.port}`],
  threads: () => 1,
});

const others: Readonly<
  Record<(typeof peerTargets)[number] | (typeof relayTargets)[number] | 'floor', Other>
> = {
  'bun-relay': relayOf(tool('bun'), relay('bun.ts')),
  'deno-relay': relayOf(tool('deno'), 'run', '-A', '--no-check', relay('deno.ts')),
  'deno-node-relay': relayOf(tool('deno'), 'run', '-A', '--no-check', relay('node.ts')),
  'node-relay': relayOf(tool('node'), relay('node.ts')),
  floor: {
    command: ({ port, server }, folder) => [floorIn(folder), `${port}`, `${server.port}`],
    threads: () => 1,
  },
  haproxy: {
    command: (seat, folder) => [
      'haproxy',
      '-f',
      writeConfig(folder, `haproxy-${seat.port}.cfg`, haproxyConfig(seat)),
    ],
    threads: threadsOf,
  },
  nginx: {
    command: (seat, folder) => {
      const config = writeConfig(folder, `nginx-${seat.port}.conf`, nginxConfig(seat, folder));
      return ['/usr/sbin/nginx', '-e', 'stderr', '-c', config];
    },
    // The first process only looks after the workers.
    threads: (pid) => (threadsOf(pid) ?? 2) - 1,
  },
  pgbouncer: {
    command: (seat, folder) =>
      pgbouncerCommand(writeConfig(folder, `pgbouncer-${seat.port}.ini`, pgbouncerConfig(seat))),
    // A second thread only looks names up.
    threads: () => 1,
  },
};

const direct: Target = {
  name: 'direct',
  label: 'PostgreSQL itself',
  kind: 'direct',
  isOurs: true,
  takesAnyServer: false,
  onlyConnects: false,
  start: (server) =>
    Promise.resolve({
      ...server,
      name: 'direct',
      pid: undefined,
      startMs: undefined,
      threads: undefined,
      processes: undefined,
      end: async () => {},
    }),
};

export function peerOf({ name, host, port, pid }: PeerOption): Target {
  return {
    name,
    label: `${name} at ${host}:${port}, started by somebody else`,
    kind: 'peer',
    isOurs: false,
    takesAnyServer: false,
    onlyConnects: false,
    start: async () => {
      if (!await isReady(host, port, 'postgres')) {
        throw new Error(
          `no session gets through ${host}:${port}; start it first, in front of the server of --server`,
        );
      }
      if (pid !== undefined && !isRunning(pid)) {
        throw new Error(`there is no process ${pid}; leave it out, or correct it`);
      }
      const counts = pid === undefined
        ? { threads: undefined, processes: undefined }
        : { threads: threadsOf(pid), processes: processesOf(pid) };
      return { name, host, port, pid, startMs: undefined, ...counts, end: async () => {} };
    },
  };
}

/** The C program takes its address as arguments, and the rest as ours does. */
export function originalOf(executable: string): Target {
  return {
    name: 'original',
    label: `the C program, ${executable}`,
    kind: 'peer',
    isOurs: true,
    takesAnyServer: false,
    onlyConnects: false,
    start: async (server, { threads }) => {
      const [port, metricsPort] = [await freePort(), await freePort()];
      const env = {
        CANDIDATES: `${server.host}:${server.port}`,
        METRICS_PORT: String(metricsPort),
        NUM_THREADS: String(threads ?? 1),
        PGUSER: 'postgres',
        PGDATABASE: 'postgres',
        PGSSLMODE: 'disable',
      };
      const launch = () => start([executable, '127.0.0.1', String(port)], { env });
      return await running('original', port, launch, () => threads ?? 1);
    },
  };
}

/** `words` are those of the command, the last of them in the folder `root`. */
function gateway(name: TargetName, root: string, words: readonly string[], engine: Engine): Target {
  const command = words.with(-1, join(root, words.at(-1) ?? ''));
  return {
    name,
    label: labelOf(name, engine),
    kind: 'ours',
    isOurs: true,
    takesAnyServer: false,
    onlyConnects: name === 'binary-ahead',
    async start({ host, port: serverPort }, { sessions, threads }) {
      const port = await freePort();
      const env = {
        ENGINE: engine,
        CANDIDATES: `${host}:${serverPort}`,
        LISTEN_HOST: '127.0.0.1',
        LISTEN_PORT: String(port),
        METRICS_PORT: 'off',
        // It says how many threads it has when it starts, and nothing of single sessions.
        LOG_LEVEL: 'info',
        LOG_FORMAT: 'json',
        PGUSER: 'postgres',
        // The stand-in speaks no TLS, and passes the probe on.
        PGSSLMODE: 'disable',
        // What is kept for those who wait would take descriptors from the sessions.
        MAX_HELD: '10',
        MAX_SESSIONS: String(sessions + 20),
        DENO_NO_UPDATE_CHECK: '1',
        ...(threads === undefined ? {} : { NUM_THREADS: String(threads) }),
        ...(name === 'binary-ahead' ? { PREWARM: '2' } : {}),
      };
      const launch = () => start(command, { env, cwd: root });
      return await running(this.name, port, launch, async (child) => {
        // A session may get through before the line has come through the pipe.
        return await waitFor('the log to say that it listens', () => threadsInLog(child.output()), {
          deadlineMs: 2000,
          everyMs: 5,
        }).catch(() => undefined);
      });
    },
  };
}

function labelOf(name: string, engine: string): string {
  if (name === 'binary') return `pg_gateway, executable, ${engine}`;
  if (name === 'binary-ahead') {
    return `pg_gateway, executable, ${engine}, with PREWARM=2; for connecting only`;
  }
  return `pg_gateway, ${name.replace('-', ', ')}`;
}

/** pgbouncer refuses to be root. */
function pgbouncerCommand(config: string): readonly string[] {
  return ['pgbouncer', '-q', ...(process.getuid?.() === 0 ? ['-u', 'postgres'] : []), config];
}

async function running(
  name: string,
  port: number,
  launch: () => Promise<Child>,
  count: (child: Child) => number | undefined | Promise<number | undefined>,
  speaks: 'postgres' | 'echo' = 'postgres',
): Promise<Running> {
  const from = performance.now();
  const child = await launch();
  const host = '127.0.0.1';
  try {
    await waitFor(`a session through ${name}`, async () => {
      if (child.hasEnded()) return { isUp: false };
      return await isReady(host, port, speaks) && { isUp: true };
    }, { deadlineMs: 20_000, everyMs: 2 }).then(({ isUp }) => {
      if (!isUp) throw new Error(`${name} ended: ${child.output().trim().slice(-500)}`);
    });
  } catch (error) {
    await child.end();
    throw error;
  }
  const startMs = performance.now() - from;
  const [threads, processes] = [await count(child), processesOf(child.pid)];
  return { name, host, port, pid: child.pid, startMs, threads, processes, end: () => child.end() };
}
