/**
 * Reads over the server's messages before postgres.js does, and lets only those through that it can take.
 *
 * postgres.js trusts its server. A length of 2 GB makes it collect 2 GB; an unterminated name in a RowDescription
 * makes it loop for ever; a malformed authentication message is an unhandled rejection, which ends the process;
 * a message of an unknown type is printed to the console. A probe talks to whatever answers on a port, so every
 * such message is turned into one exception here, and no more than one message is ever kept in memory.
 */
import { bodyBytes, headBytes, lengthBytes, readFields, typeAt } from './framing.ts';

/** No message that a probe can cause is longer; most are under 400 bytes. */
export const maxMessageBytes = 64 * 1024;

/** Nor is all that comes between two ReadyForQuery: a flood of small messages would keep this thread busy. */
export const maxAnswerBytes = 256 * 1024;

/**
 * PBKDF2 runs on the main thread, 0.2 to 0.4 s for a million rounds, and nothing is probed meanwhile. PostgreSQL's default is
 * 4096, but the number is whatever the server sends.
 */
export const maxScramRounds = 250_000;

/** What a guard sees on the way through. */
export interface MessageGuardEvents {
  /** ReadyForQuery. */
  ready(): void;
  /** ErrorResponse. The fields by their one-letter names, see the protocol's "Error and Notice Message Fields". */
  error(fields: ReadonlyMap<string, string>): void;
  /** DataRow. */
  row(body: Buffer): void;
  /** The server wants to be logged in to in this way; throw to refuse. */
  authentication(wants: Authentication): void;
}

/** Clear text, MD5 and SCRAM-SHA-256 are those that postgres.js can do; `costly` is SCRAM with too many rounds. */
export type Authentication = 'none' | 'clearText' | 'md5' | 'scram' | 'costly' | 'unsupported';

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

  /** Takes what has arrived and returns the whole messages so far. Throws ProtocolError; then nothing more may be pushed. */
  push(chunk: Buffer): Buffer {
    this.#sinceReady += chunk.length;
    if (this.#sinceReady > maxAnswerBytes) throw new ProtocolError('it goes on and on');
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
      const end = at + headBytes + length;
      if (bytes.length < end) break;
      this.#read(type, bytes.subarray(at + headBytes, end));
      at = end;
    }
    // A copy, so that a small rest does not keep a large chunk alive.
    this.#rest = Buffer.from(bytes.subarray(at));
    return bytes.subarray(0, at);
  }

  #read(type: string, body: Buffer): void {
    if (type === 'R') this.#authenticate(body);
    else if (type === 'Z') {
      this.#sinceReady = 0;
      this.#events.ready();
    } else if (type === 'D') this.#events.row(body);
    else if (type === 'E') this.#events.error(readFields(body));
    else if (type === 'T') checkRowDescription(body);
    else if (type === 'K' && body.length < 8) throw new ProtocolError('its BackendKeyData is too short');
  }

  /** A login has one challenge. Each costs the main thread a proof, and a server could send thousands. */
  #authenticate(body: Buffer): void {
    const wants = readAuthentication(body);
    const isChallenge = [clearText, md5, scramChallenge].includes(body.readUInt32BE(0));
    if (isChallenge && (this.#challenges += 1) > 1) {
      throw new ProtocolError('it asks for the password again and again');
    }
    this.#events.authentication(wants);
  }
}

/** Kinds of Authentication messages, as in "Message Formats". */
const [ok, clearText, md5, scram, scramChallenge, scramFinal] = [0, 3, 5, 10, 11, 12];

/** Authentication, key, parameters, readiness, results, errors, notices; nothing of COPY, functions or replication. */
const known = 'RKSZ12tTDCnENA';

function readAuthentication(body: Buffer): Authentication {
  if (body.length < 4) throw new ProtocolError('its Authentication message is too short');
  switch (body.readUInt32BE(0)) {
    case ok:
    case scramFinal:
      return 'none';
    case clearText:
      return 'clearText';
    case md5:
      if (body.length !== 8) throw new ProtocolError('its MD5 salt is not 4 bytes long');
      return 'md5';
    case scram:
      return body.toString('latin1', 4).split('\0').includes('SCRAM-SHA-256') ? 'scram' : 'unsupported';
    case scramChallenge:
      return scramRounds(body.toString('latin1', 4)) > maxScramRounds ? 'costly' : 'scram';
    default:
      return 'unsupported';
  }
}

function scramRounds(text: string): number {
  const match = /^r=[^,]+,s=[A-Za-z0-9+/]+=*,i=([1-9][0-9]{0,9})(?:,|$)/.exec(text);
  if (!match) throw new ProtocolError('its SCRAM challenge is malformed');
  return Number(match[1]);
}

/** Each column is a terminated name and 18 bytes. */
function checkRowDescription(body: Buffer): void {
  const problem = 'its RowDescription is malformed';
  if (body.length < 2) throw new ProtocolError(problem);
  let at = 2;
  for (let left = body.readUInt16BE(0); left > 0; left -= 1) {
    const end = body.indexOf(0, at);
    if (end < 0 || end + 19 > body.length) throw new ProtocolError(problem);
    at = end + 19;
  }
}

function quote(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1', 0, 20).replace(/[^\x20-\x7e]/g, '.'));
}
