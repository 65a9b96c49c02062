/** That the fuzzer finds what is there to be found. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { coverageOf } from '../../scripts/lib/fuzz/coverage.ts';
import { fuzz } from '../../scripts/lib/fuzz/engine.ts';
import { keep, keptOf } from '../../scripts/lib/fuzz/kept.ts';
import { inputOf, piecesOf, randomOf } from '../../scripts/lib/fuzz/mutate.ts';
import { help, readOptions } from '../../scripts/lib/fuzz/options.ts';
import { type Check, type Target } from '../../scripts/lib/fuzz/target.ts';
import { UsageError } from '../../scripts/lib/usage.ts';
import { exposeCollection } from './garbage.ts';

exposeCollection();

const target = (check: Check): Target => ({
  name: 'trial',
  files: [],
  seeds: [new TextEncoder().encode('hello world')],
  words: ['needle'],
  share: 1,
  check,
});
const range = { seed: 3, first: 0, runs: 3_000 };

test('the same seed and index give the same input and pieces, others give others', () => {
  const of = target(() => {});
  const inputs = (seed: number) =>
    Array.from({ length: 50 }, (_, index) => String(inputOf(of, [], seed, index)));
  assert.deepEqual(inputs(1), inputs(1));
  assert.notDeepEqual(inputs(1), inputs(2));
  const pieces = piecesOf(new Uint8Array(300).fill(7), randomOf(1, 2));
  assert.deepEqual(piecesOf(new Uint8Array(300).fill(7), randomOf(1, 2)), pieces);
  assert.equal(pieces.reduce((sum, { length }) => sum + length, 0), 300);
});

test('a word that breaks it is found, cut down to that word, and found again by its index', async () => {
  const breaks = target((bytes) => {
    if (Buffer.from(bytes).includes('needle')) throw new Error('found');
  });
  const { failure } = await fuzz(breaks, [], range);
  assert.equal(Buffer.from(failure!.input).toString(), 'needle');
  const again = await fuzz(breaks, [], { ...range, first: failure!.index, runs: 1 });
  assert.equal(again.failure?.error.message, 'found');
});

test('what depends on where the pieces are cut is found', async () => {
  const { failure } = await fuzz(
    target((bytes, pieces) => assert.ok(pieces.length < 2 || bytes.length < 5)),
    [],
    range,
  );
  assert.ok(failure !== undefined);
});

test('a promise that is rejected, and one input that takes a second, are found', async () => {
  const rejected = await fuzz(target(() => Promise.reject(new Error('later'))), [], range);
  assert.equal(rejected.failure?.error.message, 'later');
  const spins = target(() => {
    const { user } = process.cpuUsage();
    // To ask for the time is no time of its own.
    while (process.cpuUsage().user - user < 1_050_000) for (let count = 0; count < 1e7; count++);
  });
  // Nothing to be cut down, which would take as long again and again.
  const slow = await fuzz({ ...spins, mostBytes: 0 }, [], { ...range, runs: 1 });
  assert.match(slow.failure?.error.message ?? '', /ms of a processor/);
});

test('what stays behind is found', async () => {
  const kept: Uint8Array[] = [];
  const { failure } = await fuzz(target(() => void kept.push(new Uint8Array(100_000))), [], {
    ...range,
    runs: 1_000,
  });
  assert.match(failure?.error.message ?? '', /stay behind/);
  assert.equal(kept.length, 1_000);
});

test('what is kept is read again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  try {
    keep('trial', Uint8Array.of(1, 2), folder);
    keep('trial', Uint8Array.of(1, 2), folder);
    assert.deepEqual(keptOf('trial', folder).map(({ bytes }) => bytes), [Uint8Array.of(1, 2)]);
    assert.deepEqual(keptOf('other', folder), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('lines that were not reached are told', () => {
  const text = 'function a() {\n  return 1;\n}\nconst b = 2;\n';
  const all = { startOffset: 0, endOffset: text.length, count: 1 };
  const a = { startOffset: 0, endOffset: 28, count: 0 };
  assert.deepEqual(coverageOf('x', text, [all, a]), { file: 'x', lines: 3, reached: 1, missed: '1-2' });
  assert.equal(coverageOf('x', text, [all]).reached, 3);
  assert.equal(coverageOf('x', text, []).reached, 0);
});

test('the command line tells what it does not understand', () => {
  assert.deepEqual(readOptions(['--target', 'b', '--runs', '5', '--seed', '7'], ['a', 'b']), {
    targets: ['b'],
    seed: 7,
    first: 0,
    runs: 5,
    hasCoverage: false,
    liveSeconds: undefined,
  });
  assert.equal(readOptions(['--help'], ['a']), 'help');
  assert.match(help(['a', 'b']), /a, b/);
  for (const args of [['--target', 'c'], ['--runs', '0'], ['--seed', 'x'], ['--live', '0'], ['--speed']]) {
    assert.throws(() => readOptions(args, ['a', 'b']), UsageError);
  }
});
