/**
 * What a client's first bytes say. Pure: bytes in, a reading out.
 *
 * Facts from PostgreSQL's "Message Formats" (protocol-message-formats) and "SSL Session Encryption"
 * (protocol-flow): the first packet has no type byte, only a length word that counts itself, then a code. A
 * server takes at most 10,000 bytes after the length word (MAX_STARTUP_PACKET_LENGTH in pqcomm.h). Keys of a
 * CancelRequest are 4 bytes long up to protocol 3.0 and 4 to 256 since 3.2. PostgreSQL 17 added TLS without
 * SSLRequest: then the first byte is that of a TLS handshake record.
 */

import { readClientHello } from './client-hello.ts';
import { lengthBytes, word } from './framing.ts';
import type { Opening } from './opening.ts';
import { other, readOtherProtocol } from './other-protocols.ts';

/** SSLRequest and GSSENCRequest are a length word and a code; the client then waits for one byte. */
export const requestBytes = 8;

/** The longest first packet, length word included; more than that need not be kept. */
export const maxStartupBytes = 10_004;

const codes = { cancel: 80877102, ssl: 80877103, gss: 80877104 } as const;
const cancelBytes = { least: 16, most: 268 } as const;
/** A Terminate, read as a length: 'X', and the first three bytes of its own length. */
const terminate = 0x5800_0000;
/** The first byte of a TLS record of a handshake. */
export const tlsHandshake = 0x16;
const tlsMajor = 0x03;

const incomplete: Opening = { kind: 'incomplete' };
const unanswered: Opening = { kind: 'unanswered' };

/** Reads the first packet from the start of `bytes`. What follows it is not looked at. */
export function readOpening(bytes: Uint8Array): Opening {
  if (bytes.length === 0) return incomplete;
  if (bytes[0] === tlsHandshake) return readTls(bytes);
  if (bytes.length < lengthBytes) return incomplete;
  const length = word(bytes, 0);
  if (length === terminate) return unanswered;
  if (length < 8 || length > maxStartupBytes) return readOtherProtocol(bytes) ?? badLength(length);
  if (bytes.length < 8) return incomplete;
  const code = word(bytes, 4);
  if (code === codes.ssl) return exactly(length, requestBytes, 'SSLRequest', { kind: 'ssl' });
  if (code === codes.gss) return exactly(length, requestBytes, 'GSSENCRequest', { kind: 'gss' });
  if (bytes.length < length) return incomplete;
  if (code === codes.cancel) return readCancel(length);
  return { kind: code >>> 16 === 3 ? 'startup' : 'unsupported', protocol: code };
}

function readCancel(length: number): Opening {
  return length < cancelBytes.least || length > cancelBytes.most ? unanswered : { kind: 'cancel' };
}

/** A handshake record: type, version 3.x, length, and a ClientHello (1) in it. */
function readTls(bytes: Uint8Array): Opening {
  if (bytes.length > 1 && bytes[1] !== tlsMajor) {
    return garbage('its first byte is that of TLS, its second is not');
  }
  if (bytes.length < 6) return incomplete;
  if (bytes[5] !== 1) return garbage('it starts like TLS, but not with a ClientHello');
  const hello = readClientHello(bytes);
  if (hello === 'incomplete') return incomplete;
  if (hello !== 'other') return { kind: 'directTls' };
  return other('tls', 'it begins TLS for another service than PostgreSQL (HTTPS, perhaps)');
}

function exactly(length: number, expected: number, name: string, opening: Opening): Opening {
  return length === expected ? opening : garbage(`its ${name} says ${length} bytes instead of ${expected}`);
}

function badLength(length: number): Opening {
  return garbage(
    `its first packet says it is ${length} bytes long, and PostgreSQL takes 8 to ${maxStartupBytes}`,
  );
}

function garbage(why: string): Opening {
  return other('unknown', why);
}
