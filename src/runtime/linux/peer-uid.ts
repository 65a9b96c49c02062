/** Who is connected to a unix socket of this process, by the kernel's word (SO_PEERCRED, unix(7)). */
import { readdirSync } from 'node:fs';
import { AF, SO, SOL } from './constants.ts';
import { type Libc, openLibc } from './libc.ts';
import { sockaddrBytes } from './sockaddr.ts';

/** `struct ucred`: pid, uid, gid, 32 bits each. */
const ucredWords = 3;

/**
 * The users behind the connections that were accepted at `path` and are open now, each once, or undefined where that cannot be
 * had. Bun gives out no descriptor of an accepted connection, so all that this process has are looked through.
 */
export function peerUids(path: string): readonly number[] | undefined {
  try {
    const libc = openLibc();
    const uids = readdirSync('/proc/self/fd').map((fd) => uidBehind(libc, Number(fd), path));
    return [...new Set(uids.filter((uid) => uid !== undefined))];
  } catch {
    return undefined;
  }
}

function uidBehind(libc: Libc, fd: number, path: string): number | undefined {
  const name = new Uint8Array(sockaddrBytes);
  if (libc.getsockname(fd, name, Int32Array.of(sockaddrBytes)) < 0) return undefined;
  if (new DataView(name.buffer).getUint16(0, true) !== AF.UNIX || pathIn(name) !== path) return undefined;
  const ucred = new Int32Array(ucredWords);
  if (libc.getsockopt(fd, SOL.SOCKET, SO.PEERCRED, ucred, Int32Array.of(ucred.byteLength)) < 0) {
    return undefined;
  }
  // A listening socket has the same name, and its own process for its peer.
  return isListening(libc, fd) ? undefined : ucred[1]! >>> 0;
}

function isListening(libc: Libc, fd: number): boolean {
  const word = new Int32Array(1);
  return libc.getsockopt(fd, SOL.SOCKET, SO.ACCEPTCONN, word, Int32Array.of(4)) === 0 && word[0] === 1;
}

function pathIn(name: Uint8Array): string {
  const bytes = name.subarray(2);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
