import { openNative } from '../../src/runtime/linux/native.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';

/**
 * The native engine in a thread that has an event loop of its own, as the tests have: its poller gets a turn every
 * millisecond, without waiting.
 */
export function nativeInALoop(): Runtime {
  const runtime = openNative((why) => {
    throw new Error(why);
  });
  setInterval(() => runtime.poller.turn(0), 1).unref();
  return runtime;
}
