/** Waiting for a condition with a deadline: what tests do instead of sleeping. */
import { waitFor, type Waiting } from '../../src/demo/wait-for.ts';

export { waitFor, type Waiting };

/** The short form for what is looked at rather than asked: returns as soon as `condition` holds. */
export function until<T>(
  condition: () => T | false | undefined,
  what: string | (() => string),
  deadlineMs = 10_000,
): Promise<T> {
  const evidence = typeof what === 'string' ? undefined : what;
  return waitFor(evidence ? 'a condition' : what as string, () => condition() || undefined, {
    deadlineMs,
    everyMs: 2,
    ...(evidence ? { evidence } : {}),
  });
}
