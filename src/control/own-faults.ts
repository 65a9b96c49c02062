/**
 * Exceptions in the control plane's own code: each is counted and logged, and ends what it was for and nothing else. The
 * sessions know nothing of it.
 */
import { Faults } from '../data/faults.ts';
import type { Log } from '../log.ts';

export class OwnFaults {
  /** So far. */
  count = 0;
  readonly #faults: Faults;

  constructor(now: () => number, log: Log) {
    this.#faults = new Faults(now, (fault) => log('fault', { ...fault }));
  }

  /** `where` is one of few. Never throws. */
  readonly note = (where: string, error: unknown): void => {
    this.count += 1;
    this.#faults.note(where, error);
  };

  /** What `fn` throws goes no further. */
  guard(where: string, fn: () => void): void {
    try {
      fn();
    } catch (error) {
      this.note(where, error);
    }
  }
}
