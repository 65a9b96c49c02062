import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sample } from '../../../scripts/lib/bench/statistics.ts';
import {
  type Death,
  deviationByChance,
  evennessOf,
  type Facts,
  goalsOf,
} from '../../../scripts/lib/scale/report.ts';
import { markdownOf } from '../../../scripts/lib/scale/table.ts';

const machine = {
  cores: 2,
  cpu: 'a cpu',
  kernel: '6',
  memoryGiB: 1,
  openFiles: 1,
  loadBefore: 0,
  loadAfter: 0,
};

const facts = (more: Partial<Facts>): Facts => ({
  startedAt: '2026-11-27T12:00:00Z',
  tookSeconds: 60,
  machine,
  command: 'scripts/scale',
  idle: 9000,
  busy: 64,
  rounds: 4,
  seconds: 5,
  idleSamples: [],
  sessionMemory: [],
  workerSamples: [],
  deals: [],
  deaths: [],
  rests: [],
  sessionBytes: [],
  ...more,
});

/** CPU a transaction, round by round: without idle sessions, and with them. */
const samples = (...rounds: readonly (readonly [number, number])[]): Sample[] =>
  rounds.flatMap(([without, with_], round) => [
    { round, target: 'executable without', metric: 'cpuUs', value: without },
    { round, target: 'executable with', metric: 'cpuUs', value: with_ },
  ]);

const verdicts = (more: Partial<Facts>) => goalsOf(facts(more)).map(({ verdict }) => verdict);

test('what idle sessions cost is judged round by round, and by all rounds', () => {
  assert.deepEqual(verdicts({ idleSamples: samples([10, 11], [20, 21], [30, 30]) }), ['met']);
  assert.deepEqual(verdicts({ idleSamples: samples([10, 10], [20, 20], [30, 34]) }), ['within noise']);
  assert.deepEqual(verdicts({ idleSamples: samples([10, 12], [20, 24], [30, 36]) }), ['missed']);
  assert.deepEqual(verdicts({ idleSamples: samples([10, 10]) }), ['not enough rounds']);
});

test('memory at rest is that of one worker after a minute, and nothing is said of what was not measured', () => {
  const rest = (workers: number, seconds: number, mebibytes: number) => (
    { workers, seconds, residentBytes: mebibytes * 2 ** 20, ownBytes: 0 }
  );
  assert.deepEqual(verdicts({}), []);
  const rests = [rest(1, 60, 60), rest(1, 60, 61), rest(1, 60, 62), rest(1, 5, 99), rest(2, 60, 99)];
  assert.deepEqual(verdicts({ rests }), ['met']);
  assert.deepEqual(verdicts({ sessionBytes: [900, 1000, 1025] }), ['within noise']);
});

test('evenness is compared with what chance does', () => {
  const deal = { workers: 2, sessions: 64, counts: [[32, 32], [24, 40]] };
  const { least, most, deviation, fullest } = evennessOf(deal);
  assert.deepEqual([least, most, fullest?.max], [24, 40, 1.25]);
  assert.equal(deviation, Math.sqrt(32));
  assert.equal(deviationByChance(deal), 4);
});

test('the table tells who lost what, what they saw, and when the last one was refused', () => {
  const death = (more: Partial<Death>): Death => ({
    workers: 2,
    before: [500, 500],
    after: [250, 750],
    lost: 500,
    toldMs: 20,
    how: { FIN: 500 },
    replacedMs: 60,
    connects: 100,
    failures: [],
    longestConnectMs: 3,
    longestWaitMs: 2,
    ...more,
  });
  const text = markdownOf(facts({
    deaths: [
      death({ failures: [{ ms: 5, error: 'ECONNRESET' }] }),
      death({ how: { FIN: 300, ECONNRESET: 200 }, failures: [{ ms: 9, error: 'ECONNRESET' }] }),
    ],
  }));
  assert.match(text, /^\| 2 workers \| 2 \| 50\.0 \(50\.0 to 50\.0\) % \|/m);
  assert.match(text, /\| FIN 80\.0 %, ECONNRESET 20\.0 % \|/);
  assert.match(text, /\| 200 \| 2: ECONNRESET \| 7 \(5 to 9\) \|/);
  assert.match(text, /\| 1\.50x \(1\.50x to 1\.50x\) \|$/m);
});

test('the table has a part only where it was measured', () => {
  const text = markdownOf(facts({ idleSamples: samples([10, 11], [20, 21], [30, 30]) }));
  assert.match(text, /^\| CPU a transaction of 64 clients .* \| 1\.1x \| 1\.050x .* \| \*\*met\*\* \|$/m);
  assert.match(text, /^\| executable \| us of CPU a transaction \| {2}\| 20\.0 .* \| 21\.0 /m);
  assert.doesNotMatch(text, /HAProxy|deviation|replaced|resident/);
});
