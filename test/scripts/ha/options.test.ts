import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Options, readOptions } from '../../../scripts/lib/ha/options.ts';
import { faultNames } from '../../bed/ha/faults.ts';

const read = (...args: string[]): Options => readOptions(args) as Options;

test('without options: every manager, every fault, once, with a seed of its own', () => {
  const { managers, faults, rounds, seed, hasHaproxy, mayInstall, runtime, out } = read();
  assert.deepEqual(managers, ['patroni', 'pg_auto_failover', 'repmgr', 'stolon']);
  assert.deepEqual(faults, faultNames);
  assert.deepEqual([rounds, hasHaproxy, mayInstall, runtime, out], [1, true, true, 'bun', undefined]);
  assert.ok(Number.isInteger(seed));
});

test('lists pick by name', () => {
  const { managers, faults, seed } = read('--manager', 'repmgr', '--faults', 'freeze, kill', '--seed', '7');
  assert.deepEqual([managers, faults, seed], [['repmgr'], ['kill', 'freeze'], 7]);
});

test('a mistake is a sentence that names what there is', () => {
  assert.throws(() => read('--manager', 'pgpool'), /there is no "pgpool"; there are patroni, /);
  assert.throws(() => read('--faults', 'fire'), /there is no "fire"/);
  assert.throws(() => read('--rounds', '0'), /--rounds 0 is not a whole number from 1 to 1000/);
  assert.throws(() => read('--clients', '50'), /from 1 to 40/);
  assert.throws(() => read('--runtime', 'perl'), /there is no "perl"/);
  assert.throws(() => read('--fualts', 'kill'), /--fualts/);
  assert.equal(readOptions(['--help']), 'help');
});
