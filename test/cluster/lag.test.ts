import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Lag, lagOf, noPositions, type Positions, withPrimary } from '../../src/cluster/lag.ts';
import { answer } from './scene.ts';

/** Positions of a primary that was seen at these times at these places. */
function seen(...marks: (readonly [at: number, lsn: bigint])[]): Positions {
  return marks.reduce(
    (positions, [at, lsn]) => withPrimary(positions, answer('a', { at, lsn })),
    noPositions,
  );
}

function lag(positions: Positions, at: number, replayedLsn: bigint): Lag | undefined {
  return lagOf(positions, answer('b', { at, replayedLsn }));
}

describe('the lag of a standby', () => {
  test('is unknown before there was a primary', () => assert.equal(lag(noPositions, 1000, 0n), undefined));

  test('is nothing once it has replayed all that the primary was seen to have written, or more', () => {
    const positions = seen([1000, 100n], [2000, 200n]);
    assert.deepEqual(lag(positions, 2100, 200n), { bytes: 0, ms: 0 });
    assert.deepEqual(lag(positions, 2100, 300n), { bytes: 0, ms: 0 });
  });

  test('counts the bytes to the primary, and the time since the primary was first beyond it', () => {
    const positions = seen([1000, 100n], [2000, 200n], [3000, 300n], [4000, 400n]);
    assert.deepEqual(lag(positions, 4000, 250n), { bytes: 150, ms: 1000 });
    assert.deepEqual(lag(positions, 4000, 99n), { bytes: 301, ms: 3000 });
  });

  test('does not count what the primary said after the standby did', () => {
    const positions = seen([1000, 100n], [2000, 900n]);
    assert.deepEqual(lag(positions, 1900, 100n), { bytes: 0, ms: 0 });
  });

  test('grows while the primary rests and the standby does not replay', () => {
    const positions = seen([1000, 100n], [2000, 200n], [9000, 200n]);
    assert.deepEqual(lag(positions, 9000, 100n), { bytes: 100, ms: 7000 });
  });

  test('stays as it was while there is no primary', () => {
    const positions = seen([1000, 100n], [2000, 200n], [3000, 200n]);
    assert.deepEqual(lag(positions, 3000, 100n), { bytes: 100, ms: 1000 });
    assert.deepEqual(lag(positions, 900_000, 100n), { bytes: 100, ms: 1000 });
    assert.deepEqual(lag(positions, 900_000, 200n), { bytes: 0, ms: 0 });
  });

  test('forgets what a lost primary wrote when the next one is behind it', () => {
    const positions = seen([1000, 100n], [2000, 500n], [3000, 200n]);
    assert.deepEqual(lag(positions, 3000, 200n), { bytes: 0, ms: 0 });
    assert.deepEqual(lag(positions, 3000, 150n), { bytes: 50, ms: 0 });
  });

  test('is unknown of a standby that hides where it is, and a primary that hides it changes nothing', () => {
    const positions = seen([1000, 100n]);
    assert.equal(lagOf(positions, answer('b', { at: 1100, replayedLsn: undefined })), undefined);
    assert.equal(withPrimary(positions, answer('a', { at: 2000, lsn: undefined })), positions);
  });

  test('takes no notice of an answer that it has seen', () => {
    const positions = seen([1000, 100n]);
    assert.equal(withPrimary(positions, answer('a', { at: 1000, lsn: 100n })), positions);
  });

  test('is known in bounded memory, and a long one roughly', () => {
    const second = (n: number) => [n * 1000, BigInt(n)] as const;
    const positions = seen(...Array.from({ length: 20_000 }, (_, n) => second(n + 1)));
    assert.ok(positions.marks.length < 500, String(positions.marks.length));
    assert.deepEqual(lag(positions, 20_000_000, 19_998n), { bytes: 2, ms: 1000 });
    const hour = lag(positions, 20_000_000, 16_400n)!;
    assert.equal(hour.bytes, 3600);
    assert.ok(hour.ms <= 3_600_000 && hour.ms > 3_300_000, String(hour.ms));
  });
});
