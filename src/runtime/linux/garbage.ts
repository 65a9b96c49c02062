/**
 * The garbage of many clients that connect is collected once no more of them come. Bun collects garbage when its event
 * loop is idle, and a thread that blocks in the kernel gives it no turn.
 */
import { now } from '../clock.ts';
import type { Poller } from './poller.ts';

/** Fewer leave too little to be worth the pause of a few milliseconds. */
const manyClients = 500;
const quietMs = 1_000;

export class GarbageCollection {
  readonly #poller: Poller;
  #clients = 0;
  #lastAt = 0;
  #isWaiting = false;

  constructor(poller: Poller) {
    this.#poller = poller;
  }

  /** A client has been accepted. */
  count(): void {
    this.#clients += 1;
    this.#lastAt = now();
    if (this.#clients >= manyClients && !this.#isWaiting) this.#wait();
  }

  #wait(): void {
    this.#isWaiting = true;
    this.#poller.after(quietMs, () => {
      this.#isWaiting = false;
      if (now() - this.#lastAt < quietMs) return this.#wait();
      this.#clients = 0;
      collect();
    });
  }
}

/** Deno has no such call, and V8 looks after itself. */
function collect(): void {
  if ('Bun' in globalThis) Bun.gc(true);
}
