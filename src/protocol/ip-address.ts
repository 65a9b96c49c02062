/** IP addresses, between their bytes and their text. */

/** Of 4 or 16 bytes, as RFC 5952 wants it: the longest run of zeros is `::`; IPv4 within IPv6 keeps its dots. */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, index) => bytes[2 * index]! * 256 + bytes[2 * index + 1]!);
  if (words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff) {
    return `::ffff:${bytes.subarray(12).join('.')}`;
  }
  const text = words.map((word) => word.toString(16)).join(':');
  const runs = text.match(/(?:^|:)0(?::0)+(?=:|$)/g) ?? [];
  const longest = runs.reduce((best, run) => run.length > best.length ? run : best, '');
  return longest === ''
    ? text
    : text.replace(longest, ':').replace(/^:(?!:)/, '::').replace(/(?<!:):$/, '::');
}

/** The 4 bytes of an IPv4 address; undefined: it is none. No octal and no short forms, which are read in several ways. */
export function ip4Bytes(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) return undefined;
  const numbers = parts.map(Number);
  return numbers.every((number) => number <= 255) ? Uint8Array.from(numbers) : undefined;
}

/** The 16 bytes of an IPv6 address without a zone; undefined: it is none. */
export function ip6Bytes(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [front, back] = halves.map((half) => half === '' ? [] : half.split(':'));
  const groups = [...front!, ...back ?? []];
  // The last 32 bits may be written as IPv4.
  const hasTail = groups.at(-1)?.includes('.') && !text.endsWith(':');
  const tail = hasTail ? ip4Bytes(groups.pop()!) : new Uint8Array(0);
  if (tail === undefined || !groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  const missing = 16 - 2 * groups.length - tail.length;
  if (back === undefined ? missing !== 0 : missing < 2) return undefined;
  const bytes = new Uint8Array(16);
  const put = (group: string, at: number): void => {
    const word = parseInt(group, 16);
    bytes[at] = word >> 8;
    bytes[at + 1] = word & 0xff;
  };
  const ahead = Math.min(front!.length, groups.length);
  groups.slice(0, ahead).forEach((group, index) => put(group, 2 * index));
  groups.slice(ahead).forEach((group, index) => put(group, 2 * (ahead + index) + missing));
  bytes.set(tail, 16 - tail.length);
  return bytes;
}
