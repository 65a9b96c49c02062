/**
 * What programs say first that are no clients of PostgreSQL and come to its port all the same: checks of HTTP, load balancers
 * with the PROXY protocol, scanners. Each of them begins with what would be a huge length of a packet.
 */
import type { Opening, OtherProtocol } from './opening.ts';

const incomplete: Opening = { kind: 'incomplete' };

/** The first four letters of requests; `PRI ` is the preface of HTTP/2. */
const requests: ReadonlySet<string> = new Set([
  'GET ',
  'HEAD',
  'POST',
  'PUT ',
  'DELE',
  'OPTI',
  'PATC',
  'CONN',
  'TRAC',
  'PRI ',
]);

// "The PROXY protocol", sections 2.1 and 2.2 (haproxy.org/download/3.0/doc/proxy-protocol.txt).
const proxyText = 'PROXY ';
const mostProxyTextBytes = 107;
const proxySignature = '\r\n\r\n\0\r\nQUIT\n';
const proxyHeadBytes = 16;
/** The specification allows 64 KiB; nobody sends more than some hundred bytes, and what comes first is kept. */
const mostProxyBytes = 4096;

/** Reads at least four bytes whose length word is none of PostgreSQL's; undefined: it is nothing known. */
export function readOtherProtocol(bytes: Uint8Array): Opening | undefined {
  const begins = (text: string): boolean => text.startsWith(textOf(bytes, text.length));
  if (begins(proxySignature)) return readProxy(bytes);
  if (begins(proxyText)) return readProxyText(bytes);
  const start = textOf(bytes, 4);
  if (requests.has(start)) return other('http', 'it sent an HTTP request');
  if (start === 'SSH-') return other('ssh', 'it speaks SSH');
  return isText(bytes) ? other('unknown', 'it sent text, which no PostgreSQL client begins with') : undefined;
}

export function other(protocol: OtherProtocol, why: string, headerBytes?: number): Opening {
  return { kind: 'garbage', protocol, why, headerBytes };
}

function readProxy(bytes: Uint8Array): Opening {
  if (bytes.length < proxyHeadBytes) return incomplete;
  return proxyHeader(bytes, proxyHeadBytes + bytes[14]! * 256 + bytes[15]!);
}

function readProxyText(bytes: Uint8Array): Opening {
  const end = bytes.subarray(0, mostProxyTextBytes).indexOf('\n'.charCodeAt(0)) + 1;
  return end === 0 && bytes.length < mostProxyTextBytes ? incomplete : proxyHeader(bytes, end || Infinity);
}

function proxyHeader(bytes: Uint8Array, headerBytes: number): Opening {
  if (headerBytes <= mostProxyBytes && bytes.length < headerBytes) return incomplete;
  const skipped = headerBytes > mostProxyBytes ? undefined : headerBytes;
  return other('proxy', 'it begins with a PROXY protocol header', skipped);
}

/** The first word, read as characters: people begin with letters. */
function isText(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 4).every((byte) => byte >= 0x20 && byte < 0x7f);
}

function textOf(bytes: Uint8Array, count: number): string {
  return String.fromCharCode(...bytes.subarray(0, count));
}
