import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Facts } from '../../../scripts/lib/soak/facts.ts';
import { clock, growthOf, interrupted, slopeOf, verdictOf } from '../../../scripts/lib/soak/verdict.ts';
import { failover, good, sample } from './scene.ts';

const failed = (facts: Partial<Facts>) => verdictOf({ ...good, ...facts }).filter(({ isMet }) => !isMet);
const trouble = (second: number, code: string) => ({ second, kind: 'visits', code, message: code });

test('a run without a fault is as it should be', () => {
  assert.deepEqual(failed({}), []);
});

describe('what is not as it should be, and when', () => {
  const cases: readonly [string, Partial<Facts>, RegExp][] = [
    ['a write that is gone', { lost: [4711] }, /row 4711/],
    ['a write that an old primary took', { doubles: [12] }, /row 12/],
    [
      'a client that did not come back',
      { failovers: [{ ...failover, missing: ['cursors'] }] },
      /00:30 kill: cursors/,
    ],
    [
      'a lost connection long after the failover',
      { troubles: [trouble(61, 'ECONNRESET')] },
      /01:01 visits: ECONNRESET/,
    ],
    ['one before it', { troubles: [trouble(29, '57P01')] }, /00:29 visits: 57P01/],
    ['a port that takes nobody, in a failover', { troubles: [trouble(31, 'ECONNREFUSED')] }, /ECONNREFUSED/],
    ['a write to a standby, in a failover', { troubles: [trouble(31, '25006')] }, /25006/],
    ['wrong data', { troubles: [trouble(31, 'WRONG_DATA')] }, /WRONG_DATA/],
    ['a worker that died', { logLines: { worker_died: 1 } }, /worker_died, 1 times/],
    ['a run that broke off', { cutShort: 'waited 90 s for a write' }, /waited 90 s/],
  ];
  for (const [what, facts, said] of cases) {
    test(what, () => {
      const checks = failed(facts);
      assert.equal(checks.length, 1);
      assert.match(checks[0]!.findings.join(), said);
    });
  }

  test('descriptors that stay open', () => {
    const [check] = failed({ after: { ...good.before, descriptors: 22 } });
    assert.equal(check?.measured, '21 before, 22 after');
  });

  test('a gateway that has ended', () => {
    const checks = failed({ after: undefined, exitCode: null, cutShort: 'the gateway has ended' });
    assert.deepEqual(checks.map(({ what }) => what), ['descriptors at rest', 'the run']);
  });

  test('a log that grows by itself', () => {
    assert.equal(failed({ logLines: { verdict: 500 } }).length, 1);
  });

  test('memory that grows all the time', () => {
    const bytes = 2 ** 20;
    const samples = Array.from({ length: 3600 }, (_, second) => sample(second, (90 + second / 60) * bytes));
    const [check] = failed({ samples, seconds: 3600 });
    assert.match(check?.measured ?? '', /^60\.0 MiB an hour, 48\.0 MiB in 48\.0 min/);
  });
});

test('a run that a person has ended is judged by what there is', () => {
  assert.deepEqual(failed({ cutShort: interrupted }), []);
});

test('what a program takes in the beginning is no growth', () => {
  const samples = Array.from(
    { length: 100 },
    (_, second) => sample(second, second < 20 ? second * 1e6 : 20e6),
  );
  assert.equal(growthOf(samples), 0);
});

test('a slope is that of the line with the least squares', () => {
  assert.equal(slopeOf([[0, 1], [1, 3], [2, 5]]), 2);
  assert.equal(slopeOf([[0, 0], [1, 1], [2, 0]]), 0);
  assert.equal(slopeOf([[3, 3]]), 0);
});

test('times are read as a clock', () => {
  assert.deepEqual([0, 61.9, 3600, 86_399].map(clock), ['00:00', '01:01', '01:00:00', '23:59:59']);
});
