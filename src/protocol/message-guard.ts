/**
 * Reads a server's messages. A probe talks to whatever answers on a port, so what PostgreSQL does not say is an exception, and
 * no more than one message is ever kept in memory.
 */
import { bodyBytes, headBytes, lengthBytes, readFields, typeAt } from './framing.ts';

/** No message that a probe can cause is longer; most are under 400 bytes. */
export const maxMessageBytes = 64 * 1024;

/** Nor is all that comes between two ReadyForQuery: a flood of small messages would keep this thread busy. */
export const maxAnswerBytes = 256 * 1024;

/** What a guard has read. */
export interface MessageGuardEvents {
  /** ReadyForQuery. */
  ready(): void;
  /** ErrorResponse. The fields by their one-letter names, see the protocol's "Error and Notice Message Fields". */
  error(fields: ReadonlyMap<string, string>): void;
  /** DataRow. */
  row(body: Buffer): void;
  /** What the server asks of a login, or that it is done, with what follows the kind. Throw to refuse. */
  authentication(kind: Authentication, data: Buffer): void;
}

export type Authentication =
  | 'ok'
  | 'clearText'
  | 'md5'
  | 'sasl'
  | 'saslContinue'
  | 'saslFinal'
  | 'unsupported';

/** The bytes are not PostgreSQL's; the message says why. */
export class ProtocolError extends Error {}

export class MessageGuard {
  #events: MessageGuardEvents;
  #rest: Buffer = Buffer.alloc(0);
  #sinceReady = 0;
  #challenges = 0;

  constructor(events: MessageGuardEvents) {
    this.#events = events;
  }

  /** Takes what has arrived. Throws ProtocolError, and what events throw; then nothing more may be pushed. */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at < bytes.length) {
      const type = typeAt(bytes, at);
      if (!known.includes(type)) {
        throw new ProtocolError(`it began a message with ${quote(bytes.subarray(at))}`);
      }
      if (bytes.length - at < headBytes) break;
      const length = bodyBytes(bytes, at);
      if (length < 0 || lengthBytes + length > maxMessageBytes) {
        throw new ProtocolError(`it announced a message of ${lengthBytes + length} bytes`);
      }
      // By messages, not by chunks: how the network cuts an answer decides nothing.
      if (this.#sinceReady + headBytes + length > maxAnswerBytes) {
        throw new ProtocolError('it goes on and on');
      }
      const end = at + headBytes + length;
      if (bytes.length < end) break;
      this.#sinceReady += headBytes + length;
      this.#read(type, bytes.subarray(at + headBytes, end));
      at = end;
    }
    // A copy, so that a small rest does not keep a large chunk alive.
    this.#rest = Buffer.from(bytes.subarray(at));
  }

  #read(type: string, body: Buffer): void {
    if (type === 'R') this.#authenticate(body);
    else if (type === 'Z') {
      this.#sinceReady = 0;
      this.#events.ready();
    } else if (type === 'D') this.#events.row(body);
    else if (type === 'E') this.#events.error(readFields(body));
  }

  /** A login has one challenge. Each costs the main thread a proof, and a server could send thousands. */
  #authenticate(body: Buffer): void {
    if (body.length < 4) throw new ProtocolError('its Authentication message is too short');
    const kind = kinds.get(body.readUInt32BE(0)) ?? 'unsupported';
    if (challenges.includes(kind) && (this.#challenges += 1) > 1) {
      throw new ProtocolError('it asks for the password again and again');
    }
    if (kind === 'md5' && body.length !== 8) throw new ProtocolError('its MD5 salt is not 4 bytes long');
    this.#events.authentication(kind, body.subarray(4));
  }
}

/** Kinds of Authentication messages, as in "Message Formats". */
const kinds: ReadonlyMap<number, Authentication> = new Map([
  [0, 'ok'],
  [3, 'clearText'],
  [5, 'md5'],
  [10, 'sasl'],
  [11, 'saslContinue'],
  [12, 'saslFinal'],
]);

const challenges: readonly Authentication[] = ['clearText', 'md5', 'saslContinue'];

/** Authentication, key, parameters, readiness, results, errors, notices; nothing of COPY, functions or replication. */
const known = 'RKSZ123tTDCnENA';

function quote(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1', 0, 20).replace(/[^\x20-\x7e]/g, '.'));
}
