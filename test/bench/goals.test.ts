import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricOf } from '../../scripts/benches/metrics.ts';
import { results } from './scene.ts';

const goalOf = (metric: string, against: string | undefined, from = results()) => {
  const goal = from.goals.find((goal) => goal.metric === metric && goal.against === against);
  assert.ok(goal);
  return goal;
};

test('a goal is judged by the median of the ratios of its rounds', () => {
  // Added: 10/20, 20/40, 12/30.
  const { measured, met, target } = goalOf('addedUs', 'haproxy');
  assert.deepEqual(measured, { min: 0.4, median: 0.5, max: 0.5, count: 3 });
  assert.deepEqual([met, target], [true, 'binary']);
});

test('more must be more, and less must be less', () => {
  const rate = (target: string, value: number) => ({ round: 0, target, metric: 'tps16', value });
  assert.equal(goalOf('tps16', 'haproxy', results([rate('binary', 99), rate('haproxy', 100)])).met, false);
  assert.equal(goalOf('tps16', 'haproxy', results([rate('binary', 100), rate('haproxy', 100)])).met, true);
});

test('a fixed bound judges the figure itself', () => {
  const rest = (value: number) => results([{ round: 0, target: 'binary', metric: 'restMiB', value }]);
  assert.equal(goalOf('restMiB', undefined, rest(64)).met, true);
  assert.equal(goalOf('restMiB', undefined, rest(64.5)).met, false);
});

test('what was not measured is neither met nor missed', () => {
  const { measured, met } = goalOf('addedUs', 'pgbouncer');
  assert.deepEqual([measured, met], [undefined, undefined]);
});

test('goals against the original, and of engines that did not run, are not listed', () => {
  const { goals } = results();
  assert.ok(goals.every(({ against, target }) => against !== 'original' && target === 'binary'));
});

test('a run without any of ours has no goals', () => {
  const targets = [{ name: 'direct', label: '', kind: 'direct' }] as const;
  assert.deepEqual(results([], { targets }).goals, []);
});

test('every goal is about a metric that there is', () => {
  for (const { metric } of results().goals) assert.equal(metricOf(metric).key, metric);
});
