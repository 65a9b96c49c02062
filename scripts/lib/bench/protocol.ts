/** The few messages of PostgreSQL's protocol 3.0 that the benchmark speaks. Pure. */

/** A StartupMessage for user and database `postgres`. */
export function startupMessage(): Uint8Array {
  const text = 'user\0postgres\0database\0postgres\0\0';
  const bytes = new Uint8Array(8 + text.length);
  new DataView(bytes.buffer).setUint32(0, bytes.length);
  new DataView(bytes.buffer).setUint32(4, 196608);
  bytes.set(new TextEncoder().encode(text), 8);
  return bytes;
}

/** A message of one type byte, its length and its body. */
export function message(type: string, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(5 + body.length);
  bytes[0] = type.charCodeAt(0);
  new DataView(bytes.buffer).setUint32(1, bytes.length - 1);
  bytes.set(body, 5);
  return bytes;
}

export function query(text: string): Uint8Array {
  return message('Q', new TextEncoder().encode(`${text}\0`));
}

/** What a server says last of all when it is idle. */
export const readyForQuery: Uint8Array = message('Z', new Uint8Array([0x49]));

/** Whether the first `length` bytes end with ReadyForQuery. */
export function endsReady(bytes: Uint8Array, length: number): boolean {
  const size = readyForQuery.length;
  if (length < size) return false;
  for (let at = 0; at < size; at++) if (bytes[length - size + at] !== readyForQuery[at]) return false;
  return true;
}

/** The whole number that is the only column of the only row in `bytes`; undefined if there is none. */
export function numberIn(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 5 <= bytes.length; at += 1 + view.getUint32(at + 1)) {
    if (bytes[at] !== 0x44) continue;
    const length = view.getUint32(at + 7);
    const number = Number(new TextDecoder().decode(bytes.subarray(at + 11, at + 11 + length)));
    return Number.isInteger(number) ? number : undefined;
  }
  return undefined;
}

/** How COPY in binary format begins: signature, flags, no extension. */
const copyHeader = Uint8Array.from([
  ...[0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00],
  ...[0, 0, 0, 0, 0, 0, 0, 0],
]);

export const copyBegin: Uint8Array = message('d', copyHeader);
/** The end of the rows, in the data and then in the protocol. */
export const copyEnd: readonly Uint8Array[] = [message('d', new Uint8Array([0xff, 0xff])), message('c')];

/** CopyData of one row with one column of `size` bytes. */
export function copyRow(size: number): Uint8Array {
  const body = new Uint8Array(6 + size).fill(0x78);
  const view = new DataView(body.buffer);
  view.setUint16(0, 1);
  view.setUint32(2, size);
  return message('d', body);
}
