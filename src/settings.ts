/**
 * Every setting of the program, with its default, in one table. A name here is an environment variable and a key of
 * the configuration file as it is, and a flag in lower case with dashes: HOLD_MS is --hold-ms.
 */
import { Resolver } from 'node:dns';
import { sslModes } from './probe/credentials.ts';

export interface Setting<T> {
  readonly section: Section;
  /** One line for --help: what it does, in the present tense. */
  readonly help: string;
  /** What stands for the value in --help. */
  readonly hint: string;
  /** The default, as text; undefined: none, and the value is undefined. */
  readonly fallback: string | undefined;
  /** Throws an Error whose message reads after the name and value: "is not a number". */
  parse(text: string): T;
}

export const sections = [
  'Servers',
  'Listening',
  'Probing',
  'Waiting and limits',
  'Refusing',
  'Operating',
] as const;
export type Section = (typeof sections)[number];

type Of<T> = Omit<Setting<T>, 'section'>;

const text = (hint: string, help: string, fallback: string): Of<string> => ({
  help,
  hint,
  fallback,
  parse: (value) => value,
});

/** May be left out, and then has no value. */
const optional = (hint: string, help: string): Of<string | undefined> => ({
  help,
  hint,
  fallback: undefined,
  parse: (value) => value,
});

const integer = (hint: string, help: string, fallback: number, least: number, most: number): Of<number> => ({
  help,
  hint,
  fallback: fallback.toString(),
  parse: (value) => {
    const number = /^[0-9]{1,12}$/.test(value) ? Number(value) : NaN;
    if (number >= least && number <= most) return number;
    throw new Error(`is not a whole number from ${least} to ${most}`);
  },
});

const ms = (help: string, fallback: number, least: number): Of<number> =>
  integer('ms', help, fallback, least, 3_600_000);

const choice = <const T extends string>(
  options: readonly T[],
  help: string,
  fallback: NoInfer<T>,
): Of<T> => ({
  help,
  hint: options.join('|'),
  fallback,
  parse: (value) => {
    const option = options.find((option) => option === value.toLowerCase());
    if (option !== undefined) return option;
    throw new Error(`is none of ${options.join(', ')}`);
  },
});

/** `off` turns the port off. */
const port = (help: string, fallback: number): Of<number | undefined> => ({
  ...integer('port', help, fallback, 0, 65_535),
  parse: (value) => {
    if (value.toLowerCase() === 'off') return undefined;
    if (/^[0-9]{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
    throw new Error('is neither "off" nor a whole number from 0 to 65535');
  },
});

/** `auto` is left to the program. */
const threads = (help: string, most: number): Of<number | 'auto'> => ({
  ...integer('count', help, 0, 0, most),
  fallback: 'auto',
  parse: (value) => {
    if (value.toLowerCase() === 'auto') return 'auto';
    if (/^[0-9]{1,5}$/.test(value) && Number(value) <= most) return Number(value);
    throw new Error(`is neither "auto" nor a whole number from 0 to ${most}`);
  },
});

/** Off, on, or on with the seconds of silence before the first probe; Linux takes no more (MAX_TCP_KEEPIDLE). */
const keepAlive = (help: string, fallback: string): Of<number | undefined> => ({
  help,
  hint: 'on|off|seconds',
  fallback,
  parse: (value) => {
    const word = value.toLowerCase();
    if (['0', 'off', 'false', 'no'].includes(word)) return undefined;
    if (['1', 'on', 'true', 'yes'].includes(word)) return 30;
    if (/^[0-9]{1,5}$/.test(word) && Number(word) >= 1 && Number(word) <= 32_767) return Number(word);
    throw new Error('is neither on, off, nor a number of seconds from 1 to 32767');
  },
});

const pattern = (like: RegExp, complaint: string, of: Of<string | undefined>): Of<string | undefined> => ({
  ...of,
  parse: (value) => {
    if (like.test(value)) return value;
    throw new Error(complaint);
  },
});

/** Numeric, because who would look up their names? */
const nameServers = (help: string): Of<readonly string[] | undefined> => ({
  help,
  hint: 'address:port,...',
  fallback: undefined,
  parse: (value) => {
    const servers = value.split(',').map((server) => server.trim()).filter((server) => server !== '');
    try {
      new Resolver().setServers(servers);
      if (servers.length > 0) return servers;
    } catch {
      // Said below.
    }
    throw new Error('is not a list of numeric addresses, 10.0.0.10 or 10.0.0.10:5353 or [::1]:53');
  },
});

const inSection = <S extends Record<string, Of<unknown>>>(section: Section, of: S) =>
  Object.fromEntries(Object.entries(of).map(([name, setting]) => [name, { ...setting, section }])) as {
    readonly [K in keyof S]: S[K] & Setting<ReturnType<S[K]['parse']>>;
  };

export const settings = Object.freeze({
  ...inSection('Servers', {
    CANDIDATES: optional(
      'host:port,...',
      'the servers that may be the primary, and srv+NAME for SRV records; needed; port 5432 if not given',
    ),
    PGUSER: optional('role', 'the role of the probe; it needs LOGIN and nothing else (default: this user)'),
    PGDATABASE: text('name', 'the database that the probe connects to', 'postgres'),
    PGPASSWORD_FILE: optional(
      'file',
      "a file with the probe's password; or set PGPASSWORD in the environment",
    ),
    PGPASSFILE: optional(
      'file',
      'a password file of lines host:port:database:user:password (default: ~/.pgpass)',
    ),
    PGSSLMODE: choice(sslModes, 'TLS of the probe, as in libpq', 'prefer'),
    PGSSLROOTCERT: optional('file', 'the authorities that the probe trusts, or "system"'),
    PGSSLCERT: optional('file', "the probe's client certificate"),
    PGSSLKEY: optional('file', 'the key to PGSSLCERT'),
    SYSTEM_IDENTIFIER: pattern(
      /^[0-9]{1,20}$/,
      'is not a system identifier (pg_controldata\'s "Database system identifier")',
      optional(
        'number',
        'serve only the cluster of this system identifier (default: the one of most candidates)',
      ),
    ),
    DNS_TTL_MS: ms('how long the addresses of a name are used before it is looked up again', 10_000, 100),
    DNS_SERVERS: nameServers('ask these name servers for all names (default: as the system is configured)'),
  }),
  ...inSection('Listening', {
    LISTEN_HOST: text('address', 'where clients connect; also the first argument', '0.0.0.0'),
    LISTEN_PORT: integer('port', 'its port; also the second argument; 0 takes a free one', 6432, 0, 65_535),
    NUM_THREADS: threads(
      'worker threads that pump bytes; auto: half of the processors, 1 to 4; 0 pumps in the main thread',
      64,
    ),
    ENGINE: choice(
      ['auto', 'native', 'portable'],
      'native: Linux itself (epoll, by FFI under Bun and Deno); portable: the sockets of the runtime',
      'auto',
    ),
    SPIN_US: integer(
      'us',
      'how long a worker of the native engine asks for news before it sleeps, while that pays; burns processor time',
      0,
      0,
      1000,
    ),
    TCP_KEEPALIVE: keepAlive(
      'TCP keep-alive on both sides, with the seconds of silence before it asks',
      'on',
    ),
  }),
  ...inSection('Probing', {
    PROBE_INTERVAL_MS: ms('how often each candidate is asked', 250, 10),
    CHECK_EVERY: pattern(
      /^(?!0+(\.0+)?$)[0-9]{1,4}(\.[0-9]{1,3})?$/,
      'is not a number of seconds above 0',
      optional('seconds', 'the same in seconds; overrides PROBE_INTERVAL_MS'),
    ),
    PROBE_FAST_MS: ms('how often while there is no primary, or one is suspected', 100, 10),
    CONNECT_TIMEOUT_MS: ms('how long connecting to a server may take, for probes and sessions', 800, 10),
    QUERY_TIMEOUT_MS: ms('how long a candidate may take to answer', 1000, 10),
    FAIL_AFTER: integer('count', 'failed probes in a row that withdraw the primary', 2, 1, 100),
    DEAD_AFTER_MS: ms('silence of a server after which its sessions are ended', 30_000, 1000),
    SPLIT_BRAIN: choice(
      ['incumbent', 'refuse'],
      'with several primaries on one timeline: keep the one that was, or refuse everybody',
      'incumbent',
    ),
  }),
  ...inSection('Waiting and limits', {
    PREWARM: integer(
      'count',
      'connections to the primary that each worker makes ahead, more when many clients come; 0 makes none',
      2,
      0,
      32,
    ),
    HOLD_MS: ms('how long a new connection waits for a primary; 0 refuses at once', 10_000, 0),
    MAX_HELD: integer('count', 'how many may wait', 1000, 0, 1_000_000),
    MAX_SESSIONS: integer('count', 'how many sessions there may be', 10_000, 1, 1_000_000),
    STARTUP_TIMEOUT_MS: ms('how long a client may take to say what it wants', 10_000, 100),
    DRAIN_MS: ms('how long sessions may go on after SIGTERM or Ctrl-C', 10_000, 0),
  }),
  ...inSection('Refusing', {
    REFUSAL_CERT_FILE: optional(
      'file',
      'the certificate under which clients that asked for TLS are refused (default: a throw-away one)',
    ),
    REFUSAL_KEY_FILE: optional('file', 'the key to it'),
  }),
  ...inSection('Operating', {
    METRICS_HOST: text(
      'address',
      'where /metrics, /status, /journal, /live and /ready are served',
      '127.0.0.1',
    ),
    METRICS_PORT: port('their port; 0 takes a free one, "off" serves none', 6433),
    LOG_LEVEL: choice(['error', 'warn', 'info', 'debug'], 'how much is logged', 'info'),
    LOG_FORMAT: choice(['auto', 'text', 'json'], 'auto: text on a terminal, JSON lines elsewhere', 'auto'),
    CONFIG_FILE: optional('file', 'a file of lines NAME=value; the environment and flags win over it'),
  }),
});

export type SettingName = keyof typeof settings;

/** The values of all settings; undefined where there is neither a value nor a default. */
export type Values = { readonly [K in SettingName]: ReturnType<(typeof settings)[K]['parse']> };

export const settingNames = Object.keys(settings) as readonly SettingName[];

export function flagOf(name: SettingName): string {
  return `--${name.toLowerCase().replaceAll('_', '-')}`;
}
