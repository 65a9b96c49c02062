import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isGood,
  type LegResult,
  merged,
  newResult,
  tableOf,
  totalOf,
} from '../../../scripts/lib/links/table.ts';

const leg = (name: string, change: Partial<LegResult> = {}): LegResult => ({
  ...newResult(name, false),
  ...change,
});
const legs = [
  leg('nothing', { bytes: 1e9, whole: 30 }),
  leg('resets', { bytes: 5e8, cuts: 20, seen: 20 }),
  leg('nothing', { bytes: 2e9, whole: 60 }),
];
const footprint = { residentBytes: 70 * 2 ** 20, descriptors: 17 };

test('legs of one name are one row, in the order in which they came, and one row has all', () => {
  assert.deepEqual(merged(legs).map(({ name, bytes, whole }) => [name, bytes, whole]), [
    ['nothing', 3e9, 90],
    ['resets', 5e8, 0],
  ]);
  const { bytes, whole, cuts, seen } = totalOf(legs);
  assert.deepEqual([bytes, whole, cuts, seen], [3.5e9, 90, 20, 20]);
  assert.equal(legs[0]!.bytes, 1e9);
});

test('a run is good where nothing is missing and each cut was seen', () => {
  assert.ok(isGood(legs));
  for (const field of ['lost', 'changed', 'unexpected', 'hung', 'left', 'cuts'] as const) {
    assert.ok(!isGood([...legs, leg('bad', { [field]: 1 })]), field);
  }
});

test('the table is Markdown, with what the gateway holds', () => {
  const text = tableOf({
    legs,
    seconds: 61.4,
    machine: '2 cores',
    command: 'scripts/links --gb 4',
    before: footprint,
    after: { ...footprint, descriptors: 18 },
    most: footprint,
    residentBytes: [footprint.residentBytes, 72.25 * 2 ** 20],
  });
  assert.match(text, /^`scripts\/links --gb 4`: 61 s; 2 cores$/m);
  assert.match(text, /^\| nothing \| 3\.00 \| 90 \| 0 \| 0 \| 0 \| 0 \| 0 \| 0 \| 0 \|$/m);
  assert.match(text, /^\| all \| 3\.50 \| 90 \| 20 \| 20 \| 0 \| 0 \| 0 \| 0 \| 0 \|$/m);
  assert.match(text, /^After each rotation, MiB: 70\.0, 72\.3\.$/m);
  assert.match(text, /^\| after \| 70\.0 \| 18 \|$/m);
});
