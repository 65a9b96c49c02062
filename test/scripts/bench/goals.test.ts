import assert from 'node:assert/strict';
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { metricOf } from '../../../scripts/lib/bench/metrics.ts';
import { allTargets } from '../../../scripts/lib/bench/options.ts';
import { results } from './scene.ts';

const goalOf = (metric: string, against: string | undefined, from = results()) => {
  const goal = from.goals.find((goal) => goal.metric === metric && goal.against === against);
  assert.ok(goal);
  return goal;
};

test('a goal is judged by the ratios of its rounds', () => {
  // Added: 10/20, 20/40, 12/30.
  const { measured, verdict, target } = goalOf('addedUs', 'haproxy');
  assert.deepEqual(measured, { min: 0.4, median: 0.5, max: 0.5, count: 3 });
  assert.deepEqual([verdict, target], ['met', 'binary']);
});

const inRounds = (target: string, metric: string, ...values: number[]) =>
  values.map((value, round) => ({ round, target, metric, value }));

test('more must be more, and less must be less', () => {
  const rates = (...ours: number[]) =>
    goalOf(
      'tps16',
      'haproxy',
      results([...inRounds('binary', 'tps16', ...ours), ...inRounds('haproxy', 'tps16', 100, 100, 100)]),
    ).verdict;
  assert.equal(rates(99, 98, 97), 'missed');
  assert.equal(rates(100, 101, 102), 'met');
  assert.equal(rates(99, 101, 102), 'within noise');
  assert.equal(rates(101, 102), 'not enough rounds');
});

test('a fixed bound judges the figure itself', () => {
  const rest = (...values: number[]) =>
    goalOf('restMiB', undefined, results(inRounds('binary', 'restMiB', ...values))).verdict;
  assert.equal(rest(64, 63, 64), 'met');
  assert.equal(rest(64.5, 64.1, 65), 'missed');
  assert.equal(rest(60), 'not enough rounds');
});

test('what was not measured is neither met nor missed', () => {
  const { measured, verdict } = goalOf('addedUs', 'pgbouncer');
  assert.deepEqual([measured, verdict], [undefined, 'not measured']);
});

test('every goal has a row: what nobody measured says why', () => {
  const whyOf = (metric: string, against: string | undefined, target = 'binary') =>
    results().goals.find((goal) =>
      goal.metric === metric && goal.against === against && goal.target === target
    )
      ?.why ?? 'no row';
  assert.match(whyOf('addedUs', 'original'), /^it is not distributed: --original FOLDER/);
  assert.equal(whyOf('addedUs', 'haproxy', 'bun-portable'), '--targets leaves bun-portable out');
  assert.equal(whyOf('addedUs', 'pgbouncer'), '--targets leaves pgbouncer out');
  assert.equal(whyOf('tps64', 'haproxy'), 'binary: it gave no figure');
  assert.equal(goalOf('addedUs', 'haproxy').why, undefined);
});

test('a goal that could not be measured says whose fault it was, and which', () => {
  const absences = [
    { target: 'binary', metric: 'tps16', why: 'pgbench is not installed' },
    { target: 'haproxy', metric: 'copyOutGbs', why: 'failed: it ended' },
  ];
  const ours = [...inRounds('binary', 'copyOutGbs', 1, 1, 1), ...inRounds('binary', 'copyInGbs', 1)];
  const theirs = [{ round: 2, target: 'haproxy', metric: 'copyInGbs', value: 1 }];
  const from = results([...ours, ...theirs], { absences });
  assert.equal(goalOf('tps16', 'haproxy', from).why, 'binary: pgbench is not installed');
  assert.equal(goalOf('copyOutGbs', 'haproxy', from).why, 'haproxy: failed: it ended');
  assert.equal(goalOf('copyInGbs', 'haproxy', from).why, 'no round measured both');
});

test('what could not be started is not the one to judge, while there is another', () => {
  const all = results().targets;
  const targets = all.map((target) => target.name === 'binary' ? { ...target, absent: 'not built' } : target);
  assert.equal(results([], { targets }).goals[0]?.target, 'binary');
  const other = { ...all[1]!, name: 'bun-native' };
  assert.equal(results([], { targets: [...targets, other] }).goals[0]?.target, 'bun-native');
});

test('a goal that is measured elsewhere names a test or a script that there is', () => {
  const root = join(import.meta.dirname, '../../..');
  for (const { by } of results().elsewhere) {
    for (const place of by) {
      const [, file = '', name] = /^(\S+\.test\.ts): (.*)$/.exec(place) ?? [];
      if (name === undefined) accessSync(join(root, place.split(' ')[0] as string), constants.X_OK);
      else assert.ok(readFileSync(join(root, file), 'utf8').includes(`'${name}'`), place);
    }
  }
});

test('the executable that makes connections ahead is not the one to judge', () => {
  const named = ['binary-ahead', 'bun-native'].map((name) => ({
    name,
    label: '',
    kind: 'ours' as const,
    threads: 1,
    processes: 1,
    absent: undefined,
  }));
  const order = allTargets.filter((target) => named.some(({ name }) => name === target));
  const targets = order.flatMap((target) => named.filter(({ name }) => name === target));
  assert.equal(results([], { targets }).goals[0]?.target, 'bun-native');
});

test('a run without any of ours has no goals', () => {
  const targets = [{
    name: 'direct',
    label: '',
    kind: 'direct',
    threads: undefined,
    processes: undefined,
    absent: undefined,
  }] as const;
  assert.deepEqual(results([], { targets }).goals, []);
});

test('every goal is about a metric that there is', () => {
  for (const { metric } of results().goals) assert.equal(metricOf(metric).key, metric);
});
