/**
 * The header that a load balancer puts before the bytes of a client, to say who that is: "The PROXY protocol", sections
 * 2.1 and 2.2 (haproxy.org/download/3.0/doc/proxy-protocol.txt). Pure: the bytes that are there so far in, a reading out.
 */
import { crc32c } from './crc32c.ts';
import { word } from './framing.ts';
import { ip4Bytes, ip6Bytes, ipText } from './ip-address.ts';

export type ProxyHeader =
  /** Too little to say. */
  | { readonly kind: 'incomplete' }
  /** It begins otherwise: what is there is the client's own. */
  | { readonly kind: 'none' }
  /** The first `bytes` are it. */
  | { readonly kind: 'header'; readonly bytes: number; readonly source: Source | undefined }
  /**
   * It cannot be believed; `why` is a clause for people. Behind `bytes` the client itself may speak; undefined: nobody
   * knows where it ends.
   */
  | { readonly kind: 'malformed'; readonly why: string; readonly bytes: number | undefined };

/**
 * Where the client is, which a header tells of TCP only. With LOCAL, a check by the load balancer itself, with UNKNOWN or
 * UNSPEC, and for a client at a unix socket there is none: then the address of the connection is all that is known.
 */
export interface Source {
  readonly host: string;
  readonly port: number;
}

/** A header of version 1 with its line end, by the specification. */
export const mostTextBytes = 107;

/**
 * A header of version 2: the 536 bytes that the specification wants to be received at once, and room for further TLVs.
 * Its length word allows 64 KiB; nobody sends more than some hundred bytes, or a certificate, and what comes first is kept.
 */
export const mostBinaryBytes = 536 + 3_560;

const textStart = 'PROXY ';
const signature = '\r\n\r\n\0\r\nQUIT\n';
const headBytes = 16;

const commands = { local: 0, proxy: 1 } as const;
/** By the first half of the byte of families: how many bytes the addresses of both sides take. */
const addressBytes = [0, 12, 36, 216] as const;
const families = { unspec: 0, inet: 1, unix: 3 } as const;
const transports = { unspec: 0, stream: 1, datagram: 2 } as const;
const crcType = 3;
const tlvHeadBytes = 3;

const incomplete: ProxyHeader = { kind: 'incomplete' };
const none: ProxyHeader = { kind: 'none' };

/** Reads the header at the start of `bytes`. What follows it is not looked at. */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader {
  const frame = proxyFrame(bytes);
  if (typeof frame !== 'object') return frame === 'incomplete' ? incomplete : none;
  const { version, length } = frame;
  if (length === undefined) {
    return malformed(
      version === 1
        ? `its header has no end within ${mostTextBytes} bytes`
        : `its header says it is longer than ${mostBinaryBytes} bytes`,
      undefined,
    );
  }
  const header = bytes.subarray(0, length);
  return version === 1 ? readText(header) : readBinary(header);
}

/** Whether it begins with a header of whatever content, of which version, and, once all of it is there, how long it is. */
export function proxyFrame(
  bytes: Uint8Array,
): 'incomplete' | 'none' | { readonly version: 1 | 2; readonly length: number | undefined } {
  if (begins(bytes, signature)) {
    if (bytes.length < headBytes) return 'incomplete';
    const length = headBytes + bytes[14]! * 256 + bytes[15]!;
    if (length > mostBinaryBytes) return { version: 2, length: undefined };
    return bytes.length < length ? 'incomplete' : { version: 2, length };
  }
  if (!begins(bytes, textStart)) return 'none';
  const end = bytes.subarray(0, mostTextBytes).indexOf('\n'.charCodeAt(0)) + 1;
  if (end > 0) return { version: 1, length: end };
  return bytes.length < mostTextBytes ? 'incomplete' : { version: 1, length: undefined };
}

/** As far as it is there. */
function begins(bytes: Uint8Array, text: string): boolean {
  const length = Math.min(bytes.length, text.length);
  for (let at = 0; at < length; at++) if (bytes[at] !== text.charCodeAt(at)) return false;
  return true;
}

function malformed(why: string, bytes: number | undefined): ProxyHeader {
  return { kind: 'malformed', why, bytes };
}

// Version 1

function readText(header: Uint8Array): ProxyHeader {
  const bytes = header.length;
  const line = String.fromCharCode(...header);
  if (/^PROXY UNKNOWN(?: [^\r]*)?\r\n$/.test(line)) return { kind: 'header', bytes, source: undefined };
  const [, family, from = '', to = '', fromPort = '', toPort = ''] =
    /^PROXY TCP([46]) ([^ ]+) ([^ ]+) (\d+) (\d+)\r\n$/.exec(line) ?? [];
  if (family === undefined) return malformed('its header is no line of version 1', bytes);
  const read = family === '4' ? ip4Bytes : ip6Bytes;
  const host = read(from);
  if (host === undefined || read(to) === undefined) {
    return malformed(`its header names what is no address of IPv${family}`, bytes);
  }
  if (!isPort(fromPort) || !isPort(toPort)) return malformed('its header names what is no port', bytes);
  return { kind: 'header', bytes, source: { host: ipText(host), port: Number(fromPort) } };
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

// Version 2

function readBinary(header: Uint8Array): ProxyHeader {
  const bytes = header.length;
  const [version, command] = [header[12]! >> 4, header[12]! & 0xf];
  const [family, transport] = [header[13]! >> 4, header[13]! & 0xf];
  if (version !== 2) return malformed(`its header is of version ${version}, which is neither 1 nor 2`, bytes);
  if (command !== commands.local && command !== commands.proxy) {
    return malformed(`its header has the unknown command ${command}`, bytes);
  }
  const isLocal = command === commands.local;
  const isKnown = family <= families.unix && transport <= transports.datagram;
  if (!isLocal && !isKnown) return malformed('its header is of an unknown family', bytes);
  if (!isLocal && transport === transports.datagram) {
    return malformed('its header is of datagrams, and this is a stream', bytes);
  }
  // Of these the specification says that what follows is to be ignored; a checksum in it counts all the same.
  const isIgnored = isLocal || family === families.unspec || transport === transports.unspec;
  const ownBytes = addressBytes[family] ?? 0;
  if (!isIgnored && bytes < headBytes + ownBytes) {
    return malformed('its header is too short for its addresses', bytes);
  }
  const fault = checkTlvs(header, Math.min(headBytes + ownBytes, bytes), isIgnored);
  if (fault !== undefined) return malformed(fault, bytes);
  const source = isIgnored || family === families.unix ? undefined : readSource(header, family);
  return { kind: 'header', bytes, source };
}

function readSource(header: Uint8Array, family: number): Source {
  const hostBytes = family === families.inet ? 4 : 16;
  const portAt = headBytes + 2 * hostBytes;
  const host = ipText(header.subarray(headBytes, headBytes + hostBytes));
  return { host, port: header[portAt]! * 256 + header[portAt + 1]! };
}

/** What is wrong with the TLVs that begin at `at`; with `isLoose` only a checksum can be. None but that is looked into. */
function checkTlvs(header: Uint8Array, at: number, isLoose: boolean): string | undefined {
  let crcAt: number | undefined;
  while (at < header.length) {
    const valueAt = at + tlvHeadBytes;
    const next = valueAt + header[at + 1]! * 256 + header[at + 2]!;
    // Also where a length word is cut: then `next` is not a number.
    if (!(next <= header.length)) return isLoose ? undefined : 'its header ends within a TLV';
    if (header[at] === crcType) {
      if (next - valueAt !== 4) return 'the checksum of its header is not 4 bytes long';
      if (crcAt !== undefined) return 'its header has two checksums';
      crcAt = valueAt;
    }
    at = next;
  }
  return crcAt === undefined || isIntact(header, crcAt) ? undefined : 'the checksum of its header is wrong';
}

/** The checksum is that of the whole header, with zeros where it stands. */
function isIntact(header: Uint8Array, crcAt: number): boolean {
  const blank = header.slice();
  blank.fill(0, crcAt, crcAt + 4);
  return crc32c(blank) === word(header, crcAt);
}
