/** Rows that follow from a seed, as COPY has them on the wire: what comes through can be compared byte for byte, at the speed of memory. */
import { type Random, randomOf } from '../../scripts/lib/fuzz/mutate.ts';

export interface CopyRows {
  readonly count: number;
  /** A CopyData message for each row, as PostgreSQL sends them and takes them. */
  readonly messages: Buffer;
}

/** For a table of these rows. Plain: what is not compressed costs the server nothing but moving it. */
export const rowsTable = (name: string): string =>
  `create unlogged table ${name} (n int, line text); alter table ${name} alter line set storage plain`;

/** A row must fit into a page. */
const longestLine = 7900;
const header = 5;
const copyData = 0x64;

/** At least so many bytes. Most rows are short, a few fill a page; each has a number. */
export function rowsOf(bytes: number, seed = 1): CopyRows {
  const random = randomOf(seed, 0);
  const text = textOf(random);
  const messages = Buffer.alloc(bytes + longestLine + 32);
  let at = 0;
  let count = 0;
  while (at < bytes) {
    const length = Math.ceil((random() < 0.2 ? longestLine : 300) * random());
    const from = Math.floor(random() * (text.length - length));
    const start = at;
    at += header;
    at += messages.write(`${count++}\t`, at);
    at += text.copy(messages, at, from, from + length);
    messages[at++] = 0x0a;
    messages[start] = copyData;
    messages.writeInt32BE(at - start - 1, start + 1);
  }
  return { count, messages: messages.subarray(0, at) };
}

/** Letters and digits: nothing that COPY would write in another way. */
function textOf(random: Random): Buffer {
  const alphabet = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
  return Buffer.from(
    Uint8Array.from({ length: 1 << 18 }, () => alphabet.charCodeAt(Math.floor(random() * alphabet.length))),
  );
}

/** What a server answers to `copyOutOf` a table with these rows, to its last byte. */
export function answerOf({ count, messages }: CopyRows): Buffer {
  return Buffer.concat([copyOutResponse, messages, Buffer.from('c\0\0\0\x04'), completed(count)]);
}

/** CopyOutResponse: text, two columns. */
const copyOutResponse = Buffer.from('H\0\0\0\x0b\0\0\x02\0\0\0\0', 'latin1');

/** CommandComplete and ReadyForQuery. */
function completed(count: number): Buffer {
  const tag = `COPY ${count}\0`;
  const size = Buffer.alloc(4);
  size.writeInt32BE(4 + tag.length);
  return Buffer.concat([Buffer.from('C'), size, Buffer.from(`${tag}Z\0\0\0\x05I`, 'latin1')]);
}

/** The same rows as a file of COPY. */
export function linesOf({ messages }: CopyRows): Buffer {
  const lines: Buffer[] = [];
  for (let at = 0; at < messages.length;) {
    const end = at + 1 + messages.readInt32BE(at + 1);
    lines.push(messages.subarray(at + header, end));
    at = end;
  }
  return Buffer.concat(lines);
}
