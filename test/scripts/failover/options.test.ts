import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Options, readOptions, runtimesOf } from '../../../scripts/lib/failover/options.ts';

const read = (...args: string[]): Options => readOptions(args) as Options;

test('without options: everything, as often and as long as the goals want it', () => {
  const { parts, promotions, clients, seconds, minutes, out, seed } = read();
  assert.deepEqual(parts, ['promotions', 'cpu', 'alarms', 'log', 'troubles']);
  assert.deepEqual([promotions, clients, seconds, minutes, out], [50, 10, 60, 10, undefined]);
  assert.ok(Number.isInteger(seed));
});

test('the cost of probing is a matter of each runtime, the rest one of the executable, unless told otherwise', () => {
  assert.deepEqual(runtimesOf('cpu', read()), ['node', 'bun', 'deno', 'executable']);
  assert.deepEqual(runtimesOf('promotions', read()), ['executable']);
  assert.deepEqual(runtimesOf('log', read('--runtime', 'deno,node')), ['node', 'deno']);
});

test('kinds and intervals are those that were asked for, or what the machine and the gateway have by themselves', () => {
  const { kinds, intervals, from } = read();
  assert.deepEqual([kinds, intervals, from], [undefined, [undefined], undefined]);
  assert.deepEqual(read('--kinds', 'silence,kill').kinds, ['kill', 'silence']);
  assert.deepEqual(read('--intervals', '250,100').intervals, [250, 100]);
  assert.deepEqual(read('--from', 'a.json,b.json').from, ['a.json', 'b.json']);
});

test('a mistake is a sentence that names what there is', () => {
  assert.throws(
    () => read('--only', 'logs'),
    /there is no "logs"; there are promotions, cpu, alarms, log, troubles/,
  );
  assert.throws(() => read('--runtime', 'binary'), /there is no "binary"/);
  assert.throws(() => read('--promotions', '0'), /--promotions 0 is not a whole number from 1 to 10000/);
  assert.throws(() => read('--clients', '81'), /from 1 to 80/);
  assert.throws(
    () => read('--kinds', 'cut'),
    /there is no "cut"; there are kill, stop, freeze, silence, alive/,
  );
  assert.throws(() => read('--intervals', '250,5'), /--intervals 5 is not a whole number from 10 to 60000/);
  assert.throws(() => read('--promotion', '5'), /--promotion/);
  assert.equal(readOptions(['--only', 'logs', '--help']), 'help');
});
