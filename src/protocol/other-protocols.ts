/**
 * What programs say first that are no clients of PostgreSQL and come to its port all the same: checks of HTTP, load balancers
 * with the PROXY protocol, scanners. Each of them begins with what would be a huge length of a packet.
 */
import type { Opening, OtherProtocol } from './opening.ts';
import { proxyFrame } from './proxy-header.ts';

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

/** Reads at least four bytes whose length word is none of PostgreSQL's; undefined: it is nothing known. */
export function readOtherProtocol(bytes: Uint8Array): Opening | undefined {
  const proxy = proxyFrame(bytes);
  if (proxy === 'incomplete') return incomplete;
  if (proxy !== 'none') return other('proxy', 'it begins with a PROXY protocol header', proxy.length);
  const start = textOf(bytes, 4);
  if (requests.has(start)) return other('http', 'it sent an HTTP request');
  if (start === 'SSH-') return other('ssh', 'it speaks SSH');
  return isText(bytes) ? other('unknown', 'it sent text, which no PostgreSQL client begins with') : undefined;
}

export function other(protocol: OtherProtocol, why: string, headerBytes?: number): Opening {
  return { kind: 'garbage', protocol, why, headerBytes };
}

/** The first word, read as characters: people begin with letters. */
function isText(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 4).every((byte) => byte >= 0x20 && byte < 0x7f);
}

function textOf(bytes: Uint8Array, count: number): string {
  return String.fromCharCode(...bytes.subarray(0, count));
}
