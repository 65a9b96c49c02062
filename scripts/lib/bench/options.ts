/** The command line of scripts/bench. Pure. */
import { resolve } from 'node:path';
import { readFlags, readNumber, UsageError } from '../usage.ts';
import { type Part, parts } from './metrics.ts';
import { leastRounds } from './verdict.ts';

export const help =
  `scripts/bench: measures pg_gateway beside what one would use instead of it, on this machine.

Starts a PostgreSQL and every target in front of it, runs the same work through each in turn, round after round, and
writes a table here, and results.json and index.html to a folder. About 40 minutes, or 11 with --quick.

  --quick              fewer targets, three short rounds; what takes long is done once, and gives no verdict
  --rounds COUNT       how many rounds (5; 3 with --quick); a goal is met or missed only where all rounds agree, and
                       fewer than ${leastRounds} give no verdict
  --seconds SECONDS    how long each pgbench run takes (4; 2 with --quick); its sessions log in within it
  --threads COUNT      threads that move bytes, of ours (NUM_THREADS) and of HAProxy (nbthread) alike; without it each
                       takes its own default; pgbouncer has one in any case
  --targets LIST       which targets, by name, with commas between (all but bare relays; direct always runs);
                       "portable" are the sockets of Bun, Deno and Node, each as a bare relay and below the program
  --only LIST          which parts, with commas between: ${parts.join(', ')}
  --before FOLDER      another checkout of the sources, with its packages installed: our targets once more out of it,
                       as NAME-before, in the same rounds; the executable is its dist/pg_gateway as it is
  --server HOST:PORT   a PostgreSQL that runs already, instead of one of our own; user and database postgres, no
                       password, made ready with "pgbench -i"; only on this machine
  --peer NAME=HOST:PORT[:PID]
                       another proxy, in front of the PostgreSQL of --server; with its process id its CPU and memory
                       are read too; may be given several times
  --original FOLDER    the C program of the same name, as target "original": FOLDER/pg_gateway, built by yourself
  --idle COUNT         how many idle sessions (10000, or what the open-file limit allows); 0 leaves that part out
  --out FOLDER         where the results go (bench)
  --no-install         do not install what is missing with apt-get: haproxy, pgbouncer, and postgresql for pgbench,
                       which may start a server of its own on port 5432
  --help               this text

Exit code 0 if it ran, whatever the figures; 1 if it could not; 2 for a mistake on the command line.
`;

export const ourTargets = [
  'binary',
  'bun-native',
  'deno-native',
  'bun-portable',
  'deno-portable',
  'node-portable',
  // The executable once more with PREWARM=2, for connecting only.
  'binary-ahead',
] as const;
export const peerTargets = ['nginx', 'haproxy', 'pgbouncer'] as const;
export const allTargets = ['direct', 'floor', ...ourTargets, ...peerTargets] as const;
/** The sockets of a runtime and nothing else: measured where they are asked for. */
export const relayTargets = ['bun-relay', 'deno-relay', 'deno-node-relay', 'node-relay'] as const;
export const knownTargets = ['direct', 'floor', ...relayTargets, ...ourTargets, ...peerTargets] as const;
export type TargetName = (typeof knownTargets)[number];

/** What a name in --targets stands for. */
const groups: Readonly<Record<string, readonly TargetName[]>> = {
  portable: ['floor', ...relayTargets, 'bun-portable', 'deno-portable', 'node-portable'],
};

/** What --quick measures. */
const quickTargets: readonly TargetName[] = [
  'direct',
  'floor',
  'binary',
  'node-portable',
  'binary-ahead',
  'nginx',
  'haproxy',
  'pgbouncer',
];

export interface PeerOption {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number | undefined;
}

export interface Options {
  readonly isQuick: boolean;
  readonly rounds: number;
  readonly seconds: number;
  /** Of ours and of HAProxy; undefined: as each does by itself. */
  readonly threads: number | undefined;
  readonly targets: readonly TargetName[];
  /** The flag that leaves out the others. */
  readonly leftOutBy: '--quick' | '--targets' | undefined;
  readonly parts: readonly Part[];
  /** The folder of another checkout, whose targets run beside ours. */
  readonly before: string | undefined;
  readonly server: { readonly host: string; readonly port: number } | undefined;
  readonly peers: readonly PeerOption[];
  /** The executable of the C program. */
  readonly original: string | undefined;
  readonly idle: number;
  readonly out: string;
  readonly mayInstall: boolean;
}

/** Throws UsageError. Returns 'help' when that was asked for. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  const isQuick = values.quick ?? false;
  const server = values.server === undefined ? undefined : readAddress('--server', values.server);
  const peers = (values.peer ?? []).map(readPeer);
  if (peers.length > 0 && server === undefined) {
    throw new UsageError('--peer needs --server: a peer stands in front of a PostgreSQL that it was told of');
  }
  const names = [
    ...peers.map(({ name }) => name),
    ...knownTargets,
    ...(values.original === undefined ? [] : ['original']),
  ];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`--peer ${twice}: that name is taken, give it another one`);
  return {
    isQuick,
    rounds: readNumber('--rounds', values.rounds, isQuick ? leastRounds : 5, 1, 100),
    seconds: readNumber('--seconds', values.seconds, isQuick ? 2 : 4, 1, 60),
    threads: values.threads === undefined ? undefined : readNumber('--threads', values.threads, 1, 1, 64),
    targets: readTargets(values.targets, isQuick ? quickTargets : allTargets),
    leftOutBy: values.targets !== undefined ? '--targets' : isQuick ? '--quick' : undefined,
    parts: readParts(values.only),
    before: values.before === undefined ? undefined : resolve(values.before),
    server,
    peers,
    original: values.original === undefined ? undefined : resolve(values.original, 'pg_gateway'),
    idle: readNumber('--idle', values.idle, 10_000, 0, 1_000_000),
    out: values.out ?? 'bench',
    mayInstall: !values['no-install'],
  };
}

function parse(args: readonly string[]) {
  return readFlags(args, {
    quick: { type: 'boolean' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    threads: { type: 'string' },
    targets: { type: 'string' },
    only: { type: 'string' },
    before: { type: 'string' },
    server: { type: 'string' },
    peer: { type: 'string', multiple: true },
    original: { type: 'string' },
    idle: { type: 'string' },
    out: { type: 'string' },
    'no-install': { type: 'boolean' },
    help: { type: 'boolean' },
  });
}

function readTargets(text: string | undefined, fallback: readonly TargetName[]): readonly TargetName[] {
  if (text === undefined) return fallback;
  const wanted = wordsIn(text).flatMap((name): readonly string[] => groups[name] ?? [name]);
  const known = [...knownTargets, ...Object.keys(groups)];
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--targets: there is no "${unknown}"; there are ${known.join(', ')}`);
  }
  return knownTargets.filter((name) => name === 'direct' || wanted.includes(name));
}

function readParts(text: string | undefined): readonly Part[] {
  if (text === undefined) return parts;
  const wanted = wordsIn(text);
  const unknown = wanted.find((name) => !parts.some((known) => known === name));
  if (unknown !== undefined) {
    throw new UsageError(`--only: there is no "${unknown}"; there are ${parts.join(', ')}`);
  }
  return parts.filter((name) => wanted.includes(name));
}

function wordsIn(text: string): string[] {
  return text.split(',').map((word) => word.trim());
}

function readAddress(flag: string, text: string): { host: string; port: number } {
  const [, host, port] = /^(127\.0\.0\.\d{1,3}|localhost):(\d{1,5})$/.exec(text) ?? [];
  if (host !== undefined && Number(port) >= 1 && Number(port) <= 65_535) {
    // The wire client takes numbers only.
    return { host: host === 'localhost' ? '127.0.0.1' : host, port: Number(port) };
  }
  throw new UsageError(`${flag} ${text} is not like 127.0.0.1:5432; only this machine is measured`);
}

function readPeer(text: string): PeerOption {
  const [, name, address, pid] = /^([A-Za-z][\w.-]{0,30})=([^:]+:\d+)(?::(\d+))?$/.exec(text) ?? [];
  if (name === undefined || address === undefined) {
    throw new UsageError(`--peer ${text} is not like name=127.0.0.1:6432 or name=127.0.0.1:6432:PID`);
  }
  return {
    name,
    ...readAddress(`--peer ${name}:`, address),
    pid: pid === undefined ? undefined : Number(pid),
  };
}
