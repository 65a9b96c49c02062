import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Options, readOptions } from '../../../scripts/lib/soak/options.ts';

const read = (...args: string[]): Options => readOptions(args) as Options;

test('without options: an hour, a failover every half minute, and nothing is written', () => {
  const { minutes, everySeconds, loadPercent, idle, seed, out, json, page, from } = read();
  assert.deepEqual([minutes, everySeconds, loadPercent, idle], [60, 30, 100, 200]);
  assert.deepEqual([out, json, page, from], [undefined, undefined, false, undefined]);
  assert.ok(Number.isInteger(seed));
});

test('a mistake is a sentence that says what may be', () => {
  assert.throws(() => read('--minutes', '0'), /--minutes 0 is not a whole number from 1 to 1440/);
  assert.throws(() => read('--every', '1'), /--every 1 is not a whole number from 5 to 3600/);
  assert.throws(() => read('--hours', '1'), /--hours/);
  assert.equal(readOptions(['--minutes', 'x', '--help']), 'help');
});
