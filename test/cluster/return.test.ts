import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { followedOlder, isSettled, settledAfter } from '../../src/cluster/return.ts';
import { elect } from '../../src/cluster/election.ts';
import type { Observation } from '../../src/cluster/observation.ts';
import { after, failing, now, primary, rules, standby, unasked } from './scene.ts';

const fromA = { upstream: { host: 'a.example', port: 5432 } };
const followers = [standby('b', 1, fromA), standby('c', 1, fromA)];

/** Since when all follow a, after an election over these, if they did so for a second before. */
function sinceAfter(...observations: readonly Observation[]): number | undefined {
  const { followed } = elect([primary('a'), ...followers], after('b', 2), now - 1000, rules).memory;
  assert.equal(followed?.since, now - 1000);
  return elect(observations, { ...after('b', 2), followed }, now, rules).memory.followed?.since;
}

describe('the time for which all have followed an older primary', () => {
  test('goes on while they do, and while another name of it is seen', () => {
    assert.equal(sinceAfter(primary('a'), ...followers), now - 1000);
    const twin = primary('a2', 1, { startedAt: primary('a').answer!.startedAt });
    assert.equal(sinceAfter(primary('a'), twin, ...followers), now - 1000);
  });

  test('begins anew when it has started again', () => {
    assert.equal(sinceAfter(primary('a', 1, { startedAt: 'again' }), ...followers), now);
  });

  const breaks: readonly [string, Observation][] = [
    ['shows the newer timeline', standby('c', 2, fromA)],
    ['fails once', failing(standby('c', 1, fromA))],
    ['was not asked', unasked('c')],
    ['follows none', standby('c')],
    ['is a primary too', primary('c')],
  ];
  for (const [what, other] of breaks) {
    test(`ends at once when one ${what}`, () => {
      assert.equal(sinceAfter(primary('a'), standby('b', 1, fromA), other), undefined);
    });
  }

  test('is not counted for a primary that is on no older timeline', () => {
    const findings = elect([primary('a'), ...followers], after('a', 1), now, rules).findings;
    assert.equal(followedOlder(findings, after('a', 1), now), undefined);
  });

  test('must be long enough that all have answered in it', () => {
    const since = { server: '1 a', since: now };
    for (const [maxAgeMs, enough] of [[5000, 10_000], [90_000, 90_000]] as const) {
      const limits = { ...rules, maxAgeMs };
      assert.equal(settledAfter(limits), enough);
      assert.equal(isSettled(since, now + enough - 1, limits), false);
      assert.equal(isSettled(since, now + enough, limits), true);
    }
    assert.equal(isSettled(undefined, now, rules), false);
  });
});
