import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deadServers, noSilences, type Silences } from '../../src/cluster/dead-server.ts';
import { type Observation, withFailure } from '../../src/cluster/observation.ts';
import { answer, failing, primary, standby, unasked } from './scene.ts';

const silentSince = (at: number, before = primary('a')) =>
  withFailure(before, { at, kind: 'silent', message: 'does not answer' });

/** Which servers are found dead, decision by decision. */
function verdicts(deadAfterMs = 3000) {
  let silences: Silences = noSilences;
  return (now: number, ...observations: Observation[]): string[] => {
    const { silences: next, dead } = deadServers(silences, observations, now, deadAfterMs);
    silences = next;
    return dead.map(({ name }) => name);
  };
}

const elsewhere = { host: '192.0.2.2' };

describe('the death verdict', () => {
  test('falls exactly when the silence is long enough, and once', () => {
    const deadAt = verdicts();
    assert.deepEqual(deadAt(3999, silentSince(1000)), []);
    assert.deepEqual(deadAt(4000, silentSince(1000)), ['a']);
    assert.deepEqual(deadAt(4001, silentSince(1000)), []);
  });

  test('falls again in another silence', () => {
    const deadAt = verdicts();
    assert.deepEqual(deadAt(4000, silentSince(1000)), ['a']);
    assert.deepEqual(deadAt(4100, primary('a')), []);
    assert.deepEqual(deadAt(9000, silentSince(5000)), ['a']);
  });

  test('says where the server was, and the silence in whole milliseconds', () => {
    assert.deepEqual(deadServers(noSilences, [silentSince(1000.4)], 5000, 3000).dead, [
      { name: 'a', server: answer('a'), silentMs: 4000 },
    ]);
  });

  test('does not concern a server that answers, was never asked, or gives signs of life', () => {
    const lively = [primary('a'), unasked('b'), failing(primary('c', 1, elsewhere), 9, 'refused')];
    assert.deepEqual(verdicts()(1_000_000, ...lively), []);
  });

  test('does not concern one that never answered: no session can be there', () => {
    assert.deepEqual(verdicts()(1_000_000, silentSince(0, unasked('a'))), []);
  });

  test('strikes standbys too, and several at once', () => {
    const dead = verdicts()(
      5000,
      silentSince(0, standby('a')),
      primary('b', 1, { host: '192.0.2.3' }),
      silentSince(10, primary('c', 1, elsewhere)),
    );
    assert.deepEqual(dead, ['a', 'c']);
  });

  test('strikes one that has left the candidates in silence, and not one that answered to the last', () => {
    const deadAt = verdicts();
    const alive = standby('b', 1, elsewhere);
    assert.deepEqual(deadAt(2000, silentSince(1000), alive), []);
    assert.deepEqual(deadAt(3999), []);
    assert.deepEqual(deadAt(4000), ['a']);
    assert.deepEqual(deadAt(1_000_000), []);
  });

  test('does not concern one that left in silence and came back', () => {
    const deadAt = verdicts();
    deadAt(2000, silentSince(1000));
    assert.deepEqual(deadAt(3000), []);
    assert.deepEqual(deadAt(3500, primary('a')), []);
    assert.deepEqual(deadAt(9000), []);
  });

  test('does not concern the old address of a name that has moved where another name gets answers', () => {
    const moved = silentSince(0, primary('b', 1, { at: 10 }));
    for (const order of [[primary('a'), moved], [moved, primary('a')]]) {
      assert.deepEqual(verdicts()(1_000_000, ...order), []);
    }
    // What the name said that has moved is older: it knows nothing of that address now.
    const refused = failing(primary('b', 1, { at: 10 }), 2, 'refused');
    assert.deepEqual(verdicts()(1_000_000, silentSince(0), refused), ['a']);
  });

  test('strikes the old address of a name that has moved', () => {
    const deadAt = verdicts();
    deadAt(2000, silentSince(1000));
    assert.deepEqual(deadAt(4000, primary('a', 1, elsewhere)), ['a']);
  });
});
