import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduleOf } from '../../../scripts/lib/ha/schedule.ts';

const items = ['a', 'b', 'c', 'd', 'e', 'f'];

test('every round has each fault once', () => {
  const order = scheduleOf(items, 3, 4711);
  for (const round of [0, 1, 2]) assert.deepEqual(order.slice(round * 6, round * 6 + 6).sort(), items);
});

test('the same seed gives the same order, and seeds differ', () => {
  assert.deepEqual(scheduleOf(items, 5, 1), scheduleOf(items, 5, 1));
  const orders = new Set([0, 1, 2, 3, 2_147_483_646].map((seed) => scheduleOf(items, 5, seed).join('')));
  assert.ok(orders.size >= 4);
});
