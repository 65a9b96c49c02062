import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorsIn, judge, longestGap, type Write } from './history.ts';

const taken = (id: number, startMs: number, endMs: number, server: string, timeline: number): Write => ({
  id,
  startMs,
  endMs,
  taken: { server, timeline },
});
const failed = (id: number, startMs: number, endMs: number, error: string): Write => ({
  id,
  startMs,
  endMs,
  error,
});
const ids = (writes: readonly Write[]): number[] => writes.map(({ id }) => id);

test('an acknowledged write that is not in the table is lost; one that failed may be there or not', () => {
  const writes = [
    taken(1, 0, 1, 'a', 1),
    taken(2, 1, 2, 'a', 1),
    failed(3, 2, 3, '57P01'),
    failed(4, 3, 4, '57P01'),
  ];
  assert.deepEqual(ids(judge(writes, new Set([1, 3])).lost), [2]);
  assert.deepEqual(ids(judge(writes, new Set([1, 2, 3])).lost), []);
});

test('a write on an older timeline that began after a newer one was known is a double', () => {
  const writes = [taken(1, 0, 10, 'a', 1), taken(2, 20, 30, 'b', 2), taken(3, 31, 40, 'a', 1)];
  assert.deepEqual(ids(judge(writes, new Set([1, 2, 3])).doubles), [3]);
});

test('a write that was under way while the newer primary began is none', () => {
  const writes = [taken(1, 0, 10, 'a', 1), taken(2, 20, 30, 'b', 2), taken(3, 30, 40, 'a', 1)];
  assert.deepEqual(ids(judge(writes, new Set([1, 2, 3])).doubles), []);
});

test('two servers on one timeline are doubles, a server that is back on its own is not', () => {
  const writes = [
    taken(1, 0, 1, 'a', 1),
    taken(2, 0, 2, 'b', 1),
    taken(3, 0, 3, 'a', 1),
    taken(4, 4, 5, 'a', 2),
  ];
  assert.deepEqual(ids(judge(writes, new Set([1, 2, 3, 4])).doubles), [2]);
});

test('the gap is the longest time without an acknowledgement, also up to the end and from before the start', () => {
  const writes = [
    taken(1, 0, 90, 'a', 1),
    taken(2, 0, 150, 'a', 1),
    failed(3, 0, 170, 'x'),
    taken(4, 0, 200, 'a', 1),
  ];
  assert.equal(longestGap(writes, 100, 210), 60);
  assert.equal(longestGap(writes, 100, 300), 100);
  assert.equal(longestGap([], 100, 300), 200);
});

test('errors are counted by kind within the time asked for', () => {
  const writes = [failed(1, 0, 5, '57P01'), failed(2, 0, 15, '57P01'), failed(3, 0, 16, 'ECONNRESET')];
  assert.deepEqual(errorsIn(writes, 10, 20), { '57P01': 1, ECONNRESET: 1 });
});
