/**
 * Whether a server has said all that it has to say. A server's buffer goes out in pieces that may end in the middle of a
 * message, and a value may hold any bytes: that a piece ends like ReadyForQuery proves nothing, so it is also read from its
 * beginning.
 */
import { bodyBytes, headBytes } from './framing.ts';

/** ReadyForQuery: `Z`, a length of 5, and the state of the transaction, which is its body. */
const letter = 'Z'.charCodeAt(0);
const readyBytes = 6;

/** Answers that are longer are not looked at: they come while a query runs, and looking costs time for each message in them. */
const mostBytes = 16 * 1024;

/** Whether these bytes are whole messages, the last of them ReadyForQuery. */
export function isReady(bytes: Uint8Array): boolean {
  const last = bytes.length - readyBytes;
  if (bytes[last] !== letter || bytes[last + 4] !== readyBytes - 1 || bytes.length > mostBytes) return false;
  let at = 0;
  while (at < last) {
    const length = bodyBytes(bytes, at);
    if (length < 0) return false;
    at += headBytes + length;
  }
  return at === last;
}
