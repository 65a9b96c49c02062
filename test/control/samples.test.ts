import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, newCounters, servedAt } from '../../src/contract/counters.ts';
import { ProbeTimes } from '../../src/control/probe-times.ts';
import { sampleCount, sampleMs, Samples } from '../../src/control/samples.ts';
import { answer, failing, primary } from '../cluster/scene.ts';
import { withAnswer } from '../../src/cluster/observation.ts';

const start = 1_700_000_000_000;

function recorder() {
  const counters = newCounters();
  const probes = new ProbeTimes();
  const samples = new Samples([counters, newCounters()], probes);
  const note = (ms: number) => samples.note(1000 + ms, new Date(start + ms));
  return { counters, probes, samples, note };
}

describe('the samples of the last minutes', () => {
  test('are taken every five seconds, however often it is called', () => {
    const { samples, note } = recorder();
    for (let ms = 0; ms < 3 * sampleMs; ms += 250) note(ms);
    assert.deepEqual(samples.lists.timeMs, [start, start + sampleMs, start + 2 * sampleMs]);
  });

  test('have the sessions of all servers, and what was counted since the start', () => {
    const { counters, samples, note } = recorder();
    counters[servedAt] = 3;
    counters[servedAt + 5] = 4;
    counters[at.accepted] = 11;
    counters[at.upstreamBytes] = 200;
    counters[at.downstreamBytes] = 300;
    note(0);
    const { sessions, accepted, upstreamBytes, downstreamBytes } = samples.lists;
    assert.deepEqual([sessions, accepted, upstreamBytes, downstreamBytes], [[7], [11], [200], [300]]);
  });

  test('remember the most that waited in between, and forget it after', () => {
    const { counters, samples, note } = recorder();
    note(0);
    for (const [ms, held] of [[1000, 2], [1100, 9], [1200, 0], [sampleMs, 0], [2 * sampleMs, 0]] as const) {
      counters[at.held] = held;
      note(ms);
    }
    assert.deepEqual(samples.lists.held, [0, 9, 0]);
  });

  test('have the mean of the probes of each candidate, and null where none was answered', () => {
    const { probes, samples, note } = recorder();
    const a = (tookMs: number) => withAnswer(primary('a'), answer('a', { tookMs }));
    probes.note([a(2)]);
    probes.note([a(4)]);
    note(0);
    probes.note([failing(a(1))]);
    note(sampleMs);
    assert.deepEqual(samples.lists.probes, [{ candidate: 'a', ms: [3, null] }]);
  });

  test('forget a candidate that is gone, and begin with nulls where one comes', () => {
    const { probes, samples, note } = recorder();
    probes.note([primary('a')]);
    note(0);
    probes.note([primary('b')]);
    probes.note([primary('b', 1, { tookMs: 3 })]);
    note(sampleMs);
    assert.deepEqual(samples.lists.probes, [{ candidate: 'b', ms: [null, 2] }]);
  });

  test('are as many as fit, of the latest', () => {
    const { samples, note } = recorder();
    for (let count = 0; count < sampleCount + 7; count++) note(count * sampleMs);
    const { timeMs, sessions } = samples.lists;
    assert.deepEqual([timeMs.length, sessions.length], [sampleCount, sampleCount]);
    assert.deepEqual([timeMs[0], timeMs.at(-1)], [
      start + 7 * sampleMs,
      start + (sampleCount + 6) * sampleMs,
    ]);
  });
});
