import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { restartAfterMs } from '../../src/control/worker-restart.ts';

test('a worker is replaced at once, but after a pause where it died young', () => {
  deepEqual([0, 999, 1_000, 86_400_000].map(restartAfterMs), [200, 200, 0, 0]);
});
