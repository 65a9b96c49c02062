/** A client in bare bytes that copies rows out of a server and into it, and compares each byte with what it should be. */
import { connect, type Socket } from 'node:net';
import { answerOf, type CopyRows } from './copy-rows.ts';
import { queryMessage, startupMessage } from './raw-client.ts';

export interface Copied {
  /** COPY and the count that the server says to have copied: what a client takes for success. Undefined: it did not say so. */
  readonly tag: string | undefined;
  /** Of the answer that should have come, how much did, from its start. Of a copy into a server: what the socket took of the rows. */
  readonly bytes: number;
  /** Bytes of the rows that are missing although the server says that it is done. */
  readonly lost: number;
  /** Bytes that came from the first one on that should have been another, unless it begins an error of the server. */
  readonly changed: number;
  /** The server's, as SQLSTATE and sentence. */
  readonly error: string | undefined;
  /** How the connection ended before the answer did: `end`, or the code of its error. */
  readonly ended: string | undefined;
}

export interface CopyTarget {
  readonly host?: string;
  readonly port: number;
  readonly table: string;
  /** Called when the rows begin to flow. */
  readonly onStart?: () => void;
  /** After so long without a byte in either direction the connection is given up, and `ended` is `hung`. */
  readonly patienceMs?: number;
}

/** More of an answer that is not the right one is not kept. */
const mostStrangeBytes = 1 << 20;

/** A server does not keep rows of many lengths in the order in which they came. */
export const copyOutOf = (table: string): string => `copy (select * from ${table} order by n) to stdout`;

/** `answer`: of `answerOf`, for who copies the same rows again and again. Never rejects. */
export async function copyOut(
  target: CopyTarget,
  rows: CopyRows,
  answer: Buffer = answerOf(rows),
): Promise<Copied> {
  const session = await Session.open(target);
  let bytes = 0;
  let strange = Buffer.alloc(0);
  let strangeBytes = 0;
  let last = Buffer.alloc(0);
  const isDone = (chunk: Buffer): boolean => {
    if (bytes === 0) target.onStart?.();
    if (strangeBytes === 0) {
      const same = sameBytes(answer, bytes, chunk);
      bytes += same;
      if (same === chunk.length) return bytes === answer.length;
      chunk = chunk.subarray(same);
    }
    if (strangeBytes < mostStrangeBytes) strange = Buffer.concat([strange, chunk]);
    strangeBytes += chunk.length;
    last = Buffer.concat([last, chunk]).subarray(-ready.length);
    return endsReady(last);
  };
  const ended = await session.ask(queryMessage(copyOutOf(target.table)), isDone);
  session.close();
  if (strangeBytes === 0) {
    const tag = bytes === answer.length ? `COPY ${rows.count}` : undefined;
    return { tag, bytes, lost: 0, changed: 0, error: session.error, ended };
  }
  // What is not as expected may be the server's own word, where one of its messages could begin.
  const { tag, error } = isBetweenMessages(answer, bytes) ? readEnd(strange) : noEnd;
  const isAnEnd = tag !== undefined || error !== undefined;
  const lost = tag === undefined ? 0 : answer.length - bytes;
  return { tag, bytes, lost, changed: isAnEnd ? 0 : strangeBytes, error, ended };
}

/** Never rejects. What has arrived is to be asked of the server. */
export async function copyIn(target: CopyTarget, rows: CopyRows): Promise<Copied> {
  const session = await Session.open(target);
  let heard = Buffer.alloc(0);
  const { messages, count } = rows;
  let sentFrom: number | undefined;
  const isDone = (chunk: Buffer): boolean => {
    heard = Buffer.concat([heard, chunk]);
    if (sentFrom === undefined && heard[0] === 0x47) { // CopyInResponse
      sentFrom = session.bytesWritten;
      target.onStart?.();
      session.write(messages);
      session.write(Buffer.from('c\0\0\0\x04', 'latin1'));
    }
    return endsReady(heard);
  };
  const ended = await session.ask(queryMessage(`copy ${target.table} from stdin`), isDone);
  const bytes = sentFrom === undefined ? 0 : Math.min(messages.length, session.bytesWritten - sentFrom);
  session.close();
  const { tag, error } = readEnd(heard);
  const isWhole = tag === undefined || tag === `COPY ${count}`;
  return {
    tag,
    bytes,
    lost: isWhole ? 0 : messages.length,
    changed: 0,
    error: error ?? session.error,
    ended,
  };
}

class Session {
  readonly #socket: Socket;
  #isDone: (chunk: Buffer) => boolean = () => false;
  #settle: (ended: string | undefined) => void = () => {};
  #ended: string | undefined;
  /** What the server said against the login. */
  error: string | undefined;

  private constructor({ host = '127.0.0.1', port, patienceMs = 60_000 }: CopyTarget) {
    this.#socket = connect({ host, port, noDelay: true });
    const end = (how: string): void => {
      this.#ended ??= how;
      this.#settle(this.#ended);
      this.#socket.destroy();
    };
    this.#socket.on('data', (chunk) => this.#isDone(chunk) && this.#settle(undefined));
    this.#socket.once('error', ({ code = 'error' }: NodeJS.ErrnoException) => end(code));
    this.#socket.once('end', () => end('end'));
    this.#socket.setTimeout(patienceMs, () => end('hung'));
  }

  static async open(target: CopyTarget): Promise<Session> {
    const session = new Session(target);
    let heard = Buffer.alloc(0);
    await session.ask(startupMessage(), (chunk) => {
      heard = Buffer.concat([heard, chunk]);
      return endsReady(heard);
    });
    session.error = readEnd(heard).error;
    return session;
  }

  /** Resolves when `isDone` says so, or with how the connection has ended. */
  ask(message: Buffer, isDone: (chunk: Buffer) => boolean): Promise<string | undefined> {
    if (this.#ended !== undefined) return Promise.resolve(this.#ended);
    this.#isDone = isDone;
    this.#socket.write(message);
    return new Promise((resolve) => this.#settle = resolve);
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  close(): void {
    if (!this.#socket.destroyed) this.#socket.end(Buffer.from('X\0\0\0\x04', 'latin1'));
  }
}

const noEnd = { tag: undefined, error: undefined };

/** How many of the bytes of `chunk` are those of `all` from `at` on. */
function sameBytes(all: Buffer, at: number, chunk: Buffer): number {
  const length = Math.min(chunk.length, all.length - at);
  if (length === chunk.length && all.compare(chunk, 0, length, at, at + length) === 0) return length;
  let same = 0;
  while (same < length && all[at + same] === chunk[same]) same++;
  return same;
}

/** ReadyForQuery, idle. In the middle of rows this looks so only by chance, and these have no zero bytes. */
function endsReady(bytes: Buffer): boolean {
  return bytes.subarray(-ready.length).equals(ready);
}

const ready = Buffer.from('Z\0\0\0\x05I', 'latin1');

function isBetweenMessages(answer: Buffer, offset: number): boolean {
  let at = 0;
  while (at < offset) at += 1 + answer.readInt32BE(at + 1);
  return at === offset;
}

/** The end of an answer: its CommandComplete or ErrorResponse, among other messages. */
function readEnd(bytes: Buffer): { tag: string | undefined; error: string | undefined } {
  let tag: string | undefined;
  let error: string | undefined;
  for (let at = 0; at + 5 <= bytes.length;) {
    const length = bytes.readInt32BE(at + 1);
    const body = bytes.subarray(at + 5, at + 1 + length).toString('utf8');
    const type = String.fromCharCode(bytes[at]!);
    if (type === 'C') tag = body.slice(0, -1);
    if (type === 'E') {
      const fields = body.split('\0');
      const field = (code: string) => fields.find((each) => each.startsWith(code))?.slice(1) ?? '';
      error = `${field('C')} ${field('M')}`;
    }
    if (length < 4) break;
    at += 1 + length;
  }
  return { tag, error };
}
