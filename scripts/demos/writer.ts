/** A client like any application's: it inserts a row through the gateway again and again, and times the gaps. */
import { setTimeout as pause } from 'node:timers/promises';
import postgres from 'postgres';

export const everyMs = 50;

/** Seconds of history in the view. */
export const historyLength = 60;

export interface WriterState {
  readonly writes: number;
  readonly errors: number;
  /** Milliseconds since the last write that succeeded. */
  readonly gapMs: number;
  /** The longest time between two writes that succeeded, the present gap included. */
  readonly longestMs: number;
  /** The port of the server that took the last write. */
  readonly port: number | undefined;
  readonly isFresh: boolean;
  readonly lastError: { readonly text: string; readonly agoMs: number } | undefined;
  /** The longest gap seen in each of the last seconds, oldest first. */
  readonly history: readonly number[];
}

export class Writer {
  /** A connection for every write instead of a kept one. */
  isFresh: boolean;
  readonly #gatewayPort: number;
  #sql: postgres.Sql | undefined;
  #isOver = false;
  #writes = 0;
  #errors = 0;
  #longestMs = 0;
  #lastAt = performance.now();
  #port: number | undefined;
  #lastError: { text: string; at: number } | undefined;
  #history = new Map<number, number>();
  #done: Promise<void> | undefined;

  constructor(gatewayPort: number, isFresh: boolean) {
    this.#gatewayPort = gatewayPort;
    this.isFresh = isFresh;
  }

  start(): void {
    this.#lastAt = performance.now();
    this.#done ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#sql?.end({ timeout: 0 });
    await this.#done;
  }

  forget(): void {
    this.#longestMs = 0;
    this.#errors = 0;
    this.#lastError = undefined;
  }

  get state(): WriterState {
    const now = performance.now();
    const gapMs = now - this.#lastAt;
    this.#remember(gapMs, now);
    const second = Math.floor(now / 1000);
    const history = Array.from(
      { length: historyLength },
      (_, n) => this.#history.get(second - historyLength + 1 + n) ?? 0,
    );
    const last = this.#lastError;
    return {
      writes: this.#writes,
      errors: this.#errors,
      gapMs,
      longestMs: Math.max(this.#longestMs, gapMs),
      port: this.#port,
      isFresh: this.isFresh,
      lastError: last && { text: last.text, agoMs: now - last.at },
      history,
    };
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const began = performance.now();
      await this.#write();
      if (!this.#isOver) await pause(Math.max(0, everyMs - (performance.now() - began)));
    }
  }

  async #write(): Promise<void> {
    const sql = this.#sql ??= this.#connect();
    try {
      const [row] = await sql`insert into demo default values returning inet_server_port() as port`;
      const now = performance.now();
      const gapMs = now - this.#lastAt;
      this.#remember(gapMs, now);
      this.#longestMs = Math.max(this.#longestMs, gapMs);
      this.#lastAt = now;
      this.#port = row?.['port'];
      this.#writes++;
      if (!this.isFresh) return;
    } catch (error) {
      if (this.#isOver) return;
      this.#errors++;
      const { code, message } = error as Error & { code?: string };
      this.#lastError = {
        text: code && !message.includes(code) ? `${code} ${message}` : message,
        at: performance.now(),
      };
    }
    // Also after an error: the driver would otherwise wait before it connects again.
    this.#sql = undefined;
    await sql.end({ timeout: 0 });
  }

  #remember(gapMs: number, now: number): void {
    const second = Math.floor(now / 1000);
    this.#history.set(second, Math.max(this.#history.get(second) ?? 0, gapMs));
    this.#history.delete(second - historyLength - 1);
  }

  #connect(): postgres.Sql {
    return postgres({
      host: '127.0.0.1',
      port: this.#gatewayPort,
      user: 'postgres',
      database: 'postgres',
      ssl: false,
      max: 1,
      fetch_types: false,
      connect_timeout: 30,
      onnotice: () => {},
      connection: { application_name: 'demo writer' },
    });
  }
}
