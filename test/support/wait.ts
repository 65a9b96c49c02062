/**
 * Waits until `condition` holds, looking every few milliseconds, and returns what it returned. After `deadlineMs`
 * it fails with an error that says `what` was awaited; `what` may be a function, to tell the last state.
 */
export async function until<T>(
  condition: () => T,
  what: string | (() => string),
  deadlineMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const result = condition();
    if (result) return result;
    if (performance.now() > deadline) {
      throw new Error(`waited ${deadlineMs} ms for ${typeof what === 'string' ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
