/** The places of an haproxy.cfg where clients of PostgreSQL come, each with its servers and what it is for. Pure. */
import { type Check, checkOf } from './checks.ts';
import { type Remark, remarksOfBind, remarksOfProxy, remarksOfServer } from './remarks.ts';
import {
  type Configuration,
  type Directive,
  directive,
  directives,
  type Problem,
  type Section,
} from './sections.ts';
import { type BackendServer, type Bind, bindsOf, isBackup, serversOf } from './servers.ts';

export interface Proxy {
  /** Of the `listen` or the `frontend`. */
  readonly name: string;
  /** For a person: `listen primary`, `frontend pg with backend primary`. */
  readonly title: string;
  readonly line: number;
  /** Where the servers are. */
  readonly back: Section;
  /** Its settings and those of its back, in this order where they are two. */
  readonly sections: readonly Section[];
  readonly binds: readonly Bind[];
  /** Those that get clients, each candidate once. */
  readonly servers: readonly BackendServer[];
  readonly check: Check;
  readonly use: Use;
  readonly remarks: readonly Remark[];
}

/** The port of the gateway that takes its place, and why; undefined: nothing says which. */
export interface Use {
  readonly port: 'primary' | 'standby' | undefined;
  /** After the title. */
  readonly why: string;
}

/** A place that is not converted. */
export interface LeftOut {
  readonly title: string;
  readonly line: number;
  readonly why: string;
}

/** What the operator says of sections, by name. */
export interface Told {
  readonly primary: readonly string[];
  readonly replicas: readonly string[];
}

export interface Found {
  readonly proxies: readonly Proxy[];
  readonly leftOut: readonly LeftOut[];
  /** Of the places that are converted. */
  readonly problems: readonly Problem[];
}

/** Ports of PostgreSQL, and of PgBouncer. */
const usual = (port: number): boolean => (port >= 5432 && port <= 5439) || port === 6432;

export function findProxies(configuration: Configuration, told: Told): Found {
  const fronts = configuration.sections.filter(({ kind }) => kind === 'listen' || kind === 'frontend');
  const proxies: Proxy[] = [];
  const leftOut: LeftOut[] = [];
  const problems: Problem[] = [];
  for (const front of fronts) {
    const isTold = [...told.primary, ...told.replicas].includes(front.name);
    const found = readProxy(front, configuration, told);
    const title = `${front.kind} ${front.name}`;
    if ('why' in found) leftOut.push({ title, line: front.line, why: found.why });
    else if (!isTold && !isOfPostgres(found.proxy)) {
      leftOut.push({ title, line: front.line, why: 'nothing in it says that its servers are PostgreSQL' });
    } else if (found.proxy.binds.length === 0) {
      leftOut.push({ title, line: front.line, why: 'it listens nowhere that the gateway could' });
      problems.push(...found.problems);
    } else {
      proxies.push(found.proxy);
      problems.push(...found.problems);
    }
  }
  return { proxies, leftOut, problems };
}

type Read = { readonly proxy: Proxy; readonly problems: readonly Problem[] } | { readonly why: string };

function readProxy(front: Section, { sections, env }: Configuration, told: Told): Read {
  if (directive(front, 'mode')?.words[1] === 'http') return { why: 'mode http' };
  if (directive(front, 'mode')?.words[1] === 'health') return { why: 'mode health' };
  const problems: Problem[] = [];
  const unusable: Problem[] = [];
  const binds = bindsOf(front, env, problems, unusable);
  const leads = backOf(front, sections);
  if ('why' in leads) return leads;
  const { back, usedBy } = leads;
  const ports = new Set(binds.map(({ port }) => port));
  const all = serversOf(back, env, ports.size === 1 ? [...ports][0] : undefined, problems);
  if (all.length === 0 && problems.length === 0) return { why: 'it has no server' };
  const enabled = all.filter(({ parameters }) => !parameters.has('disabled'));
  const servers = enabled.filter(({ candidate }, index) =>
    enabled.findIndex((other) => other.candidate === candidate) === index
  );
  const check = checkOf(back, all.flatMap(({ parameters }) => parameters.get('port')?.value ?? []));
  const both = back === front ? [front] : [front, back];
  const title = back === front
    ? `${front.kind} ${front.name}`
    : `frontend ${front.name} with backend ${back.name}`;
  const proxy: Proxy = {
    name: front.name,
    title,
    line: front.line,
    back,
    sections: both,
    binds,
    servers,
    check,
    use: useOf(front.name, check, servers, told),
    remarks: [
      ...both.flatMap(remarksOfProxy).filter(({ lines, what }) =>
        what !== 'use_backend' || lines[0] !== usedBy?.line
      ),
      ...all.flatMap((server) => remarksOfServer(server, check.isPostgres === true && !check.isPatroni)),
      ...binds.flatMap(remarksOfBind),
      ...unusable.map(({ line, what }) => ({ lines: [line], what, why: 'it was left out', isFirst: true })),
    ],
  };
  return { proxy, problems };
}

/** Where a frontend leads, and the line that says so; a condition is nothing that could be converted. */
function backOf(
  front: Section,
  sections: readonly Section[],
): { readonly back: Section; readonly usedBy?: Directive } | { readonly why: string } {
  if (front.kind === 'listen') return { back: front };
  const unconditional = directives(front, 'use_backend').find(({ words }) => words.length === 2);
  const usedBy = unconditional ?? directive(front, 'default_backend');
  const name = usedBy?.words[1];
  if (usedBy === undefined || name === undefined) {
    return { why: 'it has no default_backend, and the gateway sends nobody anywhere by a condition' };
  }
  if (name.includes('%[')) return { why: `its backend ${name} is reckoned for each client` };
  const back = sections.find((section) => section.name === name && /^(?:backend|listen)$/.test(section.kind));
  return back === undefined ? { why: `there is no backend ${name}` } : { back, usedBy };
}

function useOf(
  name: string,
  { wanted, what, why }: Check,
  servers: readonly BackendServer[],
  told: Told,
): Use {
  if (told.primary.includes(name)) return { port: 'primary', why: 'as --primary says' };
  if (told.replicas.includes(name)) return { port: 'standby', why: 'as --replicas says' };
  if (wanted === 'primary') return { port: 'primary', why: `its check is ${what}` };
  if (wanted !== 'unsaid') return { port: 'standby', why: `its check is ${what}` };
  const alone = servers.filter((server) => !isBackup(server));
  if (alone.length === 1 && servers.length > 1) {
    return { port: 'primary', why: `${what} ${why}, but all servers except one are "backup"` };
  }
  return { port: undefined, why: `${what} ${why}` };
}

function isOfPostgres({ check, binds, servers }: Proxy): boolean {
  return check.isPostgres ??
    [...binds.map(({ port }) => port), ...servers.map(({ candidate }) => portOf(candidate))].some(usual);
}

function portOf(candidate: string): number {
  return Number(/:([0-9]+)$/.exec(candidate)?.[1]);
}
