import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addedOver,
  median,
  p99Of,
  quantile,
  ratiosOf,
  type Sample,
  spreadOf,
  valuesOf,
} from '../../../scripts/lib/bench/statistics.ts';

const sample = (round: number, target: string, value: number): Sample => ({
  round,
  target,
  metric: 'us',
  value,
});

test('a quantile is one of the values, in whatever order they come', () => {
  const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);
  assert.deepEqual([0.01, 0.5, 0.99, 1].map((share) => quantile(hundred, share)), [1, 50, 99, 100]);
  assert.equal(quantile([7], 0.99), 7);
  assert.equal(quantile([10, 9], 0), 9);
});

test('the median of an even count lies between the middle two, whatever reads it', () => {
  assert.equal(median([4, 1, 2, 10]), 3);
  assert.equal(median([10, 30]), 20);
  assert.equal(median([3, 1, 2]), 2);
  assert.ok(Number.isNaN(median([])));
});

test('a p99 of a few is the longest, and is not called a p99', () => {
  const values = Array.from({ length: 1000 }, (_, at) => at + 1);
  assert.equal(p99Of(values), 990);
  assert.match(String(p99Of(values.slice(0, 50))), /^a p99 of 50 is little more than the longest/);
});

test('a quantile of nothing is no number', () => {
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test('a spread orders by number, and its median of an even count lies in between', () => {
  assert.deepEqual(spreadOf([10, 9, 100]), { min: 9, median: 10, max: 100, count: 3 });
  assert.deepEqual(spreadOf([4, 1, 2, 10]), { min: 1, median: 3, max: 10, count: 4 });
  assert.equal(spreadOf([]), undefined);
});

test('a ratio is taken within a round, so a slow round spoils nothing', () => {
  const samples = [sample(0, 'a', 10), sample(0, 'b', 20), sample(1, 'b', 200), sample(1, 'a', 100)];
  assert.deepEqual(ratiosOf(samples, 'us', 'a', 'b'), [0.5, 0.5]);
});

test('a round that lacks one side, or whose base is not above zero, gives no ratio', () => {
  const samples = [
    sample(0, 'a', 1),
    sample(1, 'a', 3),
    sample(1, 'b', 2),
    sample(2, 'a', 1),
    sample(2, 'b', 0),
  ];
  assert.deepEqual(ratiosOf(samples, 'us', 'a', 'b'), [1.5]);
});

test('what is added is through minus direct, round by round, and nothing for the base itself', () => {
  const samples = [sample(0, 'direct', 20), sample(0, 'a', 35), sample(1, 'direct', 30), sample(1, 'a', 50)];
  const added = addedOver([...samples, sample(2, 'a', 9)], 'us', 'direct', 'added');
  assert.deepEqual(valuesOf(added, 'added', 'a'), [15, 20]);
  assert.deepEqual(valuesOf(added, 'added', 'direct'), []);
});
