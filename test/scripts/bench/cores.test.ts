import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutLast } from '../../../scripts/lib/bench/cores.ts';

test('the last processor is left to the proxy, unless it is the only one', () => {
  assert.deepEqual(['0-1', '0-2,5-7', '3,4', '0', '2-2'].map(withoutLast), [
    '0',
    '0,1,2,5,6',
    '3',
    undefined,
    undefined,
  ]);
});
