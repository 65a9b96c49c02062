import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HistoryStatus } from '../../../src/admin/history.ts';
import { greatest, latest, seriesOf } from '../../../src/admin/page/series.ts';

function history(timeMs: readonly number[], accepted: readonly number[]): HistoryStatus {
  const zeros = timeMs.map(() => 0);
  const samples = {
    timeMs,
    accepted,
    sessions: timeMs.map((_, index) => index),
    held: zeros,
    upstreamBytes: zeros,
    downstreamBytes: zeros,
    probes: [{ candidate: 'a', ms: timeMs.map(() => null) }],
  };
  return { time: '', everyMs: 5000, samples, interruptions: [] };
}

describe('the series of the charts', () => {
  test('have rates a second, by the time that went by, and none for the first sample', () => {
    const { times, connectsPerSecond } = seriesOf(history([0, 5000, 15_000], [100, 110, 150]));
    assert.deepEqual([times, connectsPerSecond], [[0, 5, 15], [null, 2, 4]]);
  });

  test('have a gap where no sample was taken for long', () => {
    const { times, sessions, probes } = seriesOf(history([0, 5000, 60_000], [0, 0, 0]));
    assert.deepEqual([times, sessions], [[0, 5, 59.999, 60], [0, 1, null, 2]]);
    assert.equal(probes[0]?.ms.length, 4);
  });

  test('know the latest value, which may be unknown, and the greatest', () => {
    assert.deepEqual([latest([1, 4]), latest([1, null]), greatest([1, 4, null]), greatest([])], [
      4,
      null,
      4,
      0,
    ]);
  });
});
