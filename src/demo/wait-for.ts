/** Waiting for a condition with a deadline, instead of sleeping. */
import { setTimeout as pause } from 'node:timers/promises';

export interface Waiting {
  /** When to give up, in milliseconds. Generous by default: a loaded machine is no failure. */
  readonly deadlineMs?: number;
  /** The pause between two looks, in milliseconds. */
  readonly everyMs?: number;
  /** Adds to the error what would help to understand it, such as the end of a log. */
  readonly evidence?: () => string;
}

/**
 * Looks until `probe` gives something other than undefined or false, and returns that. `what` completes
 * "waited N s for ...". A probe that throws has not succeeded yet; its last error ends up in ours.
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | false | undefined | Promise<T | false | undefined>,
  { deadlineMs = 30_000, everyMs = 10, evidence }: Waiting = {},
): Promise<T> {
  const giveUpAt = performance.now() + deadlineMs;
  let last: unknown;
  while (true) {
    try {
      const result = await probe();
      if (result !== undefined && result !== false) return result;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= giveUpAt) break;
    await pause(everyMs);
  }
  const why = last === undefined ? '' : `; the last try said: ${last instanceof Error ? last.message : last}`;
  const more = evidence ? `\n${evidence()}` : '';
  throw new Error(`waited ${deadlineMs / 1000} s for ${what}${why}${more}`, { cause: last });
}
