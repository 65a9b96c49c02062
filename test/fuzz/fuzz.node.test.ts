/** The short form of scripts/fuzz: the same few inputs for each target, every time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz } from '../../scripts/lib/fuzz/engine.ts';
import { keptOf } from '../../scripts/lib/fuzz/kept.ts';
import type { Target } from '../../scripts/lib/fuzz/target.ts';
import { targets } from '../../scripts/lib/fuzz/targets.ts';
import { exposeCollection } from './garbage.ts';

exposeCollection();

/** All of them take about ten seconds of a processor. */
const runsOf = ({ share }: Target): number => share >= 10 ? 3_000 : share >= 1 ? 1_000 : 200;

for (const target of targets) {
  test(`${target.name} keeps its promises`, async () => {
    const kept = keptOf(target.name).map(({ bytes }) => bytes);
    const range = { seed: 20, first: 0, runs: runsOf(target) };
    const { failure, runs: done } = await fuzz(target, kept, range);
    assert.equal(done, range.runs);
    assert.equal(
      failure?.error,
      undefined,
      `input ${failure?.index}: ${Buffer.from(failure?.input ?? []).toString('base64')}`,
    );
  });
}
