/** One session of the writer. However its connection ends, its owner hears of it, and nothing is left waiting. */
import { connect, type Socket } from 'node:net';
import postgres from 'postgres';
import { timelineOfPrimary } from './watch.ts';

export interface SessionOptions {
  /** On 127.0.0.1. */
  readonly port: number;
  /** How long one write may take, connecting included. */
  readonly deadlineMs: number;
  /** The connection ended after the first write, and it was not we who ended it. */
  readonly onLost: (session: Session) => void;
}

/** Who took a row. */
export interface Taken {
  readonly port: number;
  readonly timeline: number;
}

/** A connection that was asked to end is destroyed after this time, whatever the driver makes of it. */
const farewellMs = 1000;

/**
 * The driver alone is not enough. Under Bun 1.4.5 half a millisecond lies between the events `error` and `close` of a
 * socket that is reset; under Node nothing does. To a query that is started in between postgres.js 3.4.9 never gives an
 * answer: its `error` came too early for that query, and its `closed(hadError)` takes it that `error` has rejected whatever
 * there was (src/connection.js). It also dials again without a word when a connection closes before the login. So the socket
 * is ours: its `error` or `close` ends the session, a write has a deadline, and no session is used after either.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #sql: postgres.Sql;
  readonly #end: Promise<never>;
  #fail!: (why: Error) => void;
  #socket: Socket | undefined;
  #isOver = false;
  #hasWritten = false;

  /** Connects at the first write. */
  constructor(options: SessionOptions) {
    this.#options = options;
    this.#end = new Promise((_, reject) => this.#fail = reject);
    // Often nobody waits for it.
    this.#end.catch(() => {});
    this.#sql = postgres({
      // Not in its types: whatever this gives is taken as connected.
      ...{ socket: () => this.#dial() },
      user: 'postgres',
      database: 'postgres',
      ssl: false,
      max: 1,
      fetch_types: false,
      // The deadline is ours.
      connect_timeout: 0,
      max_lifetime: null,
      onnotice: () => {},
      connection: { application_name: 'demo writer' },
    });
  }

  /** Inserts a row. Rejects when that failed or took too long; then the session is of no more use. */
  async write(): Promise<Taken> {
    const { deadlineMs } = this.#options;
    const timer = setTimeout(() => this.#finish(new Error(`no answer in ${deadlineMs} ms`)), deadlineMs);
    try {
      const rows = this.#sql.unsafe<[Taken]>(insert);
      const [taken] = await Promise.race([rows, this.#end]);
      this.#hasWritten = true;
      return taken;
    } catch (error) {
      // Its last words, before the connection closes.
      if ((error as { readonly severity?: string }).severity === 'FATAL') this.#lose(error as Error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it in an orderly way, now or soon; a write that waits is rejected at once. */
  end(): void {
    this.#finish(new Error('the session was ended'));
  }

  /** The connection has ended, or is about to, and it was not we who ended it. */
  #lose(why: Error): void {
    if (this.#isOver) return;
    this.#finish(why);
    if (this.#hasWritten) this.#options.onLost(this);
  }

  #finish(why: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#fail(why);
    // Never awaited: it waits for a `close` that may have been before.
    this.#sql.end({ timeout: 0 }).catch(() => {});
    setTimeout(() => this.#socket?.destroy(), farewellMs);
  }

  #dial(): Promise<Socket> {
    if (this.#isOver) return Promise.reject(new Error('the session is over'));
    const socket = connect({ host: '127.0.0.1', port: this.#options.port, noDelay: true });
    this.#socket = socket;
    socket.on('error', (error) => this.#lose(error));
    socket.on('close', () => this.#lose(new Error('the connection was closed')));
    return new Promise((resolve, reject) => {
      socket.once('connect', () => resolve(socket));
      socket.once('error', reject);
    });
  }
}

/** A row, and who took it: after a promotion without fencing the old primary is one, too, on the older timeline. */
const insert = `insert into demo default values
  returning inet_server_port() as port, ${timelineOfPrimary} as timeline`;
