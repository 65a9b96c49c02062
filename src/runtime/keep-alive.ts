/**
 * A keep-alive time as the runtimes want it: they cut milliseconds down to whole seconds, and 0 seconds would mean
 * the kernel's two hours.
 */
export function keepAliveMs(ms: number): number {
  return Math.max(1000, ms);
}
