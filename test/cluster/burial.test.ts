import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { silentFor } from '../../src/cluster/burial.ts';
import { withFailure } from '../../src/cluster/observation.ts';
import { answer, failing, primary, standby, unasked } from './scene.ts';

const silentSince = (at: number, before = primary('a')) =>
  withFailure(before, { at, kind: 'silent', message: 'does not answer' });

describe('the death verdict', () => {
  test('falls exactly when the silence is long enough', () => {
    const observations = [silentSince(1000)];
    assert.deepEqual(silentFor(observations, 3999, 3000), []);
    assert.deepEqual(silentFor(observations, 4000, 3000), [
      { name: 'a', server: answer('a'), silentMs: 3000 },
    ]);
  });

  test('says the silence in whole milliseconds', () => {
    assert.equal(silentFor([silentSince(1000.4)], 5000, 3000)[0]?.silentMs, 4000);
  });

  test('spares who answers, who was never asked, and who gives signs of life', () => {
    const lively = [primary('a'), unasked('b'), failing(primary('c'), 9, 'refused')];
    assert.deepEqual(silentFor(lively, 1_000_000, 3000), []);
  });

  test('spares who never answered: no session can be there', () => {
    assert.deepEqual(silentFor([silentSince(0, unasked('a'))], 1_000_000, 3000), []);
  });

  test('strikes standbys too, and several at once', () => {
    const dead = silentFor(
      [silentSince(0, standby('a')), primary('b'), silentSince(10, primary('c'))],
      5000,
      3000,
    );
    assert.deepEqual(dead.map(({ name, silentMs }) => [name, silentMs]), [['a', 5000], ['c', 4990]]);
  });
});
