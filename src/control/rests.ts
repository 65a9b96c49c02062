/** Waits that an end cuts short, and that leave no timer behind. */
import { setTimeout as sleep } from 'node:timers/promises';

export class Rests {
  readonly #ended = new AbortController();

  /** Resolves after `ms`, at `end`, or when `enough` is aborted. */
  rest(ms: number, enough?: AbortSignal): Promise<void> {
    const signals = [this.#ended.signal, ...enough ? [enough] : []];
    return sleep(ms, undefined, { signal: AbortSignal.any(signals) }).catch(() => {});
  }

  /** For ever. */
  end(): void {
    this.#ended.abort();
  }
}
