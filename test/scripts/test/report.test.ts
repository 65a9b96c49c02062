import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJUnit } from '../../../scripts/lib/test/junit.ts';
import { fromJUnit, toJUnit } from '../../../scripts/lib/test/report.ts';

test('what is written as JUnit is read back as it was', () => {
  const outcomes = [
    { name: 'a > b "c" <d> & \'e\'', state: 'passed', detail: '' },
    { name: 'two', state: 'failed', detail: 'bad:\n\t- 1\n\t+ 2' },
    { name: 'three', state: 'skipped', detail: 'no epoll "here"' },
  ] as const;
  const suite = { stage: 'unit-node', file: 'test/a.test.ts', seconds: 1.5, outcomes };
  const step = { stage: 'check', file: 'scripts/check --a "b"', seconds: 20.25, outcomes: [] };
  const xml = toJUnit([suite, step]);
  assert.deepEqual(fromJUnit(xml), [suite, step]);
  assert.deepEqual(readJUnit(xml), outcomes);
  assert.throws(() => fromJUnit('<testsuites/>'), /no suite/);
  assert.match(
    xml,
    /<testsuite name="unit-node test\/a\.test\.ts" tests="3" failures="1" skipped="1" time="1\.500">/,
  );
});

test('colours of a terminal in a message leave the XML well formed', () => {
  const outcomes = [{ name: 'one', state: 'failed', detail: '\u001b[31mred' }] as const;
  const xml = toJUnit([{ stage: 's', file: 'f', seconds: 0, outcomes }]);
  assert.deepEqual(readJUnit(xml).map(({ detail }) => detail), ['\u{fffd}[31mred']);
});
