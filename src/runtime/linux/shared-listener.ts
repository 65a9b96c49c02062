/**
 * The listening socket of another thread, which can be told to take no more clients where that thread does not move. By a
 * second descriptor, from `Listener.share`: the number of the thread's own may be that of a session by now.
 */
import { SHUT_RD, SO, SOL } from './constants.ts';
import { type Libc, openLibc } from './libc.ts';

/** Where the kernel writes an int, and its length. */
const word = new Int32Array(1);
const wordBytes = new Int32Array(1);

/**
 * The kernel gives it no more clients, and those that wait for it are reset. A port that was asked for by its number stays
 * bound: its thread listens again as soon as it moves (`NativeListener`).
 */
export function stopListening(descriptor: number): void {
  const { getsockopt, shutdown } = libc();
  wordBytes[0] = word.byteLength;
  if (getsockopt(descriptor, SOL.SOCKET, SO.ACCEPTCONN, word, wordBytes) < 0) return;
  // Done to one that does not listen, it stays, and every client that is accepted later seems to have said its FIN.
  if (word[0] === 1) shutdown(descriptor, SHUT_RD);
}

/** The port is not free before this was called. */
export function closeShared(descriptor: number): void {
  libc().close(descriptor);
}

let opened: Libc | undefined;

/** Not before it is needed: it takes memory. */
function libc(): Libc {
  return opened ??= openLibc();
}
