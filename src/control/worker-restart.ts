/** When a worker that died is replaced. Pure. */

/** A worker that lived for so long did not die of what it begins with. */
const settledMs = 1_000;
/** One that dies young would die again and again, and take a processor with it. */
const restMs = 200;

/** How long after a failure to replace a worker that is tried again. */
export const retryMs = 1_000;

/** How long to wait before another takes the place of a worker that lived so long: while there is only one, clients are refused. */
export function restartAfterMs(livedMs: number): number {
  return livedMs >= settledMs ? 0 : restMs;
}
