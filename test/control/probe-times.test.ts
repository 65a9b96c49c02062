import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProbeTimes } from '../../src/control/probe-times.ts';
import { failing, primary, standby, unasked } from '../cluster/scene.ts';

const figures = (times: ProbeTimes): string[] =>
  times.all.map(({ candidate, took, failures }) =>
    `${candidate}: ${took.count} answers, ${failures} failures`
  );

describe('the times of probes', () => {
  test('count each observation once, however often it is seen', () => {
    const times = new ProbeTimes();
    const a = primary('a');
    times.note([a, standby('b')]);
    times.note([a, standby('b')]);
    times.note([a, failing(standby('b'))]);
    assert.deepEqual(figures(times), ['a: 1 answers, 0 failures', 'b: 2 answers, 1 failures']);
  });

  test('count an answer that says the same again', () => {
    const times = new ProbeTimes();
    times.note([primary('a')]);
    times.note([primary('a')]);
    assert.deepEqual(figures(times), ['a: 2 answers, 0 failures']);
  });

  test('count a failure as nothing but a failure, whatever was answered before', () => {
    const times = new ProbeTimes();
    times.note([failing(primary('a'), 2)]);
    assert.deepEqual(figures(times), ['a: 0 answers, 1 failures']);
  });

  test('count an overdue answer beside them', () => {
    const times = new ProbeTimes();
    times.note([primary('a'), standby('b')]);
    times.noteOverdue('a');
    assert.deepEqual(times.all.map(({ overdue }) => overdue), [1, 0]);
  });

  test('know a candidate from the start, with nothing counted', () => {
    const times = new ProbeTimes();
    assert.equal(times.all.length, 0);
    times.note([unasked('a')]);
    assert.deepEqual(figures(times), ['a: 0 answers, 0 failures']);
    assert.equal(times.all[0]?.took.buckets.every(({ count }) => count === 0), true);
  });

  test('forget a candidate that is gone', () => {
    const times = new ProbeTimes();
    times.note([primary('a'), standby('b')]);
    times.note([standby('c')]);
    assert.deepEqual(figures(times), ['c: 1 answers, 0 failures']);
  });

  test('add up in seconds', () => {
    const times = new ProbeTimes();
    times.note([primary('a', 1, { tookMs: 250 })]);
    times.note([primary('a', 1, { tookMs: 1250 })]);
    assert.equal(times.all[0]?.took.sumSeconds, 1.5);
  });

  test('put a time that is exactly a bound into its bucket', () => {
    const times = new ProbeTimes();
    times.note([primary('a', 1, { tookMs: 5 })]);
    const counts = times.all[0]?.took.buckets.map(({ le, count }) => `${le}:${count}`).slice(1, 4);
    assert.deepEqual(counts, ['0.0025:0', '0.005:1', '0.01:1']);
  });
});
