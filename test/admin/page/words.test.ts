import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytes, clock, counted, duration, grouped, rate } from '../../../src/admin/page/words.ts';

describe('figures on the page', () => {
  test('a duration has two units at the most', () => {
    const cases = [0, 340.4, 2_040, 59_999, 60_000, 252_000, 3_660_000, 90_000_000];
    assert.deepEqual(cases.map(duration), [
      '0 ms',
      '340 ms',
      '2.0 s',
      '59 s',
      '1 min',
      '4 min 12 s',
      '1 h 1 min',
      '1 d 1 h',
    ]);
  });

  test('bytes have a unit that fits', () => {
    assert.deepEqual([0, 999, 1000, 1_240_000, 5e13].map(bytes), [
      '0 B',
      '999 B',
      '1.0 kB',
      '1.2 MB',
      '50 TB',
    ]);
  });

  test('counts are grouped, and one is one', () => {
    assert.deepEqual([counted(1, 'session'), counted(12345, 'client')], ['1 session', '12\u202f345 clients']);
    assert.deepEqual([grouped(999), rate(0.25), rate(1234.5)], ['999', '0.3', '1\u202f235']);
  });

  test('a moment has its date unless it is of today', () => {
    const moment = new Date(2026, 2, 4, 5, 6, 7);
    assert.equal(clock(moment, new Date(2026, 2, 4, 23)), '05:06:07');
    assert.equal(clock(moment, new Date(2026, 2, 5)), '2026-03-04 05:06:07');
  });
});
