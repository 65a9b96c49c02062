/**
 * Two attempts to connect to one address. The kernel sends a SYN that was lost again after a second, which is longer than
 * connecting may take; a second attempt beside the first asks sooner (docs/decisions/second-attempt.md).
 */
import type { Runtime, Timer } from './runtime.ts';

/** How long the first attempt is alone. Longer than any usual round trip; what RFC 8305 (section 5) waits. */
export const secondAttemptMs = 250;

/** Owns its attempts until one has connected, or all is lost. */
export class Attempts<C> {
  readonly #drop: (attempt: C) => void;
  readonly #timer: Timer;
  #first: C | undefined;
  #second: C | undefined;

  /** `again` makes the second attempt, or returns undefined where there shall be none; `drop` gives one up. */
  constructor(
    clock: Pick<Runtime, 'after'>,
    first: C,
    again: () => C | undefined,
    drop: (attempt: C) => void,
  ) {
    this.#drop = drop;
    this.#first = first;
    this.#timer = clock.after(secondAttemptMs, () => void (this.#second = again()));
  }

  /** This one has connected: it is the caller's now, and the other one is given up. False: it was given up before. */
  won(attempt: C): boolean {
    if (!this.#release(attempt)) return false;
    this.end();
    return true;
  }

  /**
   * This one has failed. True if that is the end of both: a server that refuses one refuses the other. What this machine
   * lacks for the second (`isShortage`) says nothing of the first.
   */
  lost(attempt: C, isShortage: boolean): boolean {
    if (!this.#release(attempt)) return false;
    if (isShortage && this.#first !== undefined) return false;
    this.end();
    return true;
  }

  /** Gives up what is still on its way. */
  end(): void {
    this.#timer.cancel();
    for (const attempt of [this.#first, this.#second]) {
      if (this.#release(attempt)) this.#drop(attempt);
    }
  }

  /** From now on it is not ours; false: it was not. */
  #release(attempt: C | undefined): attempt is C {
    if (attempt === undefined) return false;
    if (attempt === this.#first) this.#first = undefined;
    else if (attempt === this.#second) this.#second = undefined;
    else return false;
    return true;
  }
}
