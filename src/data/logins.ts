/**
 * Who clients say that they are, each packet once: the thousands of sessions of a pool all say the same, and to read each anew
 * would leave garbage behind for each.
 */
import { type LoginNames, loginNames, startupBytes } from '../protocol/login-names.ts';

/** So many packets of such a length are kept to be known again; sessions keep their names. */
const mostKept = 1_000;
const longestKept = 512;

interface Known {
  readonly packet: Uint8Array;
  readonly names: LoginNames;
}

export class Logins {
  /** By a hash of the packet. */
  readonly #known = new Map<number, Known>();

  /** Of a client whose first bytes these are. */
  of(first: Uint8Array): LoginNames | undefined {
    const length = startupBytes(first);
    if (length === 0) return undefined;
    if (length > longestKept) return loginNames(first.subarray(0, length));
    const hash = hashOf(first, length);
    const known = this.#known.get(hash);
    if (known !== undefined && isSame(known.packet, first, length)) return known.names;
    const packet = first.slice(0, length);
    const names = loginNames(packet);
    if (this.#known.size >= mostKept) this.#known.clear();
    this.#known.set(hash, { packet, names });
    return names;
  }
}

/** FNV-1a, of the first `length` bytes. */
function hashOf(bytes: Uint8Array, length: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < length; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash;
}

function isSame(packet: Uint8Array, bytes: Uint8Array, length: number): boolean {
  if (packet.length !== length) return false;
  for (let at = 0; at < length; at++) if (packet[at] !== bytes[at]) return false;
  return true;
}
