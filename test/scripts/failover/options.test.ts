import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Options, readOptions, runtimesOf } from '../../../scripts/lib/failover/options.ts';

const read = (...args: string[]): Options => readOptions(args) as Options;

test('without options: everything, as often and as long as the goals want it', () => {
  const { parts, promotions, clients, seconds, minutes, out, seed } = read();
  assert.deepEqual(parts, ['promotions', 'cpu', 'log', 'troubles']);
  assert.deepEqual([promotions, clients, seconds, minutes, out], [50, 10, 60, 10, undefined]);
  assert.ok(Number.isInteger(seed));
});

test('the cost of probing is a matter of each runtime, the rest one of the executable, unless told otherwise', () => {
  assert.deepEqual(runtimesOf('cpu', read()), ['node', 'bun', 'deno', 'executable']);
  assert.deepEqual(runtimesOf('promotions', read()), ['executable']);
  assert.deepEqual(runtimesOf('log', read('--runtime', 'deno,node')), ['node', 'deno']);
});

test('a mistake is a sentence that names what there is', () => {
  assert.throws(() => read('--only', 'logs'), /there is no "logs"; there are promotions, cpu, log, troubles/);
  assert.throws(() => read('--runtime', 'binary'), /there is no "binary"/);
  assert.throws(() => read('--promotions', '0'), /--promotions 0 is not a whole number from 1 to 10000/);
  assert.throws(() => read('--clients', '81'), /from 1 to 80/);
  assert.throws(() => read('--promotion', '5'), /--promotion/);
  assert.equal(readOptions(['--only', 'logs', '--help']), 'help');
});
