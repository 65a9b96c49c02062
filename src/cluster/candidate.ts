/** A server that may be the primary. Its name is its identity in elections, logs and metrics. */
export interface Candidate {
  /** `host:port` as configured, IPv6 in brackets; `host[address]:port` for one of several servers of a name; `/folder:port`. */
  readonly name: string;
  /** A DNS name, a numeric address without brackets, or the folder of a unix socket, as libpq has it: it begins with a slash. */
  readonly host: string;
  readonly port: number;
}

/** What the operator named: a server, or a service whose SRV records name the servers. */
export interface Entry extends Candidate {
  /** A service has the name `srv+NAME`, NAME as its host, and no port of its own: 0. */
  readonly kind: 'server' | 'service';
}

/** At most this many are probed and shown: a wildcard or a wrong record must not become a storm of connects. */
export const maxCandidates = 64;

const defaultPort = 5432;

/** A list of candidates, or what is wrong with it in words for the operator. */
export type CandidateList = { readonly candidates: readonly Entry[] } | { readonly problem: string };

/** Reads `host[:port],[ipv6]:port,/folder[:port],srv+NAME,...`; blanks around the commas are allowed, an empty list is not. */
export function parseCandidates(text: string): CandidateList {
  const candidates: Entry[] = [];
  for (const part of text.split(',').map((part) => part.trim()).filter((part) => part !== '')) {
    const candidate = parseCandidate(part);
    if (typeof candidate === 'string') return { problem: candidate };
    if (candidates.some((other) => other.name === candidate.name)) {
      return { problem: `"${part}" is named twice` };
    }
    candidates.push(candidate);
  }
  return candidates.length === 0 ? { problem: 'it names no server' } : { candidates };
}

/** IPv6 in brackets, perhaps with a zone, or a name or IPv4 without. */
const form = /^(?:\[([0-9a-fA-F.]*:[0-9a-fA-F:.]*(?:%[A-Za-z0-9._-]+)?)\]|([^:\[\]]+))(?::([0-9]+))?$/;
const dnsName = /^[A-Za-z0-9._-]+$/;
const bareIpv6 = /^(?:[0-9a-fA-F]*:){2,}[0-9a-fA-F:.]*(?:%.*)?$/;

function parseCandidate(part: string): Entry | string {
  // It may hold a password, so it is not repeated.
  if (part.includes('@') || part.includes('://')) {
    return 'a server is host:port, not a connection URL; PGUSER, PGPASSWORD and PGDATABASE hold the rest';
  }
  if (part.startsWith('srv+')) return parseService(part);
  if (part.startsWith('/')) return parseFolder(part);
  const match = form.exec(part);
  if (!match) {
    return bareIpv6.test(part)
      ? `"${part}" looks like IPv6: write it in brackets, [${part}]:${defaultPort}`
      : `"${part}" is not host:port`;
  }
  const host = match[1] ?? match[2] ?? '';
  if (!match[1] && !dnsName.test(host)) return `"${host}" cannot be a host name`;
  // The system would take it for an address of four bytes: 5433 for 0.0.21.57.
  if (/^[0-9]+$/.test(host)) return `"${part}" looks like a port: a server is host:port`;
  const port = match[3] === undefined ? defaultPort : Number(match[3]);
  if (port < 1 || port > 65535) return `the port of "${part}" is not between 1 and 65535`;
  return { kind: 'server', ...candidateAt(host, port) };
}

/** The socket in it is `.s.PGSQL.PORT`, and its path has at most 107 bytes (unix(7)). */
function parseFolder(part: string): Entry | string {
  const [, folder = '', digits] = /^(\/[^:]*[^:/])\/*(?::([0-9]+))?$/.exec(part) ?? [];
  if (folder === '') return `"${part}" is not /folder or /folder:port`;
  if (folder.includes('/.s.PGSQL.')) return `"${part}" is a socket: name its folder, as in /run/postgresql`;
  const port = digits === undefined ? defaultPort : Number(digits);
  if (port < 1 || port > 65535) return `the port of "${part}" is not between 1 and 65535`;
  if (new TextEncoder().encode(`${folder}/.s.PGSQL.${port}`).length > 107) {
    return `"${part}" is too long for the path of a unix socket: a link to that folder may be shorter`;
  }
  return { kind: 'server', name: `${folder}:${port}`, host: folder, port };
}

function parseService(part: string): Entry | string {
  const host = part.slice('srv+'.length);
  if (dnsName.test(host)) return { kind: 'service', name: part, host, port: 0 };
  return `"${part}" is not srv+NAME: its SRV records bring the ports, as in srv+_postgresql._tcp.db.example`;
}

export function candidateAt(host: string, port: number): Candidate {
  return { name: `${host.includes(':') ? `[${host}]` : host}:${port}`, host, port };
}

/** One of several servers that share a name. */
export function candidateBehind({ host, port }: Candidate, address: string): Candidate {
  return { name: `${host}[${address}]:${port}`, host, port };
}
