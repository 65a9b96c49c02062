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

/** A worker as it is now. */
export interface WorkerState {
  /** For how long it has not moved. */
  readonly silentMs: number;
  readonly isStuck: boolean;
}

/** For how long the one that is silent for longest has been so. */
export function longestSilenceMs(workers: readonly WorkerState[]): number {
  return Math.max(0, ...workers.map(({ silentMs }) => silentMs));
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

  /** Of each worker. */
  states(now: number): WorkerState[] {
    return this.#beats.map((beat) => ({
      silentMs: beat ? now - beat.at : 0,
      isStuck: beat?.isStuck ?? false,
    }));
  }
}
