/** Addresses as text, and when two are the same: the one place for brackets and for equality. */
import type { Address } from './runtime.ts';

/** `host:port` with brackets around IPv6, or the path of a unix socket. */
export function addressText(address: Address): string {
  return 'path' in address ? address.path : endpointText(address.host, address.port);
}

/** Where a server listens, whose host may be the folder of its unix socket (libpq's `host` and `port`). */
export function serverAddress({ host, port }: { readonly host: string; readonly port: number }): Address {
  return isFolder(host) ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
}

/** Whether a host of libpq is the folder of a unix socket. */
export function isFolder(host: string): boolean {
  return host.startsWith('/');
}

/**
 * `host:port`; empty where a socket does not know it. An IPv4 peer of a listener on `::` is shown as IPv4, as the kernel's
 * `::ffff:` hides its address.
 */
export function endpointText(host: string | undefined, port: number | undefined): string {
  if (host === undefined || port === undefined) return '';
  if (host.startsWith('::ffff:') && host.includes('.')) return `${host.slice(7)}:${port}`;
  return `${bracketed(host)}:${port}`;
}

/**
 * Whose an endpoint is, for counting: an IPv4 address, or the /64 network of an IPv6 one, because whoever has one address
 * there has all of them.
 */
export function peerOf(endpoint: string): string {
  const host = endpoint.slice(0, Math.max(0, endpoint.lastIndexOf(':')));
  if (!host.startsWith('[')) return host;
  const [front = '', back] = host.slice(1, -1).split('::').map((part) => part === '' ? [] : part.split(':'));
  const zeros = back === undefined ? 0 : 8 - front.length - back.length;
  const groups = [...front, ...Array<string>(Math.max(0, zeros)).fill('0'), ...back ?? []];
  return `[${groups.slice(0, 4).join(':')}::]/64`;
}

/** The host of an endpoint, without brackets. */
export function hostOf(endpoint: string): string {
  return endpoint.slice(0, Math.max(0, endpoint.lastIndexOf(':'))).replace(/^\[|\]$/g, '');
}

/** A host as it stands before a port: IPv6 in brackets. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Numeric hosts are equal as they are written: all of them come from the same resolver. */
export function isSameAddress(a: Address | undefined, b: Address | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if ('path' in a || 'path' in b) return 'path' in a && 'path' in b && a.path === b.path;
  return a.host === b.host && a.port === b.port;
}

/** Whether a numeric host, or the folder of a unix socket, is this machine by definition. */
export function isLoopback(host: string): boolean {
  return isFolder(host) || /^(?:::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/i.test(host);
}
