import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tally } from '../../../scripts/lib/test/tally.ts';

test('the last line counts what passed, failed, and was skipped', () => {
  const tally = new Tally();
  assert.equal(tally.summary().split('\n').at(-1), '0 passed, 0 failed');
  tally.add('unit-node', 'a.test.ts', [{ name: 'one', state: 'passed', detail: '' }]);
  assert.equal(tally.summary().split('\n').at(-1), '1 passed, 0 failed');
  assert.equal(tally.hasFailed, false);
  tally.add('unit-bun', 'a.test.ts', [
    { name: 'two', state: 'failed', detail: 'bad\nworse' },
    { name: 'three', state: 'skipped', detail: 'no epoll' },
  ]);
  assert.equal(tally.summary().split('\n').at(-1), '1 passed, 1 failed, 1 skipped');
  assert.equal(tally.hasFailed, true);
  assert.equal(tally.line('unit-node'), '1 passed, 0 failed');
});

test('what failed or was skipped is named, with the first line of why', () => {
  const tally = new Tally();
  tally.add('unit-bun', 'a.test.ts', [
    { name: 'two', state: 'failed', detail: 'bad\nworse' },
    { name: 'three', state: 'skipped', detail: 'no epoll' },
  ]);
  const summary = tally.summary();
  assert.match(summary, /^Skipped:\n {2}unit-bun a\.test\.ts: three: no epoll$/m);
  assert.match(summary, /^Failed:\n {2}unit-bun a\.test\.ts: two: bad$/m);
});

test('a skip without a reason has the reason that Node told for the same test', () => {
  const tally = new Tally();
  tally.add('unit-deno', 'a.test.ts', [{ name: 'three', state: 'skipped', detail: '' }]);
  assert.match(tally.summary(), /three: this runner does not tell the reason/);
  tally.add('unit-node', 'a.test.ts', [{ name: 'three', state: 'skipped', detail: 'no epoll' }]);
  assert.match(tally.summary(), /unit-deno a\.test\.ts: three: no epoll/);
});
