import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rotation } from '../../../scripts/lib/links/rotation.ts';

const copyBytes = 1 << 20;
const legs = rotation(copyBytes);

test('each leg has a name of its own, and a share of the bytes', () => {
  assert.equal(new Set(legs.map(({ name }) => name)).size, legs.length);
  for (const { name, share } of legs) assert.ok(share > 0 && share <= 1, name);
});

test('both links and both ways are cut, by a reset and by a half-close', () => {
  for (const side of ['client', 'server'] as const) {
    for (const way of ['up', 'down'] as const) {
      for (const by of ['reset', 'halfClose']) {
        const found = legs.filter((leg) => !leg.cut?.isWhole && leg[side][way]?.cut?.by === by);
        assert.equal(found.length, 1, `${side} ${way} ${by}`);
        const [{ copies, cut } = legs[0]!] = found;
        // Only then do so many bytes pass that way.
        assert.equal(copies, way === 'up' ? 'in' : 'out');
        assert.equal(cut?.side, side);
        const place = found[0]?.[side][way]?.cut?.afterBytes;
        assert.ok(Array.isArray(place) && place[0] < place[1] && place[1] <= copyBytes);
      }
    }
  }
});

test('after a half-close behind the question the answer is due', () => {
  const whole = legs.filter(({ cut }) => cut?.isWhole);
  assert.deepEqual(whole.map(({ cut, copies }) => [cut?.side, copies]), [['client', 'out'], [
    'server',
    'out',
  ]]);
});
