import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Options, readOptions } from '../../../scripts/lib/scale/options.ts';

const read = (...args: string[]): Options => readOptions(args) as Options;

test('without options: everything, as the goals want it', () => {
  const { parts, idle, busy, rounds, seconds, deaths, hasHaproxy, out, json, command } = read();
  assert.deepEqual(parts, ['idle', 'workers', 'evenness', 'death', 'memory']);
  assert.deepEqual([idle, busy, rounds, seconds, deaths], [9000, 64, 6, 5, 5]);
  assert.deepEqual([hasHaproxy, out, json, command], [false, undefined, undefined, 'scripts/scale']);
});

test('the command is told as it was typed', () => {
  assert.equal(read('--only', 'idle', '--rounds', '8').command, 'scripts/scale --only idle --rounds 8');
});

test('a mistake is a sentence that says what there is', () => {
  assert.throws(
    () => read('--only', 'tps'),
    /there is no "tps"; there are idle, workers, evenness, death, memory/,
  );
  assert.throws(() => read('--rounds', '5'), /--rounds 5 is odd: after half of them/);
  assert.throws(() => read('--idle', '10000'), /--idle 10000 is not a whole number from 100 to 9000/);
  assert.throws(() => read('--idles', '5'), /--idles/);
  assert.equal(readOptions(['--rounds', '5', '--help']), 'help');
});
