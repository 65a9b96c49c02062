/** An haproxy.cfg as gateways: which of its places belong together, and the settings of each. Pure. */
import { maxCandidates } from '../../cluster/candidate.ts';
import { settings } from '../../config/settings.ts';
import { bracketed } from '../../runtime/addresses.ts';
import { metricsPlace } from './metrics-place.ts';
import { findProxies, type LeftOut, type Proxy, type Told } from './proxies.ts';
import { gathered, type Remark, remarksOfGlobal } from './remarks.ts';
import { type Configuration, directive, type Problem } from './sections.ts';
import { replicaLines } from './replicas.ts';
import { resolverLines } from './resolvers.ts';
import { type BackendServer, isBackup } from './servers.ts';
import { duration, type SettingLine, takes } from './setting-line.ts';

export interface Gateway {
  /** Of the section with its first port. */
  readonly name: string;
  /** The sections that it takes the place of, with the reason for each. */
  readonly places: readonly { readonly title: string; readonly line: number; readonly why: string }[];
  readonly settings: readonly SettingLine[];
  readonly remarks: readonly Remark[];
}

export interface Conversion {
  readonly gateways: readonly Gateway[];
  readonly leftOut: readonly LeftOut[];
  readonly problems: readonly Problem[];
}

/** Each is compared with the others, and nobody has so many. */
const mostPlaces = 100;

export function convertConfiguration(configuration: Configuration, told: Told): Conversion {
  const { proxies, leftOut, problems } = findProxies(configuration, told);
  const pairs = pairsOf(proxies.slice(0, mostPlaces), told);
  const stats = metricsPlace(configuration);
  const taken = new Set(pairs.flatMap(({ primary, standby }) => [portOf(primary), portOf(standby)]));
  const gateways = pairs.map((pair, index) =>
    gatewayOf(pair, configuration, index === 0 ? stats : undefined, taken)
  );
  const undecided = proxies.filter(({ use }) => use.port === undefined).map(({ name, title, line, use }) => ({
    title,
    line,
    why:
      `${use.why}; keep HAProxy for it, or say what the port is for, with --primary ${name} or --replicas ${name}`,
  }));
  const tooMany = proxies.length > mostPlaces
    ? [{
      line: proxies[mostPlaces]!.line,
      what: `is the place number ${mostPlaces + 1} of PostgreSQL: take a file with fewer`,
    }]
    : [];
  const crowded = proxies.filter(({ servers }) => servers.length > maxCandidates).map((
    { line, title },
  ) => ({
    line,
    what: `${title} has more than ${maxCandidates} servers, and a gateway asks at most so many`,
  }));
  return {
    gateways,
    leftOut: [...leftOut.filter(({ line }) => line !== stats?.line), ...undecided].toSorted((a, b) =>
      a.line - b.line
    ),
    problems: [...configuration.problems, ...problems, ...stats?.problems ?? [], ...tooMany, ...crowded],
  };
}

interface Pair {
  readonly primary: Proxy | undefined;
  readonly standby: Proxy | undefined;
}

/** A place for reading goes with the first for the primary that has servers of it, and listens at the same addresses. */
function pairsOf(proxies: readonly Proxy[], told: Told): Pair[] {
  const standbys = new Set(proxies.filter(({ use }) => use.port === 'standby'));
  const isToldOf = told.primary.length === 1 && told.replicas.length === 1;
  const pairs: Pair[] = proxies.filter(({ use }) => use.port === 'primary').map((primary) => {
    const standby = [...standbys].find((standby) =>
      (isToldOf && told.primary.includes(primary.name) && told.replicas.includes(standby.name)) ||
      (haveServersInCommon(primary, standby) &&
        String(hostsOf(primary).toSorted()) === String(hostsOf(standby).toSorted()))
    );
    if (standby !== undefined) standbys.delete(standby);
    return { primary, standby };
  });
  return [...pairs, ...[...standbys].map((standby) => ({ primary: undefined, standby }))];
}

function haveServersInCommon(one: Proxy, other: Proxy): boolean {
  return one.servers.some(({ candidate }) => other.servers.some((server) => server.candidate === candidate));
}

/** Where its first port is; a port on other addresses, or another port, is another gateway's. */
function hostsOf(proxy: Proxy): string[] {
  return [...new Set(bindsOfPort(proxy).map(({ host }) => host))];
}

function bindsOfPort(proxy: Proxy): Proxy['binds'] {
  return proxy.binds.filter(({ port }) => port === portOf(proxy));
}

function portOf(proxy: Proxy | undefined): number | undefined {
  return proxy?.binds[0]?.port;
}

function gatewayOf(
  { primary, standby }: Pair,
  { sections, env }: Configuration,
  stats: ReturnType<typeof metricsPlace>,
  taken: Set<number | undefined>,
): Gateway {
  const places = [primary, standby].filter((place) => place !== undefined);
  const first = places[0]!;
  const servers = unique(places.flatMap((place) => place.servers));
  const globals = sections.filter(({ kind }) => kind === 'global');
  const { settings: dns, remarks: dnsRemarks } = resolverLines(places, sections, env);
  const remarks = [
    ...places.flatMap((place) => place.remarks),
    ...places.flatMap(otherPorts),
    ...globals.flatMap(remarksOfGlobal),
    ...stats?.remarks ?? [],
    ...dnsRemarks,
    ...strangers(primary, standby),
    ...primary === undefined ? [] : [...backups(primary), ...shares(primary)],
  ];
  const replicas = standby === undefined ? { settings: [], remarks: [] } : replicaLines(standby, servers);
  const settings: SettingLine[] = [
    {
      name: 'CANDIDATES',
      value: servers.map(({ candidate }) => candidate).join(','),
      lines: places.flatMap((place) => place.servers.map(({ line }) => line)),
      why: `the servers of ${places.map(({ title }) => title).join(' and ')}`,
    },
    ...listenLines(primary, standby, taken),
    ...replicas.settings,
    ...metricsLines(stats, taken),
    ...maxSessions(globals.flatMap((section) => directive(section, 'maxconn') ?? []).at(-1)),
    ...logLines(places),
    ...dns,
    ...proposals(places),
  ];
  return {
    name: first.name,
    places: places.map(({ title, line, use: { port, why } }) => ({
      title,
      line,
      why: `the ${port === 'primary' ? 'primary' : 'standbys'}: ${why}`,
    })),
    settings,
    remarks: gathered([...remarks, ...replicas.remarks]),
  };
}

function unique(servers: readonly BackendServer[]): BackendServer[] {
  const found = new Map<string, BackendServer>();
  for (const server of servers) if (!found.has(server.candidate)) found.set(server.candidate, server);
  return [...found.values()];
}

function listenLines(
  primary: Proxy | undefined,
  standby: Proxy | undefined,
  taken: Set<number | undefined>,
): SettingLine[] {
  const first = (primary ?? standby)!;
  const hosts = hostsOf(first);
  const lines = bindsOfPort(first).map(({ line }) => line);
  // At least one must be an address, not the folder of a unix socket.
  const listenHost: SettingLine = hosts.every((host) => host.startsWith('/'))
    ? {
      name: 'LISTEN_HOST',
      value: ['127.0.0.1', ...hosts].join(','),
      lines,
      why: 'a gateway listens at an address besides a unix socket',
    }
    : { name: 'LISTEN_HOST', value: hosts.join(','), lines, why: `bind of ${first.title}` };
  const ports: SettingLine[] = [];
  if (primary !== undefined) {
    ports.push({ name: 'LISTEN_PORT', value: `${portOf(primary)}`, lines, why: `bind of ${primary.title}` });
  } else {
    const value = freePort(Number(settings.LISTEN_PORT.fallback), taken);
    ports.push({
      name: 'LISTEN_PORT',
      value: `${value}`,
      lines: [],
      why: 'a gateway always has a port for the primary, too; there was none for it',
    });
  }
  if (standby !== undefined) {
    ports.push({
      name: 'REPLICA_PORT',
      value: `${portOf(standby)}`,
      lines: bindsOfPort(standby).map(({ line }) => line),
      why: `bind of ${standby.title}`,
    });
  }
  return [listenHost, ...ports];
}

function freePort(from: number, taken: Set<number | undefined>): number {
  let port = from;
  while (taken.has(port)) port += 1;
  taken.add(port);
  return port;
}

/** Where HAProxy's page was; without one the default, unless that is taken. */
function metricsLines(stats: ReturnType<typeof metricsPlace>, taken: Set<number | undefined>): SettingLine[] {
  if (stats !== undefined && stats.settings.length > 0) {
    taken.add(stats.port);
    return [...stats.settings];
  }
  const usual = settings.METRICS_PORT.fallback;
  const port = freePort(Number(usual), taken);
  if (String(port) === usual) return [];
  return [{ name: 'METRICS_PORT', value: `${port}`, lines: [], why: `its default, ${usual}, is taken here` }];
}

function maxSessions(found: ReturnType<typeof directive>): SettingLine[] {
  const value = found?.words[1] ?? '';
  if (found === undefined || !takes('MAX_SESSIONS', value)) return [];
  return [{
    name: 'MAX_SESSIONS',
    value,
    lines: [found.line],
    why: 'global maxconn; clients beyond it are refused with the reason, and do not wait',
  }];
}

function logLines(places: readonly Proxy[]): SettingLine[] {
  const found = places.map(({ sections }) => directive(sections[0]!, 'option', 'tcplog')).find((one) =>
    one !== undefined
  );
  if (found === undefined) return [];
  const quiet = places.map(({ sections }) => directive(sections[0]!, 'option', 'dontlog-normal')).find((
    one,
  ) => one !== undefined);
  return [{
    name: 'LOG_CONNECTIONS',
    value: quiet === undefined ? 'all' : 'errors',
    lines: [found.line, ...quiet === undefined ? [] : [quiet.line]],
    why: `option tcplog${
      quiet === undefined ? '' : ' with dontlog-normal'
    }: a line at the end of each session`,
  }];
}

/** What the file says and the gateway need not be told, and what it does not say. */
function proposals(places: readonly Proxy[]): SettingLine[] {
  const servers = places.flatMap((place) => place.servers);
  const of = (name: string) =>
    servers.map(({ parameters }) => parameters.get(name)).find((one) => one !== undefined);
  const [inter, fall] = [of('inter'), of('fall')];
  const pace = duration(inter?.value);
  const patroni = places.find(({ check }) => check.isPatroni);
  const asked = places.find(({ check }) => check.user !== undefined);
  return [
    ...inter === undefined || pace === undefined || !takes('PROBE_INTERVAL_MS', pace) ? [] : [{
      name: 'PROBE_INTERVAL_MS' as const,
      value: pace,
      lines: [inter.line],
      why: `inter ${inter.value}; the default is ${settings.PROBE_INTERVAL_MS.fallback} ms, ` +
        'with which the gateway follows a failover so much sooner',
      isProposal: true,
    }],
    ...fall === undefined || !takes('FAIL_AFTER', fall.value) ? [] : [{
      name: 'FAIL_AFTER' as const,
      value: fall.value,
      lines: [fall.line],
      why: `fall ${fall.value}; the default is ${settings.FAIL_AFTER.fallback}`,
      isProposal: true,
    }],
    ...patroni === undefined ? [] : [{
      name: 'HOLD_MS' as const,
      value: '45s',
      lines: [],
      why: "how long clients wait for a primary: longer than Patroni's failover takes, " +
        'whose ttl is 30 s unless it is set; HAProxy let nobody wait',
      isProposal: true,
    }],
    {
      name: 'PGUSER' as const,
      value: asked?.check.user ?? 'gateway',
      lines: asked?.check.line === undefined ? [] : [asked.check.line],
      why: asked === undefined
        ? 'the role that the gateway asks as, which needs LOGIN and nothing else; HAProxy had none'
        : `${asked.check.what} asks as this role; the gateway logs in, so it needs LOGIN and a password`,
      isProposal: true,
    },
    {
      name: 'PGPASSFILE' as const,
      value: '/etc/pg_gateway/pgpass',
      lines: [],
      why: 'a file of lines host:port:database:user:password, with mode 0600',
      isProposal: true,
    },
  ];
}

/** A gateway has one port for a role. */
function otherPorts(place: Proxy): Remark[] {
  const port = portOf(place);
  return place.binds.filter((bind) => bind.port !== port).map(({ line, host, port: other }) => ({
    lines: [line],
    what: `bind ${bracketed(host)}:${other}`,
    why:
      `the gateway has one port for a role, here ${port}: move these clients to it, or start another gateway`,
    isFirst: true,
  }));
}

/** What shares clients out among servers means nothing where one server gets them all. */
function shares({ back, servers }: Proxy): Remark[] {
  const balance = directive(back, 'balance');
  const weights = servers.flatMap(({ parameters }) => parameters.get('weight') ?? []);
  const why = 'there is one primary at a time, and it gets all clients of this port';
  return [
    ...balance === undefined ? [] : [{ lines: [balance.line], what: 'balance', why, isFirst: false }],
    ...weights.map(({ line }) => ({ lines: [line], what: 'server ... weight', why, isFirst: false })),
  ];
}

function backups({ servers }: Proxy): Remark[] {
  return servers.filter(isBackup).map(({ line }) => ({
    lines: [line],
    what: 'server ... backup',
    why: 'the servers say themselves which one is the primary, and the order of CANDIDATES decides nothing',
    isFirst: false,
  }));
}

/** Servers that only one of the two places has. */
function strangers(primary: Proxy | undefined, standby: Proxy | undefined): Remark[] {
  if (primary === undefined || standby === undefined) return [];
  return standby.servers.filter(({ candidate }) =>
    !primary.servers.some((server) => server.candidate === candidate)
  ).map(({ line, candidate }) => ({
    lines: [line],
    what: candidate,
    why: `${primary.title} has it not: in CANDIDATES it gets its clients, too, once it is promoted`,
    isFirst: true,
  }));
}
