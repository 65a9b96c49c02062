import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elect, noMemory } from '../../src/cluster/election.ts';
import { noPositions, withPrimary } from '../../src/cluster/lag.ts';
import type { Observation } from '../../src/cluster/observation.ts';
import {
  everyStandby,
  type RotationEntry,
  rotationOf,
  type RotationRules,
} from '../../src/cluster/rotation.ts';
import { after, answer, failing, now, primary, rules, standby, theirs } from './scene.ts';

/** A primary that has been at 100 for a second and at 200 for half of one. */
const positions = [[now - 1000, 100n], [now - 500, 200n], [now, 200n]].reduce(
  (before, [at, lsn]) => withPrimary(before, answer('a', { at: Number(at), lsn: BigInt(lsn!) })),
  noPositions,
);

function rotation(
  observations: readonly Observation[],
  change: Partial<RotationRules> = {},
  memory = noMemory,
): readonly RotationEntry[] {
  const { findings } = elect(observations, memory, now, rules);
  return rotationOf(findings, positions, { ...everyStandby, ...change });
}

const at = (replayedLsn: bigint, name = 'b') => standby(name, 1, { at: now, replayedLsn });
const whys = (entries: readonly RotationEntry[]) => entries.map(({ out }) => out);

describe('the rotation', () => {
  test('is every standby of ours that answers, with weight 1', () => {
    const entries = rotation([primary('a'), at(200n), at(200n, 'c'), failing(at(200n, 'd'))]);
    assert.deepEqual(entries.map(({ weight }) => weight), [0, 1, 1, 0]);
    assert.deepEqual(whys(entries), [
      'is primary on timeline 1',
      undefined,
      undefined,
      'refuses connections',
    ]);
  });

  test('leaves out a standby whose lag is hidden where there is a limit, and keeps it where there is none', () => {
    const hides = standby('b', 1, { at: now, replayedLsn: undefined });
    const limit = { maxLagBytes: 50 };
    assert.equal(rotation([primary('a'), hides])[1]?.weight, 1);
    assert.equal(rotation([primary('a'), hides])[1]?.lag, undefined);
    assert.match(rotation([primary('a'), hides], limit)[1]?.out ?? '', /^has a lag that is hidden/);
    const { findings } = elect([primary('a', 1, { lsn: undefined }), at(100n)], noMemory, now, rules);
    const [, entry] = rotationOf(findings, noPositions, { ...everyStandby, ...limit });
    assert.match(entry?.out ?? '', /^has a lag that is hidden/);
  });

  test('leaves out a standby that lags beyond a limit, and says which', () => {
    assert.deepEqual(rotation([primary('a'), at(150n)])[1]?.lag, { bytes: 50, ms: 500 });
    const out = (change: Partial<RotationRules>) => rotation([primary('a'), at(150n)], change)[1]?.out;
    assert.equal(out({ maxLagBytes: 50, maxLagMs: 500 }), undefined);
    assert.equal(out({ maxLagBytes: 49 }), 'lags by more than MAX_LAG_BYTES=49');
    assert.equal(out({ maxLagMs: 499 }), 'lags by more than MAX_LAG_MS=499');
    assert.equal(out({ lagFenceMs: 499 }), 'lags by more than LAG_FENCE_MS=499');
  });

  test('keeps a standby whose lag is unknown, because there was no primary yet', () => {
    const { findings } = elect([at(1n)], noMemory, now, rules);
    const [entry] = rotationOf(findings, noPositions, { ...everyStandby, maxLagBytes: 0, maxLagMs: 0 });
    assert.deepEqual([entry?.lag, entry?.weight], [undefined, 1]);
  });

  test('has a server once, whatever its names', () => {
    const twin = standby('c', 1, { at: now, startedAt: answer('b').startedAt, replayedLsn: 200n });
    assert.deepEqual(whys(rotation([primary('a'), at(200n), twin])).slice(1), [
      undefined,
      'is another name of b',
    ]);
  });

  test('follows the weights, by candidate or by the name behind which it is', () => {
    const weights = { 'b.example:5432': 3, c: 0 };
    const entries = rotation([primary('a'), at(200n), at(200n, 'c')], { weights });
    assert.deepEqual(entries.map(({ weight }) => weight), [0, 3, 0]);
    assert.equal(entries[2]?.out, 'has weight 0 (REPLICA_WEIGHTS)');
  });
});

describe('the sessions of a standby', () => {
  test('stay while it lags within the second limit, or does not answer', () => {
    const entries = rotation([primary('a'), at(150n), failing(at(150n, 'c'), 9)], {
      maxLagMs: 1,
      lagFenceMs: 500,
    });
    assert.deepEqual(entries.map(({ fenced }) => fenced), [undefined, undefined, undefined]);
  });

  test('end beyond the second limit', () => {
    const [, entry] = rotation([primary('a'), at(150n)], { lagFenceMs: 499 });
    assert.equal(entry?.fenced, 'lags by more than LAG_FENCE_MS=499');
  });

  test('end when another cluster answers in its place, or an old primary', () => {
    const entries = rotation(
      [primary('a', 2), standby('b', 2, { system: theirs }), primary('c', 1)],
      {},
      after('a', 2),
    );
    assert.match(entries[1]?.fenced ?? '', /^belongs to system /);
    assert.match(entries[2]?.fenced ?? '', /on the older timeline 1/);
  });

  test('stay when it is promoted', () => {
    assert.equal(rotation([failing(primary('a'), 2), primary('b', 2)], {}, after('a'))[1]?.fenced, undefined);
  });
});
