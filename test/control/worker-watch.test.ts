import { deepEqual } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WorkerWatch } from '../../src/control/worker-watch.ts';

describe('the watch over workers', () => {
  test('reports one that is silent for three seconds once, and once more when it moves again', () => {
    const watch = new WorkerWatch();
    deepEqual(watch.look([1, 1], 0), []);
    deepEqual(watch.look([2, 1], 2_999), []);
    deepEqual(watch.look([3, 1], 3_000), [{ index: 1, isStuck: true, silentMs: 3_000 }]);
    deepEqual(watch.look([4, 1], 4_000), []);
    deepEqual(watch.states(4_500), [{ silentMs: 500, isStuck: false }, { silentMs: 4_500, isStuck: true }]);
    deepEqual(watch.look([5, 2], 5_000), [{ index: 1, isStuck: false, silentMs: 5_000 }]);
    deepEqual(watch.states(5_000), [{ silentMs: 0, isStuck: false }, { silentMs: 0, isStuck: false }]);
  });

  test('gives all their time anew after a stop of the whole program', () => {
    const watch = new WorkerWatch();
    watch.look([1], 0);
    watch.forgive(60_000);
    deepEqual(watch.look([1], 60_000), []);
    deepEqual(watch.states(60_000), [{ silentMs: 0, isStuck: false }]);
    deepEqual(watch.look([1], 63_000), [{ index: 0, isStuck: true, silentMs: 3_000 }]);
  });
});
