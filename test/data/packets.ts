/** What clients say first, made by the book: see "Message Formats" in PostgreSQL's documentation. */

const encoder = new TextEncoder();

/** `parts` in one piece. Numbers are 32-bit big-endian words, texts are UTF-8 without a zero byte at their end. */
export function bytesOf(...parts: (number | string | Uint8Array)[]): Uint8Array {
  const pieces = parts.map((part) =>
    typeof part === 'number' ? word(part) : typeof part === 'string' ? encoder.encode(part) : part
  );
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

export const protocol30 = 0x0003_0000;

/** A packet of the first kind: no type, a length that counts itself, a code, a body. */
export function firstPacket(code: number, body: Uint8Array): Uint8Array {
  return bytesOf(8 + body.length, code, body);
}

export const startup = firstPacket(protocol30, bytesOf('user\0postgres\0database\0postgres\0\0'));
export const sslRequest = bytesOf(8, 80877103);
export const gssRequest = bytesOf(8, 80877104);

/** A cancel request with a key of so many bytes. */
export function cancelRequest(keyBytes = 4): Uint8Array {
  return firstPacket(80877102, bytesOf(4711, new Uint8Array(keyBytes).fill(7)));
}

/** The start of a TLS 1.2 or 1.3 handshake, with a ClientHello that says nothing. */
export const clientHello = Uint8Array.of(0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00);

/** A whole ClientHello, with a key share as large as those of today, that offers these protocols by ALPN; none: without ALPN. */
export function clientHelloFor(...protocols: readonly string[]): Uint8Array {
  const names = protocols.map((name) => counted(1, bytesOf(name)));
  const alpn = bytesOf(Uint8Array.of(0, 16), counted(2, counted(2, bytesOf(...names))));
  const keyShare = bytesOf(Uint8Array.of(0, 51), counted(2, new Uint8Array(1_216).fill(9)));
  return clientHelloOf(bytesOf(keyShare, ...(protocols.length > 0 ? [alpn] : [])));
}

/** A ClientHello with the bytes of these extensions. */
export function clientHelloOf(extensions: Uint8Array): Uint8Array {
  const body = bytesOf(
    Uint8Array.of(3, 3),
    new Uint8Array(32).fill(5),
    counted(1, new Uint8Array(32)),
    counted(2, Uint8Array.of(0x13, 1)),
    counted(1, Uint8Array.of(0)),
    counted(2, extensions),
  );
  return recordOf(bytesOf(Uint8Array.of(1), counted(3, body)));
}

/** A TLS record of a handshake. */
export function recordOf(messages: Uint8Array): Uint8Array {
  return bytesOf(Uint8Array.of(0x16, 3, 1), counted(2, messages));
}

/** `body` behind its length in so many bytes. */
export function counted(lengthBytes: number, body: Uint8Array): Uint8Array {
  return bytesOf(word(body.length).subarray(4 - lengthBytes), body);
}

/** PROXY protocol headers of both versions, of a client at 192.0.2.1. */
export const proxyText = bytesOf('PROXY TCP4 192.0.2.1 192.0.2.2 40000 5432\r\n');
export const proxyBinary = bytesOf(
  '\r\n\r\n\0\r\nQUIT\n',
  Uint8Array.of(0x21, 0x11),
  counted(2, bytesOf(0xc000_0201, 0xc000_0202, 0x9c40_1538)),
);

/** A message of the other kind: a type byte, a length that counts itself, a body. */
export function message(type: string, body: Uint8Array): Uint8Array {
  return bytesOf(type, 4 + body.length, body);
}

export const authenticationOk = message('R', bytesOf(0));
export const terminate = message('X', new Uint8Array(0));
export const readyForQuery = message('Z', bytesOf('I'));

export function parameterStatus(name: string, value: string): Uint8Array {
  return message('S', bytesOf(`${name}\0${value}\0`));
}

/** Numbers from 0 up to 1 that look random and are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The fields of an ErrorResponse by their type bytes. Throws if the packet is not exactly one of those. */
export function readError(bytes: Uint8Array): Record<string, string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[0] !== 'E'.charCodeAt(0)) throw new Error(`no ErrorResponse: it begins with ${bytes[0]}`);
  if (view.getUint32(1) !== bytes.length - 1) {
    throw new Error(`its length says ${view.getUint32(1)}, it has ${bytes.length - 1}`);
  }
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(5));
  if (!text.endsWith('\0\0')) throw new Error('it has no end');
  const fields = text.slice(0, -2).split('\0');
  return Object.fromEntries(fields.map((field) => [field.slice(0, 1), field.slice(1)]));
}
