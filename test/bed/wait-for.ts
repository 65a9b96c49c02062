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

/**
 * Waits until what is measured has grown and then stays as it is, three looks long: two that are the same also come
 * before anything has begun, or while the machine does something else.
 */
export async function standsStill(
  what: string,
  measure: () => number | Promise<number>,
  { everyMs = 100, deadlineMs = 30_000 }: Waiting = {},
): Promise<number> {
  const looks: number[] = [];
  return await waitFor(`${what} to stand still`, async () => {
    looks.push(await measure());
    const [now = 0, ...earlier] = looks.slice(-3).reverse();
    return now > 0 && earlier.length === 2 && earlier.every((look) => look === now) ? now : undefined;
  }, { everyMs, deadlineMs, evidence: () => `seen: ${looks.slice(-10).join(' ')}` });
}
