/**
 * Notices that this program did not run for a while: stopped by a signal, on a machine that was paused, or out of processor
 * time; not that a Linux machine slept, because the clock stands still then, too. After that every timer is due at once, and
 * what was on its way is of before: deadlines that have passed say nothing of a server, and neither does an answer that waited
 * in the kernel.
 */

/** How often it looks if nothing else does. */
export const lookEveryMs = 1000;

/** How late the next look may be. A busy machine is late by a fraction of it. */
const lateMs = 1000;

export class LoopWatch {
  #lookedAt: number;

  constructor(now: number) {
    this.#lookedAt = now;
  }

  /** For how long it did not run, in milliseconds; 0: it ran. */
  look(now: number): number {
    const ms = now - this.#lookedAt;
    this.#lookedAt = now;
    return ms > lookEveryMs + lateMs ? Math.round(ms) : 0;
  }
}
