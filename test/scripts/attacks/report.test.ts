import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWhole, type Report, rowOf } from '../../../scripts/lib/attacks/report.ts';
import { Seen, together } from '../../../scripts/lib/attacks/seen.ts';
import { markdownOf } from '../../../scripts/lib/attacks/table.ts';
import type { Trial } from '../../../scripts/lib/attacks/trial.ts';

const footprint = { residentBytes: 100_000_000, descriptors: 30, threads: 7 };

/** Of so many times the same latency, in milliseconds, and one tenth as long again for a connection. */
function sight(ms: number, errors = 0) {
  return {
    askedMs: Array.from({ length: 200 }, () => ms),
    connectedMs: Array.from({ length: 10 }, () => ms * 10),
    errors,
    told: errors > 0 ? ['the session ended'] : [],
  };
}

function trial(changes: Partial<Trial> = {}): Trial {
  return {
    attack: 'connects',
    target: 'defaults',
    perSecond: 5_000,
    attempts: { opened: 40_000, failed: 0 },
    without: [{ through: sight(0.2), direct: sight(0.1) }, { through: sight(0.2), direct: sight(0.1) }],
    beside: [{ through: sight(0.24), direct: sight(0.11) }, { through: sight(0.28), direct: sight(0.11) }],
    recoveredMs: [20, 30],
    before: footprint,
    after: footprint,
    twinGrowth: 0.02,
    mostBytes: 101_000_000,
    lines: 2,
    load: { target: 0.3, attackers: 0.1 },
    ...changes,
  };
}

const report = (...trials: Trial[]): Report => ({
  machine: {
    cores: 2,
    cpu: 'A|B',
    kernel: '6.1',
    memoryGiB: 8,
    openFiles: 20_000,
    loadBefore: 0.1,
    loadAfter: 0.5,
  },
  tookSeconds: 60,
  rounds: 2,
  seconds: 4,
  rows: trials.map(rowOf),
  skipped: ['half-open: it takes root'],
  crashes: [],
});

test('the ratio is of all rounds together, and of the single ones from least to most', () => {
  const { through, direct, missed, recoveredMs } = rowOf(trial());
  assert.equal(through.p99Ratio.toFixed(2), '1.40');
  assert.deepEqual([through.p99RatioFrom.toFixed(2), through.p99RatioTo.toFixed(2)], ['1.20', '1.40']);
  assert.equal(direct.p99Ratio.toFixed(2), '1.10');
  assert.deepEqual([missed, recoveredMs], [[], 30]);
});

test('each goal that is missed is named, and all but the latencies make the run fail', () => {
  const missedOf = (changes: Partial<Trial>) => rowOf(trial(changes)).missed;
  const slow = [{ through: sight(0.31), direct: sight(0.1) }];
  assert.deepEqual(missedOf({ beside: slow }), ['p99']);
  assert.deepEqual(missedOf({ without: [{ through: sight(0.2, 1), direct: sight(0.1) }] }), ['errors']);
  // An error of those who go past the target is the server's.
  assert.deepEqual(missedOf({ without: [{ through: sight(0.2), direct: sight(0.1, 1) }] }), []);
  assert.deepEqual(missedOf({ recoveredMs: [20, null] }), ['recovery']);
  assert.deepEqual(missedOf({ after: { ...footprint, descriptors: 31 } }), ['descriptors']);
  assert.deepEqual(missedOf({ after: { ...footprint, residentBytes: 101_000_001 } }), ['memory']);
  assert.deepEqual(missedOf({ after: { ...footprint, threads: 9 } }), []);
  assert.deepEqual(missedOf({ lines: 21 }), ['log']);
  assert.ok(isWhole(report(trial({ beside: slow }))));
  assert.ok(!isWhole(report(trial({ lines: 21 }))));
  assert.ok(isWhole(report(trial({ target: 'HAProxy', lines: 21 }))));
  assert.ok(!isWhole({ ...report(trial()), crashes: ['connects has ended defaults'] }));
});

test('a short trial has nothing to compare with, which is no missed goal', () => {
  const { through, missed } = rowOf(trial({ without: [] }));
  assert.ok(Number.isNaN(through.p99Ratio));
  assert.deepEqual(missed, []);
});

test('the tables have a line for each attack, what it does, and what was not done', () => {
  const text = markdownOf(report(trial({ lines: 21 }), trial({ target: 'HAProxy' })));
  assert.match(text, /\| connects \| defaults \| 40,000 \| 0\.20 to 0\.2\d \|/);
  assert.match(
    text,
    /\| connects \| defaults \| 0 \| 0\.03 s \| 30 to 30 \| 95\.4 MiB, 0\.0 % \(\+2\.0 %\) \|.*\| log \|/,
  );
  assert.match(text, /\n\* connects: connects and closes/);
  assert.match(text, /not done: half-open: it takes root/);
});

test('what good clients saw in several slices is added up, and only the first errors are told', () => {
  const [one, other] = [new Seen(), new Seen()];
  one.answered(0.12345, 8);
  other.connected(3);
  for (let count = 0; count < 100; count++) other.failed(new Error(`number ${count}`));
  const { askedMs, connectedMs, errors, told } = together([one, other]);
  assert.deepEqual([askedMs, connectedMs, errors, told.length], [[0.123], [3], 100, 5]);
});
