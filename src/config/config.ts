/** The configuration: flags over environment over file over defaults, checked as a whole, frozen. */
import { type Entry, parseCandidates } from '../cluster/candidate.ts';
import type { Rules } from '../cluster/election.ts';
import type { RotationRules } from '../cluster/rotation.ts';
import { strayWeight } from '../cluster/weights.ts';
import { codeOf, ConfigError, isConnectionString, messageOf } from '../errors.ts';
import { type MetricsToken, readMetricsToken } from './metrics-token.ts';
import { portConflicts } from './port-conflicts.ts';
import type { DataSettings } from '../contract/messages.ts';
import type { LogOptions } from '../log.ts';
import { type Credentials, type LoginSettings, readCredentials } from '../probe/credentials.ts';
import type { Files } from '../probe/files.ts';
import type { ProberOptions } from '../probe/prober.ts';
import { availableCores, defaultWorkers } from './cores.ts';
import type { EngineSetting } from '../runtime/engine.ts';
import { isSameNetwork } from '../runtime/networks.ts';
import { type SettingName, settingNames, settings, type Values } from './settings.ts';
import { type AllGiven, type Environment, gather, type Remarks, type Sources } from './sources.ts';

/** A host, and a port on it. */
type HostPort = { readonly host: string; readonly port: number };

/** Everything that is set, read and checked, grouped by the part of the program that uses it. */
export interface Config {
  readonly candidates: readonly Entry[];
  readonly credentials: Credentials;
  /** What was set, as it was written. Holds secrets: `effective` shows it without them. */
  readonly given: AllGiven;
  /** What was passed over, and why, for a person. */
  readonly warnings: readonly string[];
  /** Where clients get the primary. */
  readonly listen: HostPort & {
    /** Further hosts of the same ports, and folders of unix sockets. */
    readonly alsoOn: readonly string[];
  };
  /** Where clients get a standby; undefined: nowhere. */
  readonly standbyPort: number | undefined;
  readonly engine: EngineSetting;
  /** Threads that pump; 0: the main thread does. */
  readonly workers: number;
  readonly data: Pick<
    DataSettings,
    | 'fallback'
    | 'balance'
    | 'keepAlive'
    | 'connectTimeoutMs'
    | 'startupTimeoutMs'
    | 'holdMs'
    | 'maxHeld'
    | 'maxSessions'
    | 'allow'
    | 'deny'
    | 'maxPerAddress'
    | 'ratePerAddress'
    | 'idleTimeoutMs'
    | 'maxBufferedBytes'
    | 'prewarm'
    | 'spinMs'
    | 'logConnections'
    | 'proxyProtocol'
    | 'proxyTrusted'
  >;
  readonly rules: Rules;
  readonly rotation: RotationRules;
  /** MAX_SESSIONS is set; without it the number is our guess. */
  readonly isMaxSessionsSet: boolean;
  /** Silence of a server after which its sessions are ended. */
  readonly deadAfterMs: number;
  readonly probe: ProberOptions;
  /** Where HTTP is served; undefined: nowhere. */
  readonly metrics: HostPort | undefined;
  readonly metricsToken: MetricsToken;
  /** After the signal to stop: how long clients are still taken, and how long sessions may go on after that. */
  readonly drain: { readonly acceptMs: number; readonly ms: number };
  readonly log: LogOptions;
  /** The path of the control socket; 'off': there is none; undefined: in a place of our choice. */
  readonly controlSocket: string | undefined;
  readonly drills: boolean;
  /** Take the ports over from the gateway that runs. */
  readonly takeover: boolean;
  /** PEM texts; undefined: make a throw-away certificate when one is needed. */
  readonly refusalCertificate: { readonly cert: string; readonly key: string } | undefined;
}

/** Throws ConfigError with everything that is wrong at once. */
export function readConfig(sources: Sources): Config {
  const remarks: Remarks = { problems: [], warnings: [] };
  const { problems } = remarks;
  const given = gather(sources, remarks);
  const values = readValues(given, problems);
  const candidates = readCandidates(values.CANDIDATES, problems);
  problems.push(...portConflicts(values));
  if (values.LISTEN_HOST?.length > 1 && [values.LISTEN_PORT, values.REPLICA_PORT].includes(0)) {
    problems.push('LISTEN_PORT and REPLICA_PORT must not be 0, a free port, where LISTEN_HOST names several');
  }
  checkWeights(values.REPLICA_WEIGHTS, candidates, problems);
  if (values.PROXY_PROTOCOL !== undefined && !given.has('PROXY_TRUSTED')) {
    problems.push(
      `PROXY_PROTOCOL=${values.PROXY_PROTOCOL} needs PROXY_TRUSTED: name the networks of the load balancers, 10.0.0.0/24`,
    );
  }
  checkNetworks(values, problems);
  const refusalCertificate = readCertificate(values, sources.files, problems);
  const metricsToken = tokenOf(values, given, sources.files, problems);
  const login = loginOf(values, given, sources.env);
  const credentials = attempt(problems, () => readCredentials(login, sources.account, sources.files));
  if (credentials === undefined || problems.length > 0) throw new ConfigError(problems);
  const probeIntervalMs = values.CHECK_EVERY === undefined
    ? values.PROBE_INTERVAL_MS
    : Math.max(10, values.CHECK_EVERY * 1000);
  const { CONNECT_TIMEOUT_MS: connectTimeoutMs, QUERY_TIMEOUT_MS: queryTimeoutMs } = values;
  return frozen({
    candidates,
    credentials,
    given,
    warnings: remarks.warnings,
    listen: listenOf(values),
    standbyPort: values.REPLICA_PORT,
    engine: values.ENGINE,
    workers: values.NUM_THREADS === 'auto' ? defaultWorkers(availableCores()) : values.NUM_THREADS,
    data: {
      fallback: values.REPLICA_FALLBACK,
      balance: values.REPLICA_BALANCE,
      keepAlive: values.TCP_KEEPALIVE === undefined
        ? undefined
        : { idleMs: values.TCP_KEEPALIVE * 1000, intervalMs: 10_000, count: 3 },
      connectTimeoutMs,
      startupTimeoutMs: values.STARTUP_TIMEOUT_MS,
      holdMs: values.HOLD_MS,
      maxHeld: values.MAX_HELD,
      maxSessions: values.MAX_SESSIONS,
      allow: values.ALLOW,
      deny: values.DENY,
      maxPerAddress: values.MAX_CONNECTIONS_PER_ADDRESS,
      ratePerAddress: values.CONNECT_RATE_PER_ADDRESS,
      idleTimeoutMs: values.IDLE_TIMEOUT_MS,
      maxBufferedBytes: values.MAX_BUFFERED_BYTES,
      prewarm: values.PREWARM,
      spinMs: values.SPIN_US / 1000,
      logConnections: values.LOG_CONNECTIONS,
      proxyProtocol: values.PROXY_PROTOCOL,
      proxyTrusted: values.PROXY_TRUSTED ?? { networks: [], unix: false },
    },
    rules: {
      failAfter: values.FAIL_AFTER,
      // As long as it may take until so many probes have failed, with time to spare.
      maxAgeMs: (values.FAIL_AFTER + 1) * (probeIntervalMs + connectTimeoutMs + queryTimeoutMs),
      splitBrain: values.SPLIT_BRAIN,
      system: values.SYSTEM_IDENTIFIER,
    },
    rotation: {
      maxLagBytes: values.MAX_LAG_BYTES,
      maxLagMs: values.MAX_LAG_MS,
      lagFenceMs: values.LAG_FENCE_MS,
      weights: values.REPLICA_WEIGHTS ?? {},
    },
    isMaxSessionsSet: given.has('MAX_SESSIONS'),
    deadAfterMs: values.DEAD_AFTER_MS,
    probe: {
      probeIntervalMs,
      probeFastMs: values.PROBE_FAST_MS,
      connectTimeoutMs,
      queryTimeoutMs,
      dnsTtlMs: values.DNS_TTL_MS,
      nameServers: values.DNS_SERVERS,
    },
    metrics: metricsAddress(values),
    metricsToken,
    drain: { acceptMs: values.DRAIN_ACCEPT_MS, ms: values.DRAIN_MS },
    log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT },
    controlSocket: values.CONTROL_SOCKET,
    drills: values.DRILLS,
    takeover: values.TAKEOVER,
    refusalCertificate,
  });
}

/** A value that the table has rejected has its message already: one mistake is one message. */
function loginOf(values: Values, given: AllGiven, env: Environment): LoginSettings {
  return {
    user: values.PGUSER,
    database: values.PGDATABASE,
    password: given.get('PGPASSWORD')?.text,
    passwordFile: values.PGPASSWORD_FILE,
    passFile: values.PGPASSFILE,
    // Its default depends on PGSSLROOTCERT.
    sslMode: given.has('PGSSLMODE') ? values.PGSSLMODE : undefined,
    channelBinding: values.PGCHANNELBINDING,
    requireAuth: values.PGREQUIREAUTH,
    sslRootCert: values.PGSSLROOTCERT,
    sslCert: values.PGSSLCERT,
    sslKey: values.PGSSLKEY,
    sslCertFile: env['SSL_CERT_FILE'],
    sslCertDir: env['SSL_CERT_DIR'],
  };
}

/** The address of the metrics port, and what opens it, whatever else is set. Throws ConfigError. */
export function readMetrics(
  sources: Sources,
): { readonly address: HostPort | undefined; readonly token: MetricsToken } {
  const remarks: Remarks = { problems: [], warnings: [] };
  const { problems } = remarks;
  const given = gather(sources, remarks);
  const values = readValues(given, problems, ['METRICS_HOST', 'METRICS_PORT', 'METRICS_TOKEN_FILE']);
  const token = tokenOf(values, given, sources.files, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return { address: metricsAddress(values), token };
}

/** Whether one of these is set, and not left to its default. */
export function isGiven(sources: Sources, names: readonly SettingName[]): boolean {
  const given = gather(sources, { problems: [], warnings: [] });
  return names.some((name) => given.has(name));
}

/** What tells where a gateway takes commands, whatever else is set. Throws ConfigError. */
export function readControlSocket(
  sources: Sources,
): { readonly socket: string | undefined; readonly port: number | undefined } {
  const remarks: Remarks = { problems: [], warnings: [] };
  const { problems } = remarks;
  const given = gather(sources, remarks);
  const values = readValues(given, problems, ['CONTROL_SOCKET', 'LISTEN_PORT']);
  if (problems.length > 0) throw new ConfigError(problems);
  return { socket: values.CONTROL_SOCKET, port: given.has('LISTEN_PORT') ? values.LISTEN_PORT : undefined };
}

/** The first that is no folder is the one that all else is told by. */
function listenOf({ LISTEN_HOST: hosts, LISTEN_PORT: port }: Values): Config['listen'] {
  const host = hosts.find((one) => !one.startsWith('/'))!;
  return { host, port, alsoOn: hosts.filter((one) => one !== host) };
}

function metricsAddress({ METRICS_HOST: host, METRICS_PORT: port }: Values): HostPort | undefined {
  return port === undefined ? undefined : { host, port };
}

function tokenOf(values: Values, given: AllGiven, files: Files, problems: string[]): MetricsToken {
  return readMetricsToken(given.get('METRICS_TOKEN')?.text, values.METRICS_TOKEN_FILE, files, problems);
}

function readValues(
  given: AllGiven,
  problems: string[],
  names: readonly SettingName[] = settingNames,
): Values {
  const values: Record<string, unknown> = {};
  for (const name of names) {
    const setting = settings[name];
    const { text = setting.fallback, written } = given.get(name) ?? {};
    if (text === undefined) continue;
    // What is wrong with CANDIDATES is told where it is read.
    if (isConnectionString(text) && name !== 'CANDIDATES') {
      const what = written ?? `${name}=${text}`;
      problems.push(
        `${what} is a connection string: its parts belong into CANDIDATES, PGUSER, PGDATABASE and PGPASSWORD or PGPASSWORD_FILE`,
      );
      continue;
    }
    try {
      values[name] = setting.parse(text);
    } catch (error) {
      problems.push(`${written ?? `${name}=${text}`} ${messageOf(error)}`);
    }
  }
  return values as Values;
}

function readCandidates(text: string | undefined, problems: string[]): readonly Entry[] {
  const example = 'CANDIDATES=db1:5432,db2:5432,db3:5432';
  if (text === undefined) {
    problems.push(`CANDIDATES is not set: name the servers that may be the primary, ${example}`);
    return [];
  }
  const list = parseCandidates(text);
  if ('candidates' in list) return list.candidates;
  problems.push(`CANDIDATES: ${list.problem}; it looks like ${example}`);
  return [];
}

function checkWeights(
  weights: Values['REPLICA_WEIGHTS'],
  candidates: readonly Entry[],
  problems: string[],
): void {
  const stray = weights && candidates.length > 0 ? strayWeight(weights, candidates) : undefined;
  if (stray !== undefined) problems.push(`REPLICA_WEIGHTS names ${stray}, which is none of CANDIDATES`);
}

function checkNetworks({ ALLOW: allow = [], DENY: deny = [] }: Values, problems: string[]): void {
  if (!allow.some((network) => deny.some((other) => isSameNetwork(network, other)))) return;
  problems.push('ALLOW and DENY name the same network: the most specific one decides, and these are equal');
}

function readCertificate(values: Values, files: Files, problems: string[]): Config['refusalCertificate'] {
  const { REFUSAL_CERT_FILE: certFile, REFUSAL_KEY_FILE: keyFile } = values;
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) {
    problems.push('REFUSAL_CERT_FILE and REFUSAL_KEY_FILE belong together: set both or none');
    return undefined;
  }
  const read = (name: SettingName, path: string): string => {
    try {
      return files.read(path);
    } catch (error) {
      problems.push(
        `${name}=${path} cannot be read (${
          codeOf(error) || messageOf(error)
        }): check the path and its permissions`,
      );
      return '';
    }
  };
  return { cert: read('REFUSAL_CERT_FILE', certFile), key: read('REFUSAL_KEY_FILE', keyFile) };
}

/** To the bottom: what all parts of the program read, none of them may change. */
function frozen<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) frozen(part);
  return Object.freeze(value);
}

function attempt<T>(problems: string[], fn: () => T): T | undefined {
  try {
    return fn();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
