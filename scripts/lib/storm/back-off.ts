/** How long a client that could not connect waits before it tries again, as ordinary pools do. Pure. */

const firstMs = 50;
const mostMs = 1000;

/**
 * `tries`: how many failed since the client was last served; the first one comes at once. Then 50 ms, doubled each time up
 * to a second, less up to half of it by chance (`random`, 0 to 1), so that they do not come in step.
 */
export function backOffMs(tries: number, random: number): number {
  if (tries === 0) return 0;
  return Math.min(mostMs, firstMs * 2 ** (tries - 1)) * (1 - random / 2);
}
