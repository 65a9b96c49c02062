/** Addresses as the kernel writes them: struct sockaddr_in, sockaddr_in6, sockaddr_un (all in network byte order). */
import { ipText } from '../../protocol/ip-address.ts';
import { endpointText } from '../addresses.ts';
import type { Address } from '../runtime.ts';
import { AF } from './constants.ts';
import type { Libc } from './libc.ts';

/** Larger than any of them. */
export const sockaddrBytes = 128;

const longestPath = 107;
const encoder = new TextEncoder();

/** The bytes of a numeric or unix address; undefined if the host is not numeric or the path too long. */
export function encodeAddress(
  libc: Libc,
  address: Address,
): { readonly family: number; readonly bytes: Uint8Array } | undefined {
  if ('path' in address) {
    const path = encoder.encode(address.path);
    if (path.length > longestPath) return undefined;
    const bytes = new Uint8Array(2 + path.length + 1);
    bytes[0] = AF.UNIX;
    bytes.set(path, 2);
    return { family: AF.UNIX, bytes };
  }
  return address.host.includes(':')
    ? encodeV6(libc, address.host, address.port)
    : encodeV4(libc, address.host, address.port);
}

function encodeV4(libc: Libc, host: string, port: number): ReturnType<typeof encodeAddress> {
  const bytes = new Uint8Array(16);
  if (libc.inet_pton(AF.INET, cString(host), bytes.subarray(4)) !== 1) return undefined;
  putHead(bytes, AF.INET, port);
  return { family: AF.INET, bytes };
}

function encodeV6(libc: Libc, text: string, port: number): ReturnType<typeof encodeAddress> {
  const [host = '', zone] = text.split('%');
  const bytes = new Uint8Array(28);
  if (libc.inet_pton(AF.INET6, cString(host), bytes.subarray(8)) !== 1) return undefined;
  putHead(bytes, AF.INET6, port);
  const scope = zone === undefined ? 0 : Number(zone) || libc.if_nametoindex(cString(zone));
  new DataView(bytes.buffer).setUint32(24, scope, true);
  return { family: AF.INET6, bytes };
}

/** The family is in the machine's order, which is little-endian on both architectures; the port is not. */
function putHead(bytes: Uint8Array, family: number, port: number): void {
  const view = new DataView(bytes.buffer);
  view.setUint16(0, family, true);
  view.setUint16(2, port);
}

/** The host and port in a sockaddr that the kernel filled; undefined for other families. */
export function decodeAddress(
  bytes: Uint8Array,
): { readonly host: string; readonly port: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const family = view.getUint16(0, true);
  const port = view.getUint16(2);
  if (family === AF.INET) return { host: bytes.subarray(4, 8).join('.'), port };
  if (family !== AF.INET6) return undefined;
  return { host: ipText(bytes.subarray(8, 24)), port };
}

export function addressOf(bytes: Uint8Array): string {
  const address = decodeAddress(bytes);
  return address === undefined ? '' : endpointText(address.host, address.port);
}

/** With its final zero. */
export function cString(text: string): Uint8Array {
  return encoder.encode(`${text}\0`);
}
