import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import {
  at,
  closeReasons,
  countersOver,
  dialledAt,
  leasedAt,
  newCounters,
  servedAt,
  serverSlots,
  total,
} from '../../src/contract/counters.ts';

test('every counter has an index of its own, and the slab has room for the servers besides', () => {
  const indexes = Object.values(at).sort((a, b) => a - b);
  deepEqual(indexes, indexes.map((_, index) => index));
  equal(servedAt, indexes.length);
  equal(dialledAt, servedAt + serverSlots);
  equal(leasedAt, dialledAt + serverSlots);
  equal(newCounters().length, leasedAt + serverSlots);
});

test('there is a counter for every way in which a session can end', () => {
  equal(new Set(closeReasons).size, closeReasons.length);
  for (const reason of closeReasons) ok(at[reason] >= 0, reason);
});

test('a slab is zero at first, and in memory that threads share', () => {
  const slab = newCounters();
  ok(slab.every((count) => count === 0));
  ok(slab.buffer instanceof SharedArrayBuffer);
});

test('the other side sees what is counted', () => {
  const slab = newCounters();
  const seen = countersOver(slab.buffer);
  slab[at.upstreamBytes]! += 2 ** 53 - 1;
  equal(seen[at.upstreamBytes], 2 ** 53 - 1);
});

test('the total is the sum over all slabs of that one counter', () => {
  const slabs = [newCounters(), newCounters(), newCounters()];
  slabs.forEach((slab, index) => slab[at.active] = index + 1);
  slabs[0]![at.held] = 100;
  equal(total(slabs, 'active'), 6);
  equal(total(slabs, 'held'), 100);
  equal(total(slabs, 'accepted'), 0);
  equal(total([], 'active'), 0);
});
