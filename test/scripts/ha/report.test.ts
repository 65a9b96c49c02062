import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isClean, type Report, rowsOf, type Run } from '../../../scripts/lib/ha/report.ts';
import { tableOf } from '../../../scripts/lib/ha/table.ts';
import type { Outcome } from '../../bed/ha/experiment.ts';
import type { Write } from '../../bed/ha/history.ts';

const write = (endMs: number): Write => ({
  id: endMs,
  startMs: endMs - 1,
  endMs,
  taken: { server: 'a', timeline: 1 },
});

function outcome(more: Partial<Outcome>): Outcome {
  return {
    fault: 'kill',
    side: 'gateway',
    fromMs: 0,
    toMs: 100,
    gapMs: 10,
    afterPromotionMs: undefined,
    errors: {},
    hung: 0,
    ...more,
  };
}

const nothing = { lost: [], doubles: [], acknowledged: 5 };

function run(more: Partial<Run>): Run {
  return { manager: 'patroni', outcomes: [], verdicts: { gateway: nothing }, trouble: undefined, ...more };
}

function report(runs: readonly Run[], skipped: readonly string[] = []): Report {
  const machine = { cores: 2, cpu: '', kernel: '', memoryGiB: 1, openFiles: 1, loadBefore: 0, loadAfter: 0 };
  const facts = { startedAt: '', tookSeconds: 1, seed: 7, runtime: 'bun', clients: 20, machine };
  return { ...facts, runs, skipped, rows: rowsOf(runs) };
}

test('a row has the median and the worst gap of its fault, and all errors', () => {
  const gaps = [30, 10, 20].map((gapMs) => outcome({ gapMs, errors: { '57P01': gapMs } }));
  const [row] = rowsOf([run({ outcomes: gaps.slice(0, 2) }), run({ outcomes: gaps.slice(2) })]);
  assert.deepEqual([row?.count, row?.gapP50Ms, row?.gapMaxMs, row?.errors], [3, 20, 30, { '57P01': 60 }]);
});

test('a lost write counts for the fault during which it was acknowledged, and for its side', () => {
  const outcomes = [
    outcome({}),
    outcome({ side: 'haproxy' }),
    outcome({ fault: 'freeze', fromMs: 101, toMs: 200 }),
  ];
  const verdicts = { gateway: { ...nothing, lost: [write(50), write(150), write(160)] }, haproxy: nothing };
  const rows = rowsOf([run({ outcomes, verdicts })]);
  assert.deepEqual(rows.map(({ fault, side, lost }) => [fault, side, lost]), [
    ['kill', 'gateway', 1],
    ['kill', 'haproxy', 0],
    ['freeze', 'gateway', 2],
  ]);
});

test('clean is: all ran, and the gateway lost nothing, whatever happened to others', () => {
  const bad = { ...nothing, lost: [write(50)] };
  assert.ok(
    isClean(report([run({ outcomes: [outcome({})], verdicts: { gateway: nothing, haproxy: bad } })])),
  );
  assert.ok(!isClean(report([run({ verdicts: { gateway: bad } })])));
  assert.ok(!isClean(report([run({ verdicts: { gateway: { ...nothing, doubles: [write(50)] } } })])));
  assert.ok(!isClean(report([run({ outcomes: [outcome({ hung: 1 })] })])));
  assert.ok(!isClean(report([run({ trouble: 'no cluster' })])));
  assert.ok(!isClean(report([run({})], ['repmgr: not installed'])));
  assert.ok(!isClean(report([run({ verdicts: {} })])));
});

test('the table names what was skipped and what went wrong, without the logs', () => {
  const text = tableOf(
    report([run({ outcomes: [outcome({})], trouble: 'no cluster\nlogs' })], ['repmgr: no apt']),
  );
  assert.match(text, /^patroni +kill +gateway +1 +0\.01 s +0\.01 s +- +0 +0 +0 +none$/m);
  assert.match(text, /^Skipped: repmgr: no apt$/m);
  assert.match(text, /^Trouble: patroni: no cluster$/m);
  assert.doesNotMatch(text, /logs/);
});
