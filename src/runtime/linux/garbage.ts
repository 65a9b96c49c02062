/**
 * What a crowd of clients leaves behind when it connects is given back once it has become calm. Bun collects garbage
 * when its event loop is idle, and a thread that blocks in the kernel gives it no turn.
 */
import { now } from '../clock.ts';
import type { Poller } from './poller.ts';

/** Fewer leave too little to be worth the pause of a few milliseconds. */
const crowd = 500;
const calmMs = 1_000;

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
    if (this.#clients >= crowd && !this.#isWaiting) this.#wait();
  }

  #wait(): void {
    this.#isWaiting = true;
    this.#poller.after(calmMs, () => {
      this.#isWaiting = false;
      if (now() - this.#lastAt < calmMs) return this.#wait();
      this.#clients = 0;
      collect();
    });
  }
}

/** Deno has no such call, and V8 looks after itself. */
function collect(): void {
  if ('Bun' in globalThis) Bun.gc(true);
}
