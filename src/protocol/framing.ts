/**
 * How PostgreSQL frames what it says, from its "Message Formats" (protocol-message-formats): the first packet of a client
 * is a length word and a body, every later message a type byte, a length word and a body. A length counts itself.
 */

/** A length word. */
export const lengthBytes = 4;

/** The type and the length of a message. */
export const headBytes = 1 + lengthBytes;

/** An unsigned 32-bit big-endian word. */
export function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** The type of the message that begins at `at`. */
export function typeAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at]!);
}

/** How long the body of the message is whose whole head is at `at`; negative: no message has such a head. */
export function bodyBytes(bytes: Uint8Array, at: number): number {
  return word(bytes, at + 1) - lengthBytes;
}

/** The fields of an ErrorResponse or NoticeResponse by their letters ("Error and Notice Message Fields"). */
export function readFields(body: Uint8Array): ReadonlyMap<string, string> {
  const parts = new TextDecoder().decode(body).split('\0').filter((part) => part !== '');
  return new Map(parts.map((part) => [part.slice(0, 1), part.slice(1)]));
}
