import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from '../../../scripts/lib/compat/options.ts';
import { UsageError } from '../../../scripts/lib/usage.ts';

test('a mistake on the command line is told', () => {
  assert.throws(() => readOptions(['--cells', 'plian']), UsageError);
  assert.throws(() => readOptions(['--versions', '9']), UsageError);
  assert.throws(() => readOptions(['--suites', 'regression']), UsageError);
  assert.throws(() => readOptions(['--suites', 'regress', '--ways', 'ssl']), UsageError);
  assert.throws(() => readOptions(['--colour']), UsageError);
  assert.equal(readOptions(['--help']), 'help');
});

test('suites are run only where they are asked for', () => {
  const suitesOf = (args: readonly string[]) => {
    const options = readOptions(args);
    return options === 'help' ? undefined : options.suites;
  };
  assert.deepEqual(suitesOf([]), []);
  assert.deepEqual(suitesOf(['--suites', 'isolation,regress']), ['regress', 'isolation']);
});
