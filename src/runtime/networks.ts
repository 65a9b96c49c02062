/**
 * Networks as ALLOW and DENY name them. node:net's BlockList cannot tell which of its networks has an address, so it cannot
 * say which is the most specific one; here that is a comparison of one or four numbers.
 */
import { isIP } from 'node:net';

export interface Network {
  /** Of its first address, 32 bits each: one for IPv4, four for IPv6. */
  readonly words: readonly number[];
  /** How many leading bits count. */
  readonly bits: number;
}

/** The 32-bit words of a numeric address; undefined if it is none. `::ffff:10.0.0.1` is IPv4. A zone is passed over. */
export function addressWords(host: string): readonly number[] | undefined {
  const bare = host.replace(/%.*$/, '');
  const family = isIP(bare);
  if (family === 0) return undefined;
  if (family === 4) return [wordOf(bare)];
  const words = wordsOf(bare);
  const isMapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return isMapped ? words.slice(3) : words;
}

/** `10.0.0.0/8`, `fd00::/8`, or one address. Throws an Error that reads after the name and the value. */
export function parseNetwork(text: string): Network {
  const [, host = '', length] = /^([^/%]+)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  const words = addressWords(host);
  const most = words === undefined ? 0 : words.length * 32;
  const bits = length === undefined ? most : Number(length);
  if (words === undefined || bits > most) {
    throw new Error(`names ${text}, which is no network, as 10.0.0.0/8 or fd00::/8, nor an address`);
  }
  const network = { words, bits };
  if (words.some((word, at) => (word & ~maskOf(bits, at)) !== 0)) {
    throw new Error(`names ${text}, whose address has bits beyond the first ${bits}: is one address meant?`);
  }
  return network;
}

/** Whether `address`, as `addressWords` gives it, is in it. */
export function isIn({ words, bits }: Network, address: readonly number[]): boolean {
  if (words.length !== address.length) return false;
  for (let at = 0; at < words.length; at++) {
    if (((words[at]! ^ address[at]!) & maskOf(bits, at)) !== 0) return false;
  }
  return true;
}

export function isSameNetwork(a: Network, b: Network): boolean {
  return a.bits === b.bits && isIn(a, b.words);
}

/** What of word number `at` belongs to the first `bits` of an address. */
function maskOf(bits: number, at: number): number {
  const ours = Math.min(32, Math.max(0, bits - 32 * at));
  // A shift by 32 is none.
  return ours === 0 ? 0 : -1 << (32 - ours);
}

function wordOf(ipv4: string): number {
  return ipv4.split('.').reduce((word, part) => word * 256 + Number(part), 0);
}

function wordsOf(ipv6: string): number[] {
  const hex = ipv6.replace(/[0-9.]+$/, (end) => {
    if (!end.includes('.')) return end;
    const word = wordOf(end);
    return `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`;
  });
  const [front = [], back] = hex.split('::').map((part) => part === '' ? [] : part.split(':'));
  const zeros = back === undefined ? 0 : 8 - front.length - back.length;
  const groups = [...front, ...Array<string>(zeros).fill('0'), ...back ?? []].map((group) =>
    parseInt(group, 16)
  );
  return [0, 2, 4, 6].map((at) => groups[at]! * 0x1_0000 + groups[at + 1]!);
}
