/**
 * The garbage of many clients that connect or leave, or of some that leave without reading, is collected once no more of them come. Bun
 * collects garbage when its event loop is idle, and a thread that blocks in the kernel gives it no turn; the main thread
 * leaves some of it for minutes.
 */
import { now } from './clock.ts';

/** Fewer clients leave too little to be worth the pause of a few milliseconds. */
const enough = 500;
/** What the peer of a connection has not read is up to 256 KiB: so many times the garbage of a client. */
const weightOfUnread = 20;
const quietMs = 1_000;

export class GarbageCollection {
  readonly #clock: Clock;
  readonly #collect: () => void;
  /** In clients. */
  #amount = 0;
  #lastAt = 0;
  #isWaiting = false;

  constructor(clock: Clock, collect: () => void = collectOfRuntime) {
    this.#clock = clock;
    this.#collect = collect;
  }

  /** A client has been accepted. */
  accepted(): void {
    this.#add(1);
  }

  /** A connection was closed; `isUnread`: its peer has not read all. */
  closed(isUnread = false): void {
    this.#add(isUnread ? weightOfUnread : 1);
  }

  #add(amount: number): void {
    this.#amount += amount;
    this.#lastAt = now();
    if (this.#amount >= enough && !this.#isWaiting) this.#wait();
  }

  #wait(): void {
    this.#isWaiting = true;
    this.#clock.after(quietMs, () => {
      this.#isWaiting = false;
      if (now() - this.#lastAt < quietMs) return this.#wait();
      this.#amount = 0;
      this.#collect();
    });
  }
}

/** Of the loop of this thread. */
export interface Clock {
  after(ms: number, fn: () => void): unknown;
}

/** Deno has no such call, and V8 looks after itself. */
function collectOfRuntime(): void {
  if ('Bun' in globalThis) Bun.gc(true);
}
