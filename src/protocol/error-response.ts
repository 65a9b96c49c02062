/**
 * A refusal on the wire: an ErrorResponse, what clients of other protocols can read, and the preamble for the server that says it under TLS.
 *
 * Fields from PostgreSQL's "Error and Notice Message Fields" (protocol-error-fields).
 */
import { bodyBytes, headBytes, lengthBytes, readFields, typeAt } from './framing.ts';

/** What a FATAL error says. */
export interface ErrorFields {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
}

// libpq gives up on an error before authentication that is longer than 30,000 bytes (fe-connect.c, MAX_ERRLEN).
// Three fields have texts, and each may be this long.
const maxFieldBytes = 9_000;

const encoder = new TextEncoder();

/** The bytes of a FATAL ErrorResponse. */
export function errorResponse({ sqlstate, message, detail, hint }: ErrorFields): Uint8Array {
  const fields = [`SFATAL`, `VFATAL`, `C${sqlstate}`, `M${fieldText(message)}`];
  if (detail) fields.push(`D${fieldText(detail)}`);
  if (hint) fields.push(`H${fieldText(hint)}`);
  const body = encoder.encode(fields.join('\0') + '\0\0');
  const bytes = new Uint8Array(headBytes + body.length);
  bytes[0] = 'E'.charCodeAt(0);
  new DataView(bytes.buffer).setUint32(1, lengthBytes + body.length);
  bytes.set(body, headBytes);
  return bytes;
}

/**
 * The same for a client of a protocol before 3: 'E', a text, a zero byte. Such a client cannot read fields
 * (`send_message_to_frontend` in elog.c).
 */
export function oldErrorResponse({ message }: ErrorFields): Uint8Array {
  return encoder.encode(`EFATAL:  ${fieldText(message)}\n\0`);
}

/** The same for a client of HTTP. */
export function httpError({ message, hint = '' }: ErrorFields): Uint8Array {
  const lines = [
    'HTTP/1.1 400 Bad Request',
    'Content-Type: text/plain; charset=utf-8',
    'Connection: close',
    '',
    `${message}. ${hint}\n`,
  ];
  return encoder.encode(lines.join('\r\n'));
}

/** For a client of TLS that wants another service: a fatal alert, no_application_protocol (RFC 7301), as PostgreSQL's. */
export const noSuchService = Uint8Array.of(0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 120);

/**
 * What a session says to the refusal server before it passes on the client's TLS: a 32-bit length, of the client's address
 * with a zero byte and the ErrorResponse to say, then these, then the client's bytes.
 */
export function refusalPreamble(refusal: ErrorFields, client: string, clientBytes: Uint8Array): Uint8Array {
  const error = errorResponse(refusal);
  const address = encoder.encode(`${client}\0`);
  const length = address.length + error.length;
  const bytes = new Uint8Array(lengthBytes + length + clientBytes.length);
  new DataView(bytes.buffer).setUint32(0, length);
  bytes.set(address, lengthBytes);
  bytes.set(error, lengthBytes + address.length);
  bytes.set(clientBytes, lengthBytes + length);
  return bytes;
}

/** The same, read; `preamble` ends before the client's bytes. */
export function readPreamble(preamble: Uint8Array): { readonly client: string; readonly error: Uint8Array } {
  const end = preamble.indexOf(0, lengthBytes);
  return {
    client: new TextDecoder().decode(preamble.subarray(lengthBytes, end)),
    error: preamble.subarray(end + 1),
  };
}

/** What the refusal server says before it shakes hands: the answer to SSLRequest. */
export const tlsIsReady = Uint8Array.of('S'.charCodeAt(0));

/** A zero byte would end the field early; half a letter would make it unreadable, so a cut is between two. */
function fieldText(text: string): string {
  const clean = text.replaceAll('\0', '?');
  if (clean.length <= maxFieldBytes / 3) return clean;
  const { read } = encoder.encodeInto(clean, new Uint8Array(maxFieldBytes));
  return read === clean.length ? clean : `${clean.slice(0, read)} ...`;
}

/** cannot_connect_now, and admin_shutdown: the server is on its way up or down, and has done nothing for this client. */
const notNow = ['57P03', '57P01'];
/** All that a server says on its own before it is ready: AuthenticationOk, ParameterStatus, BackendKeyData. */
const loginTypes = 'RSK';
const mostLoginBytes = 2_000;

/**
 * Whether these first bytes of a server turn the client away. A backend that is told to exit after it has let the client
 * in, but before it is ready, sends its ErrorResponse behind its login messages in one segment.
 */
export function saysNotNow(bytes: Uint8Array): boolean {
  if (bytes.length > mostLoginBytes) return false;
  let at = 0;
  while (at + headBytes <= bytes.length && loginTypes.includes(typeAt(bytes, at))) {
    at += headBytes + Math.max(0, bodyBytes(bytes, at));
  }
  if (at + headBytes > bytes.length || typeAt(bytes, at) !== 'E') return false;
  return notNow.includes(readFields(bytes.subarray(at + headBytes)).get('C') ?? '');
}
