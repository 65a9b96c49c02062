import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idleGives, restGives } from '../../../scripts/lib/bench/idle.ts';
import { metrics } from '../../../scripts/lib/bench/metrics.ts';
import { Recorder } from '../../../scripts/lib/bench/recorder.ts';
import { steps } from '../../../scripts/lib/bench/steps.ts';

const work = { what: 'COPY', gives: ['out', 'cpu'] };

test('a step that fails leaves its reason for each of its figures, and is told once', async () => {
  const recorder = new Recorder([]);
  for (const round of [0, 1]) {
    await recorder.measure(round, 'haproxy', work, () => Promise.reject(new Error('it ended')));
  }
  assert.deepEqual(recorder.absences, [
    { target: 'haproxy', metric: 'out', why: 'failed: it ended' },
    { target: 'haproxy', metric: 'cpu', why: 'failed: it ended' },
  ]);
  assert.deepEqual([recorder.samples, recorder.skipped], [[], ['COPY, haproxy: it ended']]);
});

test('words in place of a figure say why there is none', async () => {
  const recorder = new Recorder([]);
  await recorder.measure(2, 'direct', work, () => Promise.resolve({ out: 1.5, cpu: 'there is no proxy' }));
  assert.deepEqual(recorder.samples, [{ round: 2, target: 'direct', metric: 'out', value: 1.5 }]);
  assert.deepEqual(recorder.absences, [{ target: 'direct', metric: 'cpu', why: 'there is no proxy' }]);
});

test('every metric is given by one piece of work, which can say why not', () => {
  const given = [...steps.flatMap(({ gives }) => gives), ...restGives, ...idleGives];
  // The added round trip follows from two others.
  assert.deepEqual([...given, 'addedUs'].toSorted(), metrics.map(({ key }) => key).toSorted());
});
