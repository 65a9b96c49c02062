import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attacks } from '../../../scripts/lib/attacks/attacks.ts';
import { type Options, readOptions } from '../../../scripts/lib/attacks/options.ts';

const read = (...args: string[]): Options => readOptions(args) as Options;

test('without options: every attack, and once more with limits where the p99 misses its goal', () => {
  const { names, rounds, seconds, hasLimits, hasHaproxy, isShort, isOwnNetwork } = read();
  assert.deepEqual(names, attacks.map(({ name }) => name));
  assert.deepEqual([rounds, seconds], [2, 3]);
  assert.deepEqual([hasLimits, hasHaproxy, isShort, isOwnNetwork], [true, false, false, false]);
});

test('shorter: less of each, and for a test one half second without anything to compare with', () => {
  assert.equal(read('--quick').seconds, 2);
  assert.equal(read('--quick', '--seconds', '5').seconds, 5);
  const { rounds, seconds, isShort, hasLimits } = read('--short');
  assert.deepEqual([rounds, seconds, isShort, hasLimits], [1, 0.5, true, false]);
});

test('a mistake is a sentence that names what there is', () => {
  assert.throws(() => read('--only', 'slowloris'), /there is no "slowloris"; there are slow-loris, connects/);
  assert.throws(() => read('--rate', '0'), /--rate 0 is not a whole number from 1 to 100000/);
  assert.throws(() => read('--attack', 'connects'), /--attack/);
  assert.equal(readOptions(['--only', 'nothing', '--help']), 'help');
});
