/** What of an haproxy.cfg has no counterpart in the gateway's settings, why, and what to do instead. Pure. */
import { groupBy } from '../../cluster/group-by.ts';
import { type Parameters } from './parameters.ts';
import type { Directive, Section } from './sections.ts';
import { withDefault } from './setting-line.ts';
import type { BackendServer, Bind } from './servers.ts';

export interface Remark {
  readonly lines: readonly number[];
  /** As the file has it, without values that may be secret: `timeout client`. */
  readonly what: string;
  readonly why: string;
  /** To be seen to before clients move; the others change nothing for them, or for the better. */
  readonly isFirst: boolean;
}

type Table = Readonly<Record<string, string>>;

const idle =
  'no session is ended because it is idle: IDLE_TIMEOUT_MS can do it, and so can idle_session_timeout of PostgreSQL (14 and newer); TCP_KEEPALIVE finds dead clients';
const again =
  'a client whose server goes away before it has said a byte gets another one, or waits for HOLD_MS';
const logging = 'the log goes to standard error, as LOG_LEVEL and LOG_FORMAT say';
const ofHaproxy = 'is about HAProxy itself';
const ofProbe =
  'the gateway asks PostgreSQL itself, at the port of the server: no other port need be reached, nor an agent run';
const service = 'is for the service manager: deploy/systemd has units';
const stickiness = 'REPLICA_BALANCE=source keeps each client address at one standby';

/** Of listen, frontend, backend and their defaults; the longest beginning counts. '' says nothing, as it is dealt with elsewhere. */
const ofProxies: Table = {
  'timeout client': idle,
  'timeout server': idle,
  'timeout tunnel': idle,
  'timeout connect': `${
    withDefault('CONNECT_TIMEOUT_MS')
  } is also how soon a machine that is gone is noticed: set it where servers are farther away`,
  'timeout check': `${withDefault('QUERY_TIMEOUT_MS')} is how long a server may take to answer a probe`,
  'timeout queue': 'clients wait for a primary (HOLD_MS), and not for a free place at a server',
  'timeout http': '',
  retries: again,
  'option redispatch': again,
  'retry-on': again,
  maxconn: 'MAX_SESSIONS is for all ports of the gateway together; PostgreSQL limits databases and roles',
  fullconn: ofHaproxy,
  backlog: ofHaproxy,
  'option clitcpka': 'TCP_KEEPALIVE is on, on both sides, unless it is set to off',
  'option srvtcpka': 'TCP_KEEPALIVE is on, on both sides, unless it is set to off',
  'option tcpka': 'TCP_KEEPALIVE is on, on both sides, unless it is set to off',
  'clitcpka-': 'TCP_KEEPALIVE takes the seconds of silence before the first question, for both sides',
  'srvtcpka-': 'TCP_KEEPALIVE takes the seconds of silence before the first question, for both sides',
  log: logging,
  'log-': logging,
  'option log': logging,
  'option dontlog': logging,
  'option allbackups': 'every standby in the rotation gets clients (REPLICA_WEIGHTS)',
  'stick-table': stickiness,
  stick: stickiness,
  'hash-type': stickiness,
  'email-alert': 'deploy/prometheus has alerts',
  option: ofHaproxy,
  'tcp-response': ofHaproxy,
  filter: ofHaproxy,
  persist: ofHaproxy,
  grace: ofHaproxy,
  declare: ofHaproxy,
  'unique-id-': ofHaproxy,
  'load-server-state-from-file': ofHaproxy,
  'server-state-file-name': ofHaproxy,
};

/** What decides who may connect, or as whom: clients must not move before it is done elsewhere. */
const firstOfProxies: Table = {
  'tcp-request':
    'who may connect is for ALLOW and DENY, or for a firewall: pg_hba.conf sees the address of the gateway and not that of the client; ' +
    'two servers that both say they are the primary are dealt with by SPLIT_BRAIN',
  'rate-limit':
    'CONNECT_RATE_PER_ADDRESS limits how fast one address connects; all together are limited in number (MAX_SESSIONS, MAX_HELD)',
  use_backend: 'the gateway sends nobody elsewhere by a condition: only default_backend was looked at',
  source: 'servers see the address of the gateway',
};

/** What stands between clients and a server of this port, by convention; and what is asked elsewhere is not what clients get. */
function remarksOfPool({ line, candidate, parameters }: BackendServer, isAskedInSql: boolean): Remark[] {
  const checked = parameters.get('port');
  if (isAskedInSql && checked !== undefined && !candidate.endsWith(`:${checked.value}`)) {
    return [
      remark(
        checked.line,
        `server ... port ${checked.value}`,
        'HAProxy asked PostgreSQL at this port and sent clients to another one; the gateway asks where it sends them. ' +
          'If that is a pooler, see docs/recipes/pgbouncer.md, or name PostgreSQL in CANDIDATES',
        true,
      ),
    ];
  }
  if (!candidate.endsWith(':6432')) return [];
  return [
    remark(
      line,
      'server ...:6432',
      'this is the port of PgBouncer by convention: behind the gateway it needs a RECONNECT at each promotion ' +
        '(docs/recipes/pgbouncer.md), and before it none',
      true,
    ),
  ];
}

/** Dealt with elsewhere, or without meaning for the gateway. */
const passedOver = new Set(
  ('bind server server-template default-server default_backend mode balance no http-check tcp-check external-check acl ' +
    'description id enabled stats http-request http-response compression errorfile errorloc302 errorloc303 errorloc ' +
    'errorfiles monitor-uri monitor capture dispatch').split(' '),
);

/** Of `option`: the checks, and what becomes a setting. */
const optionsPassedOver = new Set(
  ('httpchk tcp-check pgsql-check external-check redis-check mysql-check ldap-check smtpchk ssl-hello-chk spop-check ' +
    'tcplog httplog').split(' '),
);

const ofGlobal: Table = {
  stats:
    'a running gateway takes commands on CONTROL_SOCKET, which its own user and root may use: pg_gateway status, clients',
  user: service,
  group: service,
  uid: service,
  gid: service,
  chroot: service,
  daemon: service,
  pidfile: service,
  'master-worker': service,
  'ulimit-n': 'LimitNOFILE of the unit; a session takes two descriptors',
  nbthread: 'NUM_THREADS is a half of the processors, 1 to 4, unless it is set',
  nbproc: 'NUM_THREADS is a half of the processors, 1 to 4, unless it is set',
  'cpu-map': 'NUM_THREADS is a half of the processors, 1 to 4, unless it is set',
  log: logging,
  'log-': logging,
  'external-check': ofProbe,
  'insecure-fork-wanted': ofProbe,
  maxconn: '',
  setenv: '',
  presetenv: '',
  unsetenv: '',
  description: '',
};

const ofServers: Table = {
  maxconn:
    "max_connections of PostgreSQL limits them, or a pool in front of the gateway (PgBouncer's default_pool_size)",
  maxqueue: 'clients wait for a primary (HOLD_MS), and not for a free place at a server',
  minconn: 'max_connections of PostgreSQL limits them, or a pool in front of the gateway',
  port: ofProbe,
  addr: ofProbe,
  'check-ssl': ofProbe,
  'check-sni': ofProbe,
  'check-alpn': ofProbe,
  'check-send-proxy': ofProbe,
  'agent-check': ofProbe,
  'agent-port': ofProbe,
  'agent-addr': ofProbe,
  'agent-inter': ofProbe,
  'agent-send': ofProbe,
  observe: ofProbe,
  'on-error': ofProbe,
  'error-limit': ofProbe,
  'on-marked-up': 'sessions on a server that has lost its role end once another one is primary',
  slowstart: 'a standby that comes back gets new clients by their number at once (REPLICA_BALANCE=least)',
  'init-addr': 'a name that does not resolve yet is a warning, and is looked up again',
  'resolve-prefer': 'all addresses of a name are candidates',
  'resolve-net': 'all addresses of a name are candidates',
  'resolve-opts': 'all addresses of a name are candidates',
  fastinter: `${withDefault('PROBE_FAST_MS')} is the pace in doubt`,
  downinter: `${withDefault('PROBE_FAST_MS')} is the pace in doubt`,
  rise: 'one answer is enough: it says who the server is, and not only that it is there',
};

const noProxyHeader =
  'the gateway sends no PROXY protocol header, and PostgreSQL takes none: let whatever took it do without';
const noTls =
  'the gateway ends no TLS and begins none: clients speak it with the server, through the gateway (sslmode)';
const firstOfServers: Table = {
  'send-proxy': noProxyHeader,
  'send-proxy-v2': noProxyHeader,
  'send-proxy-v2-ssl': noProxyHeader,
  'send-proxy-v2-ssl-cn': noProxyHeader,
  ssl: noTls,
  disabled: 'it is left out of CANDIDATES, in which every server belongs that may ever be the primary',
  source: 'servers see the address of the gateway',
  socks4: 'the gateway dials the servers itself',
  namespace: 'the gateway dials from the namespace that it runs in',
};

const quietOfServers = new Set(
  ('check backup weight inter fall cookie id on-marked-down resolvers verify ca-file crt crl-file ciphers ciphersuites ' +
    'sni alpn npn verifyhost ssl-min-ver ssl-max-ver track tfo stick non-stick enabled tcp-ut pool-max-conn pool-purge-delay ' +
    'pool-low-conn max-reuse proto check-proto ws log-proto shard usesrc interface proxy-v2-options redir')
    .split(' '),
);

const firstOfBinds: Table = {
  ssl: 'the gateway ends no TLS: clients speak it with the server (sslmode), whose certificate they then see',
  'accept-proxy':
    'the gateway reads PROXY protocol headers: set PROXY_PROTOCOL=require, and PROXY_TRUSTED to the addresses of what is in front of it',
  transparent: 'the gateway listens on addresses of this machine alone',
  interface: 'LISTEN_HOST names addresses, and no interface',
  namespace: 'the gateway listens in the namespace that it runs in',
  mode: 'whoever can enter the folder of the socket may connect: its rights decide',
  user: 'whoever can enter the folder of the socket may connect: its rights decide',
  group: 'whoever can enter the folder of the socket may connect: its rights decide',
};

/** Of the directives of a proxy, its defaults among them. */
export function remarksOfProxy(section: Section): Remark[] {
  return [...section.inherited, ...section.own].flatMap(({ line, words, isNegated }) => {
    const text = words.join(' ');
    if (isNegated || (words[0] === 'option' && optionsPassedOver.has(words[1] ?? ''))) return [];
    const first = longest(firstOfProxies, text);
    if (first !== undefined) return [remark(line, words[0]!, first, true)];
    const why = longest(ofProxies, text);
    if (why !== undefined) return why === '' ? [] : [remark(line, words.slice(0, 2).join(' '), why)];
    if (passedOver.has(words[0] ?? '')) return [];
    return [remark(line, words[0] ?? '', 'is not known to this command', true)];
  });
}

export function remarksOfGlobal({ own }: Section): Remark[] {
  return own.flatMap(({ line, words: [word = ''] }: Directive) => {
    const why = longest(ofGlobal, word) ?? ofHaproxy;
    return why === '' ? [] : [remark(line, word, why)];
  });
}

/** `isAskedInSql`: the check speaks PostgreSQL's protocol. */
export function remarksOfServer(server: BackendServer, isAskedInSql: boolean): Remark[] {
  const { line, parameters, isPortOfClient } = server;
  const marked = parameters.get('on-marked-down');
  return [
    ...remarksOfPool(server, isAskedInSql),
    ...isPortOfClient
      ? [
        remark(
          line,
          'server without a port',
          'HAProxy takes the port that the client came to, and it was written out',
        ),
      ]
      : [],
    ...of('server', parameters, firstOfServers, ofServers, quietOfServers),
    marked === undefined
      ? remark(
        line,
        'server without on-marked-down',
        'HAProxy left sessions on a server that was down or had lost its role; the gateway ends them',
      )
      : remark(
        marked.line,
        'on-marked-down',
        'the gateway always ends the sessions of a server that has lost its role, and of one that is silent for DEAD_AFTER_MS',
      ),
  ];
}

export function remarksOfBind({ parameters }: Bind): Remark[] {
  return of('bind', parameters, firstOfBinds, {}, undefined);
}

function of(
  keyword: string,
  parameters: Parameters,
  first: Table,
  table: Table,
  quiet: ReadonlySet<string> | undefined,
): Remark[] {
  return [...parameters].flatMap(([name, { line }]) => {
    if (Object.hasOwn(first, name)) return [remark(line, `${keyword} ... ${name}`, first[name]!, true)];
    if (Object.hasOwn(table, name)) return [remark(line, `${keyword} ... ${name}`, table[name]!)];
    if (quiet === undefined || quiet.has(name) || name.startsWith('force-')) return [];
    return [remark(line, `${keyword} ... ${name}`, 'is not known to this command', true)];
  });
}

function remark(line: number, what: string, why: string, isFirst = false): Remark {
  return { lines: [line], what, why, isFirst };
}

function longest(table: Table, text: string): string | undefined {
  const keys = Object.keys(table).filter((key) =>
    text === key || text.startsWith(key.endsWith('-') ? key : `${key} `) ||
    // `option log-health-checks`, `timeout client-fin`
    (key.includes(' ') && text.startsWith(`${key}-`)) || (key === 'option dontlog' && text.startsWith(key))
  );
  const key = keys.toSorted((a, b) => b.length - a.length)[0];
  return key === undefined ? undefined : table[key];
}

/** Those that say the same are one, with all lines; in the order of the first. */
export function gathered(remarks: readonly Remark[]): Remark[] {
  const groups = groupBy(remarks, ({ why, isFirst }) => `${isFirst} ${why}`);
  return [...groups.values()].map((group) => ({
    lines: [...new Set(group.flatMap(({ lines }) => lines))].toSorted((a, b) => a - b),
    what: [...new Set(group.map(({ what }) => what))].join(', '),
    why: group[0]!.why,
    isFirst: group[0]!.isFirst,
  })).toSorted((a, b) => (a.lines[0] ?? 0) - (b.lines[0] ?? 0));
}
