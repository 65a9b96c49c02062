/** A client in bare bytes: it logs in, writes, asks now and then, and comes back when its session breaks. */
import { connect, type Socket } from 'node:net';
import { bodyBytes, headBytes, readFields, typeAt } from '../../../src/protocol/framing.ts';
import { message, query, startupMessage } from '../bench/protocol.ts';
import { backOffMs } from './back-off.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** The same for all clients. */
export interface Terms {
  /** Tried in order; several are a list of servers, of which only one that is no standby will do. */
  readonly places: readonly Place[];
  /** How long a login, or an answer, may take. */
  readonly patienceMs: number;
  /** From one small question to the next, more or less. */
  readonly askEveryMs: number;
  readonly random: () => number;
  readonly seen: Seen;
}

/** What clients tell of themselves; reasons are those of counts.ts. */
export interface Seen {
  /** A row of client `id` was acknowledged by the server at `port`. */
  served(id: number, port: number): void;
  /** A session that was served ended. */
  broke(reason: string): void;
  /** It could not be had: after the last of the places was tried. */
  notConnected(reason: string): void;
  /** A login was complete, and the first write failed. */
  notWritten(reason: string): void;
}

const startup = startupMessage();
const question = query('select 1');
const goodbye = message('X');
const standbyReport = 'in_hot_standby\0on\0';

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
};

type Phase = 'login' | 'write' | 'rest' | 'ask';

export class Client {
  readonly #id: number;
  readonly #terms: Terms;
  readonly #write: Uint8Array;
  #socket: Socket | undefined;
  #phase: Phase = 'login';
  /** Which of the places is tried, or has the session. */
  #at = 0;
  #tries = 0;
  #isStandby = false;
  #writtenAt = 0;
  #rest: Uint8Array = new Uint8Array(0);
  /** There is one at a time: of patience, of the next question, or of the next try. */
  #timer: NodeJS.Timeout | undefined;

  constructor(id: number, terms: Terms) {
    this.#id = id;
    this.#terms = terms;
    this.#write = query(`insert into storm values (${id}) returning current_setting('port')`);
  }

  /** Begins; it goes on until `end`. */
  connect(): void {
    const { host, port } = this.#terms.places[this.#at]!;
    const socket = connect(port, host);
    this.#socket = socket;
    this.#phase = 'login';
    this.#isStandby = false;
    this.#rest = new Uint8Array(0);
    let why: string | undefined;
    socket.setNoDelay(true);
    socket.on('connect', () => socket.write(startup));
    socket.on('data', (bytes) => this.#socket === socket && this.#read(bytes));
    socket.on('error', ({ code = 'error' }: NodeJS.ErrnoException) => why = reasons[code] ?? code);
    socket.on('close', () => this.#socket === socket && this.#failed(why ?? 'closed'));
    this.#bePatient();
  }

  /** For good. */
  end(): void {
    this.#leave(false);
  }

  #bePatient(): void {
    this.#wait(this.#terms.patienceMs, () => this.#failed('late'));
  }

  #wait(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms);
  }

  #read(bytes: Uint8Array): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const socket = this.#socket;
    let at = 0;
    while (all.length - at >= headBytes) {
      const end = at + headBytes + bodyBytes(all, at);
      if (all.length < end) break;
      this.#take(typeAt(all, at), all.subarray(at + headBytes, end));
      // It was its last word.
      if (this.#socket !== socket) return;
      at = end;
    }
    this.#rest = all.slice(at);
  }

  #take(type: string, body: Uint8Array): void {
    if (type === 'E') return this.#failed(readFields(body).get('C') ?? 'error');
    if (type === 'S') this.#isStandby ||= Buffer.from(body).toString('latin1') === standbyReport;
    // One column: two bytes of their number, four of its length.
    if (type === 'D' && this.#phase === 'write') {
      this.#writtenAt = Number(Buffer.from(body.subarray(6)).toString());
    }
    if (type === 'Z') this.#ready();
  }

  #ready(): void {
    const { places, seen } = this.#terms;
    if (this.#phase === 'login') {
      if (this.#isStandby && places.length > 1) return this.#failed('standby');
      this.#ask('write', this.#write);
      return;
    }
    if (this.#phase === 'write') {
      this.#tries = 0;
      seen.served(this.#id, this.#writtenAt);
    }
    this.#phase = 'rest';
    this.#wait(this.#terms.askEveryMs * (0.5 + this.#terms.random()), () => this.#ask('ask', question));
  }

  #ask(phase: Phase, what: Uint8Array): void {
    this.#phase = phase;
    this.#socket?.write(what);
    this.#bePatient();
  }

  #failed(reason: string): void {
    const { places, random, seen } = this.#terms;
    const phase = this.#phase;
    this.#leave(reason === 'standby');
    if (phase === 'login') {
      this.#at += 1;
      if (this.#at < places.length) return this.connect();
      seen.notConnected(reason);
    } else if (phase === 'write') seen.notWritten(reason);
    else seen.broke(reason);
    this.#at = 0;
    const pauseMs = backOffMs(this.#tries, random());
    this.#tries += 1;
    if (pauseMs === 0) return this.connect();
    this.#wait(pauseMs, () => this.connect());
  }

  #leave(withGoodbye: boolean): void {
    const socket = this.#socket;
    this.#socket = undefined;
    clearTimeout(this.#timer);
    if (withGoodbye) socket?.end(goodbye);
    else socket?.destroy();
  }
}
