import type { Timer } from './runtime.ts';

/** `Runtime.now`, the same on every event loop: monotonic milliseconds. */
export function now(): number {
  return performance.now();
}

/** `Runtime.after` on a runtime's own event loop. `ms` over 24.8 days would fire at once: nothing here is that long. */
export function after(ms: number, fn: () => void): Timer {
  const handle = setTimeout(fn, ms);
  return { cancel: () => clearTimeout(handle) };
}
