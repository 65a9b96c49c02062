/** A client like any application's: it inserts a row through the gateway again and again, and times the gaps. */
import { setTimeout as pause } from 'node:timers/promises';
import { Session, type Taken } from './session.ts';

export const everyMs = 50;

/** Seconds of history in the view. */
export const historyLength = 60;

export interface Write extends Taken {
  /** When it was started and when it was answered, by `performance.now()`. */
  readonly startedAt: number;
  readonly endedAt: number;
}

export interface WriterState {
  readonly writes: number;
  /** Writes that failed. */
  readonly errors: number;
  /** Connections that ended under the writer, in the middle of a write or between two. */
  readonly lost: number;
  /** Milliseconds since the last write that succeeded. */
  readonly gapMs: number;
  /** The longest time between two writes that succeeded, the present gap included. */
  readonly longestMs: number;
  /** The last write that succeeded. */
  readonly last: Write | undefined;
  readonly isFresh: boolean;
  readonly lastError: { readonly text: string; readonly agoMs: number } | undefined;
  /** The longest gap seen in each of the last seconds, oldest first. */
  readonly history: readonly number[];
}

export interface WriterOptions {
  /** Where the gateway listens. */
  readonly port: number;
  /** A connection for every write instead of a kept one. */
  readonly isFresh: boolean;
  /** How long one write may take, connecting included: longer than the gateway may hold a client. */
  readonly deadlineMs: number;
  readonly everyMs?: number;
}

export class Writer {
  isFresh: boolean;
  readonly #options: WriterOptions;
  readonly #everyMs: number;
  #session: Session | undefined;
  #isOver = false;
  #writes = 0;
  #errors = 0;
  #lost = 0;
  #longestMs = 0;
  #lastAt = performance.now();
  #last: Write | undefined;
  #lastError: { text: string; at: number } | undefined;
  #history = new Map<number, number>();
  #done: Promise<void> | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#everyMs = options.everyMs ?? everyMs;
    this.isFresh = options.isFresh;
  }

  start(): void {
    this.#lastAt = performance.now();
    this.#done ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    this.#session?.end();
    await this.#done;
  }

  forget(): void {
    this.#longestMs = 0;
    this.#errors = 0;
    this.#lost = 0;
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
      lost: this.#lost,
      gapMs,
      longestMs: Math.max(this.#longestMs, gapMs),
      last: this.#last,
      isFresh: this.isFresh,
      lastError: last && { text: last.text, agoMs: now - last.at },
      history,
    };
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const began = performance.now();
      await this.#write();
      if (!this.#isOver) await pause(Math.max(0, this.#everyMs - (performance.now() - began)));
    }
  }

  async #write(): Promise<void> {
    const session = this.#session ??= this.#open();
    const startedAt = performance.now();
    try {
      this.#succeeded(await session.write(), startedAt);
      if (this.isFresh) this.#leave(session);
    } catch (error) {
      this.#leave(session);
      if (!this.#isOver) this.#failed(error as Error);
    }
  }

  #open(): Session {
    const { port, deadlineMs } = this.#options;
    return new Session({
      port,
      deadlineMs,
      onLost: (session) => {
        this.#lost++;
        this.#leave(session);
      },
    });
  }

  /** The next write makes a session of its own. */
  #leave(session: Session): void {
    session.end();
    if (this.#session === session) this.#session = undefined;
  }

  #succeeded(taken: Taken, startedAt: number): void {
    const endedAt = performance.now();
    const gapMs = endedAt - this.#lastAt;
    this.#remember(gapMs, endedAt);
    this.#longestMs = Math.max(this.#longestMs, gapMs);
    this.#lastAt = endedAt;
    this.#last = { ...taken, startedAt, endedAt };
    this.#writes++;
  }

  #failed({ code, message }: Error & { readonly code?: string }): void {
    this.#errors++;
    const text = code && !message.includes(code) ? `${code} ${message}` : message;
    this.#lastError = { text, at: performance.now() };
  }

  #remember(gapMs: number, now: number): void {
    const second = Math.floor(now / 1000);
    this.#history.set(second, Math.max(this.#history.get(second) ?? 0, gapMs));
    this.#history.delete(second - historyLength - 1);
  }
}
