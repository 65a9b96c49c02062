/**
 * Every setting of the program, with its default, in one table. A name here is an environment variable and a key of
 * the configuration file as it is, and a flag in lower case with dashes: HOLD_MS is --hold-ms.
 */
import { logLevels } from '../log-events.ts';
import { channelBindings } from '../probe/channel-binding.ts';
import { sslModes } from '../probe/credentials.ts';
import {
  address,
  addresses,
  choice,
  choiceOrOff,
  countOrOff,
  integer,
  keepAlive,
  limit,
  ms,
  nameServers,
  networks,
  onOff,
  optional,
  pattern,
  port,
  quantity,
  rate,
  requireAuth,
  seconds,
  type SettingType,
  text,
  threads,
  trustedSources,
  weights,
} from './setting-types.ts';

export const sections = [
  'Servers',
  'Listening',
  'Standbys',
  'Probing',
  'Waiting and limits',
  'Refusing',
  'Operating',
] as const;
export type Section = (typeof sections)[number];

export interface Setting<T> extends SettingType<T> {
  readonly section: Section;
}

const inSection = <S extends Record<string, SettingType<unknown>>>(section: Section, of: S) =>
  Object.fromEntries(Object.entries(of).map(([name, setting]) => [name, { ...setting, section }])) as {
    readonly [K in keyof S]: S[K] & Setting<ReturnType<S[K]['parse']>>;
  };

export const settings = Object.freeze({
  ...inSection('Servers', {
    CANDIDATES: optional(
      'host:port,...',
      'the servers that may be the primary, /folder of a unix socket, and srv+NAME for SRV records; needed; port 5432 if not given',
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
    PGSSLROOTCERT: optional(
      'file',
      'the authorities that the probe trusts, or "system"; without PGSSLMODE it means verify-ca, or verify-full for "system"',
    ),
    PGSSLCERT: optional('file', "the probe's client certificate"),
    PGSSLKEY: optional('file', 'the key to PGSSLCERT'),
    PGREQUIREAUTH: requireAuth(
      'how a server may ask the probe to log in: password, md5, scram-sha-256, none; or all but !these, as in libpq',
    ),
    PGCHANNELBINDING: choice(
      channelBindings,
      "whether the probe's SCRAM is bound to the server's certificate, as in libpq",
      'prefer',
    ),
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
    LISTEN_HOST: addresses(
      'address,...',
      'where clients connect, and folders of unix sockets; :: is IPv4, too; also the first argument',
      '0.0.0.0',
      'LISTEN_PORT',
    ),
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
    SPIN_US: quantity(
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
    PROXY_PROTOCOL: choiceOrOff(
      ['accept', 'require'],
      'a header of the PROXY protocol, by which a load balancer says whose connection it is',
    ),
    PROXY_TRUSTED: trustedSources(
      'where the load balancers are whose header counts: networks, addresses, "unix" for unix sockets',
    ),
  }),
  ...inSection('Standbys', {
    REPLICA_PORT: port(
      'where clients get a standby, for reading; on LISTEN_HOST; 0 takes a free one, "off" serves none',
      'off',
    ),
    REPLICA_FALLBACK: onOff(
      'without a usable standby the primary serves those clients; off: they wait',
      'on',
    ),
    REPLICA_BALANCE: choice(
      ['least', 'source'],
      'least: new clients get the standby with the fewest sessions; source: all of one address get the same one',
      'least',
    ),
    REPLICA_WEIGHTS: weights(
      'shares of standbys in new sessions, 0 to 1000; a standby that is not named has 1',
    ),
    MAX_LAG_MS: limit('ms', 'a standby that lags more gets no new session; or off', '10000', 0),
    MAX_LAG_BYTES: limit('bytes', 'the same in bytes of write-ahead log; or off', 'off', 0),
    LAG_FENCE_MS: limit('ms', 'a standby that lags more loses the sessions that it has; or off', 'off', 1000),
  }),
  ...inSection('Probing', {
    PROBE_INTERVAL_MS: ms('how often each candidate is asked', 250, 10),
    CHECK_EVERY: seconds('the same in seconds; overrides PROBE_INTERVAL_MS', 9999),
    PROBE_FAST_MS: ms('how often while there is no primary, or one is suspected', 50, 10),
    CONNECT_TIMEOUT_MS: ms('how long connecting to a server may take, for probes and sessions', 800, 10),
    QUERY_TIMEOUT_MS: ms('how long a candidate may take to answer', 1000, 10),
    FAIL_AFTER: integer('count', 'failed probes in a row that withdraw the primary', 2, 1, 100),
    DEAD_AFTER_MS: ms('silence of a server after which its sessions are ended', 30_000, 1000),
    SPLIT_BRAIN: choice(
      ['incumbent', 'refuse'],
      'with several primaries on one timeline: keep the one that was, or refuse all clients',
      'incumbent',
    ),
  }),
  ...inSection('Waiting and limits', {
    PREWARM: integer(
      'count',
      'connections to the primary that each worker makes ahead while clients come; ' +
        'they have the pg_hba.conf and certificate of up to 250 ms ago',
      0,
      0,
      32,
    ),
    HOLD_MS: ms('how long a new connection waits for a primary; 0 refuses at once', 10_000, 0),
    MAX_HELD: integer('count', 'how many may wait', 10_000, 0, 1_000_000),
    MAX_SESSIONS: integer('count', 'how many sessions there may be', 10_000, 1, 1_000_000),
    ALLOW: networks(
      'clients of these networks alone are taken; the most specific network of ALLOW and DENY decides',
    ),
    DENY: networks('clients of these networks are refused'),
    MAX_CONNECTIONS_PER_ADDRESS: countOrOff(
      'how many connections one client address, of IPv6 one /64, may have; or off',
      1_000_000,
    ),
    CONNECT_RATE_PER_ADDRESS: rate(
      'how many times a second it may connect, and after a colon how many times at once after a rest; or off',
    ),
    MAX_BUFFERED_BYTES: limit(
      'bytes',
      'how much may be kept for all that do not read, before no new session is taken; or off',
      'off',
      65_536,
    ),
    IDLE_TIMEOUT_MS: limit(
      'ms',
      'how long a session may be without a byte in either direction before it is ended; or off',
      'off',
      1000,
    ),
    STARTUP_TIMEOUT_MS: ms('how long a client may take to say what it wants', 10_000, 100),
    DRAIN_ACCEPT_MS: ms(
      'how long clients are still taken after SIGTERM or Ctrl-C, while /ready says 503',
      0,
      0,
    ),
    DRAIN_MS: ms('how long sessions may go on after that', 10_000, 0),
  }),
  ...inSection('Refusing', {
    REFUSAL_CERT_FILE: optional(
      'file',
      'the certificate under which clients that asked for TLS are refused (default: a throw-away one)',
    ),
    REFUSAL_KEY_FILE: optional('file', 'the key to it'),
  }),
  ...inSection('Operating', {
    METRICS_HOST: address(
      'address',
      'where /metrics, /status, the checks of load balancers and other pages are served',
      '127.0.0.1',
      'METRICS_PORT',
    ),
    METRICS_PORT: port('their port; 0 takes a free one, "off" serves none', 6433),
    METRICS_TOKEN_FILE: optional(
      'file',
      'a file with the token that the metrics port wants; or set METRICS_TOKEN in the environment (default: it wants none)',
    ),
    CONTROL_SOCKET: optional(
      'path',
      'the unix socket on which commands are taken, or "off" (default: LISTEN_PORT.sock in /run/pg_gateway, or in a folder of this user)',
    ),
    DRILLS: onOff('whether pg_gateway drill may withdraw the route or end sessions, for a rehearsal', 'off'),
    TAKEOVER: onOff(
      'start by taking the ports over from the gateway that runs, which then ends as on SIGTERM',
      'off',
    ),
    LOG_LEVEL: choice(logLevels, 'how much is logged', 'info'),
    LOG_CONNECTIONS: choiceOrOff(
      ['errors', 'all'],
      'a line at the end of each session; errors: of those that did not end by their client or server',
    ),
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
