import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../bed/wait-for.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';

/** Event loops count whole milliseconds, and may be this much early. */
const EARLY_MS = 2;

/** Timers and the clock. */
export function clockSuite(runtime: Runtime): void {
  test('timers fire once, in the order of their time, and not early', async () => {
    const fired: string[] = [];
    const start = runtime.now();
    let at = 0;
    runtime.after(80, () => fired.push('second'));
    runtime.after(40, () => {
      fired.push('first');
      at = runtime.now() - start;
    });
    let last = false;
    runtime.after(200, () => last = true);
    await until(() => last, 'the last timer');
    deepEqual(fired, ['first', 'second']);
    ok(at >= 40 - EARLY_MS, `fired after ${at} ms`);
  });

  test('no timer fires inside the call that makes it', async () => {
    let fired = false;
    runtime.after(0, () => fired = true);
    equal(fired, false);
    await until(() => fired, 'the timer');
  });

  test('a cancelled timer never fires, and cancelling again or late does nothing', async () => {
    const fired: string[] = [];
    const cancelled = runtime.after(20, () => fired.push('cancelled'));
    cancelled.cancel();
    cancelled.cancel();
    const done = runtime.after(40, () => fired.push('done'));
    const fromInside = runtime.after(60, () => fired.push('cancelled by another'));
    runtime.after(41, () => fromInside.cancel());
    let last = false;
    runtime.after(150, () => last = true);
    await until(() => last, 'the last timer');
    done.cancel();
    deepEqual(fired, ['done']);
  });

  test('now counts milliseconds and never goes back', async () => {
    const start = runtime.now();
    const wall = Date.now();
    let before = start;
    await until(() => {
      const now = runtime.now();
      ok(now >= before);
      before = now;
      return Date.now() - wall >= 100;
    }, '100 ms');
    ok(runtime.now() - start > 50, 'the unit is the millisecond');
  });
}
