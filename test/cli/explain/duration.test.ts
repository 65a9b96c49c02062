import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../../src/cli/explain/duration.ts';

const lengths: readonly [number, string][] = [
  [0, '0 ms'],
  [80.4, '80 ms'],
  [1000, '1 s'],
  [4_250, '4.2 s'],
  [59_999, '59.9 s'],
  [60_000, '1 min'],
  [192_000, '3 min 12 s'],
  [3_600_000, '1 h'],
  [18_180_000, '5 h 3 min'],
  [86_400_000, '1 d'],
  [100 * 86_400_000 + 3_600_000 + 999, '100 d 1 h'],
];

for (const [ms, text] of lengths) {
  test(`${ms} ms are ${text}`, () => assert.equal(duration(ms), text));
}
