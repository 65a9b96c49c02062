import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elect } from '../../src/cluster/election.ts';
import {
  type Answer,
  isDistrusted,
  type Observation,
  withAnswer,
  withFailure,
} from '../../src/cluster/observation.ts';
import { after, answer, outcome, primary, rules, standby, unasked } from './scene.ts';

const micros = 1_700_000_000_000_000;
const server = { startedAt: `${micros} 5432 *` };
const asPrimary: Partial<Answer> = { ...server, inRecovery: false };
const asStandby: Partial<Answer> = { ...server, inRecovery: true };

/** What is known of a after it has said these, each at its second. */
function saying(...said: readonly (readonly [number, Partial<Answer>])[]): Observation {
  return said.reduce(
    (before, [second, change]) => withAnswer(before, answer('a', { at: second * 1000, ...change })),
    unasked('a'),
  );
}

/** Until which second nothing counts that it said; undefined: all counts. */
const until = ({ distrust }: Observation): number | undefined => distrust && distrust.until / 1000;

describe('a candidate that takes back what it has said', () => {
  test('is distrusted for 10 s when it was a primary and is a standby without a start in between', () => {
    const seen = saying([0, asPrimary], [1, asStandby]);
    assert.deepEqual([10_999, 11_000].map((now) => isDistrusted(seen, now)), [true, false]);
  });

  test('is distrusted when a primary is on another timeline without a start in between', () => {
    assert.equal(until(saying([0, asPrimary], [1, { ...asPrimary, timeline: 2 }])), 11);
  });

  test('is believed again when it has said the same for that time, and not before', () => {
    assert.equal(until(saying([0, asPrimary], [1, asStandby], [2, asPrimary], [9, asStandby])), 19);
  });

  test('is distrusted for twice as long each time, up to 10 min', () => {
    const lengths: number[] = [];
    let seen = saying([0, asPrimary]);
    let second = 0;
    for (let round = 0; round < 9; round += 1) {
      for (const change of [asStandby, asPrimary]) {
        second += 1;
        seen = withAnswer(seen, answer('a', { at: second * 1000, ...change }));
        if (change === asStandby) lengths.push(until(seen)! - second);
      }
      second = until(seen)! + 1;
    }
    assert.deepEqual(lengths, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
  });

  test('begins with 10 s again after it has behaved for 10 min', () => {
    assert.equal(until(saying([0, asPrimary], [1, asStandby], [2, asPrimary], [611.5, asStandby])), 621.5);
    assert.equal(until(saying([0, asPrimary], [1, asStandby], [2, asPrimary], [610, asStandby])), 630);
  });

  test('does not get rid of it by failing', () => {
    const flipped = saying([0, asPrimary], [1, asStandby]);
    const failed = withFailure(flipped, { at: 2000, kind: 'disconnected', message: 'is gone' });
    assert.equal(until(withAnswer(failed, answer('a', { at: 3000, ...asStandby }))), 11);
  });

  test('is not one that was promoted, started again, or moved to another address', () => {
    const restarted = { startedAt: `${micros + 5_000_000} 5432 *`, inRecovery: true };
    const elsewhere = { startedAt: `${micros - 5_000_000} 5432 *`, host: '192.0.2.9' };
    const pasts: readonly (readonly Partial<Answer>[])[] = [
      [asStandby, { ...asPrimary, timeline: 2 }],
      [asPrimary, restarted],
      [asPrimary, elsewhere, asPrimary, elsewhere],
    ];
    for (const past of pasts) {
      assert.equal(
        isDistrusted(saying(...past.map((change, second) => [second, change] as const)), 4000),
        false,
      );
    }
  });

  test('is not one that hides something for a while: a right is revoked and granted', () => {
    for (const what of [{ system: undefined }, { timeline: undefined }]) {
      assert.equal(until(saying([0, asPrimary], [1, { ...asPrimary, ...what }], [2, asPrimary])), undefined);
    }
    // After a start each: a change of the system would be a turn each time.
    const many = Array.from({ length: 50 }, (_, second) =>
      [second, {
        ...asPrimary,
        startedAt: `${micros + second} 5432 *`,
        ...(second % 2 > 0 && { system: undefined }),
      }] as const);
    assert.equal(until(saying(...many)), undefined);
  });

  test('is distrusted also where it hides its timeline: a primary became a standby without a start', () => {
    const hidden = { timeline: undefined, system: undefined };
    assert.equal(until(saying([0, { ...asPrimary, ...hidden }], [1, { ...asStandby, ...hidden }])), 11);
  });

  test('is one that was twenty-one other servers in a minute, but not one that was twenty', () => {
    const other = (number: number): readonly [number, Partial<Answer>] => [
      number * 2.5,
      { startedAt: `${micros - number} 5432 *` },
    ];
    const servers = Array.from({ length: 22 }, (_, number) => other(number));
    assert.equal(isDistrusted(saying(...servers.slice(0, 21)), 50_000), false);
    assert.equal(until(saying(...servers)), 62.5);
  });
});

describe('a distrusted candidate', () => {
  const flipping = saying([98, asPrimary], [99, asStandby], [99.9, { ...asPrimary, timeline: 7 }]);
  const verdict = elect([primary('b'), standby('c'), flipping], after('b'), 100_000, rules);

  test('is not elected, and its timeline makes no other stale', () => {
    assert.equal(outcome(verdict).primary, 'b');
    assert.deepEqual(outcome(verdict).standings, { b: 'primary', c: 'standby', a: 'distrusted' });
  });

  test('is told to answer as two servers do, and for how long it is not believed', () => {
    assert.equal(
      verdict.findings[2]?.note,
      'answers as two servers in turns, faster than one can start again: is the address a load balancer? ' +
        'It is not believed until it has said the same for 10 s, 9 s from now',
    );
  });
});
