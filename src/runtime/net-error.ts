import { codeOf, messageOf } from '../errors.ts';
import type { Address, NetError } from './runtime.ts';

/** Any error that a runtime raises about a socket, as the one shape that the program knows. */
export function netError(error: unknown): NetError {
  return { code: codeOf(error) || 'EUNKNOWN', message: messageOf(error) };
}

/** What a connect that took longer than it may (`timeoutMs` milliseconds) closes with. */
export function connectTimeout(address: Address, timeoutMs: number): NetError {
  return {
    code: 'ETIMEDOUT',
    message: `connect to ${addressText(address)} took longer than ${timeoutMs} ms`,
  };
}

/** `host:port` with brackets around IPv6, or the path of a unix socket. */
export function addressText(address: Address): string {
  return 'path' in address ? address.path : endpointText(address.host, address.port);
}

/** `host:port`; an IPv4 peer of a listener on `::` is shown as IPv4, as the kernel's `::ffff:` hides who it is. */
export function endpointText(host: string | undefined, port: number | undefined): string {
  if (host === undefined || port === undefined) return '';
  if (host.startsWith('::ffff:') && host.includes('.')) return `${host.slice(7)}:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
