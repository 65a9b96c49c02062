/**
 * From names to addresses. Plain names go to the system's own resolver, so that /etc/hosts and the search list count;
 * SRV names, and with DNS_SERVERS all names, go to the name servers. An empty answer is an error: a name that has
 * lost all of its records says nothing about where its servers are, and Deno cannot tell it from a failed lookup.
 */
import { lookup, Resolver as NameServers } from 'node:dns/promises';
import { codeOf } from '../errors.ts';

/** Where an SRV record points. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Rejects where there is nothing, with an error that has a `code`. It may take long, and cannot be stopped. */
export interface Resolver {
  /** One numeric address or more, in the order of preference. */
  addresses(host: string): Promise<readonly string[]>;
  /** One target or more, by priority, then by weight: an order for the eye, all of them are candidates. */
  targets(service: string): Promise<readonly Target[]>;
}

/** How long a name server may take before it is asked again or the next one is asked. */
const timeoutMs = 1000;

export function systemResolver(): Resolver {
  return { addresses: systemAddresses, targets: (service) => srvTargets(nameServers(), service) };
}

/** Asks only these name servers: `address` or `address:port`, IPv6 in brackets. */
export function resolverBy(servers: readonly string[]): Resolver {
  return {
    addresses: (host) => recordAddresses(nameServers(servers), host),
    targets: (service) => srvTargets(nameServers(servers), service),
  };
}

/** A new one for each lookup: it reads /etc/resolv.conf when it is made, and that may change. */
function nameServers(servers?: readonly string[]): NameServers {
  const resolver = new NameServers({ timeout: timeoutMs, tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  return resolver;
}

async function systemAddresses(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true, verbatim: true });
  if (found.length === 0) throw nothing();
  return found.map(({ address }) => address);
}

/** One family is enough: there are name servers that know A records and fail for AAAA. */
async function recordAddresses(resolver: NameServers, host: string): Promise<readonly string[]> {
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const found = answers.flatMap((answer) => answer.status === 'fulfilled' ? answer.value : []);
  if (found.length > 0) return found;
  const errors = answers.flatMap((answer) => answer.status === 'rejected' ? [answer.reason] : []);
  throw errors.find((error) => !isNothing(error)) ?? errors[0] ?? nothing();
}

async function srvTargets(resolver: NameServers, service: string): Promise<readonly Target[]> {
  const records = await resolver.resolveSrv(service);
  // A lone "." says that there is no such service (RFC 2782); any byte may stand in a name, and this one becomes a candidate's.
  const found = records.map((record) => ({ ...record, host: record.name.replace(/\.$/, '').toLowerCase() }))
    .filter(({ host, port }) => isHostName(host) && port > 0);
  if (found.length === 0) throw nothing();
  // Name servers turn their records round and round; the last two keep the list still.
  found.sort((a, b) =>
    a.priority - b.priority || b.weight - a.weight || (a.host < b.host ? -1 : a.host > b.host ? 1 : 0) ||
    a.port - b.port
  );
  return found.map(({ host, port }) => ({ host, port }));
}

function isHostName(host: string): boolean {
  return /^[a-z0-9_-][a-z0-9_.-]{0,252}$/.test(host);
}

function nothing(): Error {
  return Object.assign(new Error('it has no records'), { code: 'ENODATA' });
}

/** Bun and Deno say ENOTFOUND also of a name that has records of another kind. */
function isNothing(error: unknown): boolean {
  return ['ENOTFOUND', 'ENODATA'].includes(codeOf(error));
}
