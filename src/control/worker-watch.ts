/**
 * Notices a worker whose loop does not turn, by a count in shared memory that the loop moves on. Its sessions hang, new
 * clients in its queue wait, and it obeys no command. Takes counts and a time; has no clock.
 */

/** A worker that is silent for so long is reported. A busy machine delays a beat by a fraction of it. */
export const stuckMs = 3_000;

/** What has changed about a worker. */
export interface WorkerChange {
  readonly index: number;
  readonly isStuck: boolean;
  readonly silentMs: number;
}

interface Beat {
  count: number;
  at: number;
  isStuck: boolean;
}

export class WorkerWatch {
  readonly #beats: (Beat | undefined)[] = [];

  /** `counts` are the beats of each worker, ever. */
  look(counts: readonly number[], now: number): WorkerChange[] {
    return counts.flatMap((count, index): WorkerChange[] => {
      const last = this.#beats[index];
      if (last !== undefined && last.count === count) {
        if (last.isStuck || now - last.at < stuckMs) return [];
        last.isStuck = true;
        return [{ index, isStuck: true, silentMs: Math.round(now - last.at) }];
      }
      this.#beats[index] = { count, at: now, isStuck: false };
      return last?.isStuck ? [{ index, isStuck: false, silentMs: Math.round(now - last.at) }] : [];
    });
  }

  /** This program did not run until `now`, and neither did its workers: all get their time anew. */
  forgive(now: number): void {
    for (const beat of this.#beats) if (beat) beat.at = now;
  }

  /** How long the worker that is silent for longest has been so. */
  longestSilenceMs(now: number): number {
    return Math.max(0, ...this.#beats.map((beat) => beat ? now - beat.at : 0));
  }
}
