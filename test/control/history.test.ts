import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { History } from '../../src/control/history.ts';
import type { Observation } from '../../src/cluster/observation.ts';
import { Router } from '../../src/control/router.ts';
import { failing, now, primary, rules, standby } from '../cluster/scene.ts';

/** A history behind a real router; each step is what is known after so many milliseconds. */
function story(...steps: readonly (readonly [number, readonly Observation[]])[]): History {
  const history = new History();
  const router = new Router(rules);
  for (const [afterMs, observations] of steps) {
    const { verdict, route } = router.decide(observations, now + afterMs);
    history.note(observations, verdict, route, now + afterMs);
  }
  return history;
}

const at = (ms: number) => ({ at: now + ms });

describe('the history of the route', () => {
  test('begins without a failover: the first primary replaces none', () => {
    const { failovers, failoverTimes, since } = story([0, [primary('a'), standby('b')]]);
    assert.deepEqual([...failovers.values()], [0, 0, 0, 0, 0, 0]);
    assert.equal(failoverTimes.count, 0);
    assert.ok(since instanceof Date);
  });

  test('knows of no epoch before the first one', () => {
    assert.equal(story([0, [failing(standby('a'))]]).since, undefined);
  });

  test('counts a failover by its rule, from the last good answer and from the last probe that found a standby', () => {
    const a = primary('a', 1, at(0));
    const { failovers, failoverTimes, detectionTimes } = story(
      [0, [a, standby('b', 1, at(0))]],
      [2000, [failing(a, 2), standby('b', 1, at(1900))]],
      [2100, [failing(a, 2), primary('b', 2, at(2100))]],
    );
    assert.equal(failovers.get('onlyPrimary'), 1);
    assert.deepEqual([failoverTimes.count, failoverTimes.sumSeconds], [1, 2.1]);
    assert.deepEqual([detectionTimes.count, detectionTimes.sumSeconds], [1, 0.2]);
  });

  test('counts a takeover beside an old primary that is still up', () => {
    const { failovers, failoverTimes, detectionTimes } = story(
      [0, [primary('a', 1, at(0)), standby('b', 1, at(0))]],
      [250, [primary('a', 1, at(240)), primary('b', 2, at(250))]],
    );
    assert.equal(failovers.get('newestTimeline'), 1);
    assert.equal(failoverTimes.sumSeconds, 0.25);
    assert.equal(detectionTimes.sumSeconds, 0.25);
  });

  test('takes a failed probe of the new primary for one that found no primary', () => {
    const a = primary('a', 1, at(0));
    const { detectionTimes } = story(
      [0, [a, standby('b', 1, at(0))]],
      [100_000, [failing(a, 2), failing(standby('b', 1, at(0)))]], // the scene fails at `now`
      [100_050, [failing(a, 2), primary('b', 2, at(100_050))]],
    );
    assert.equal(detectionTimes.sumSeconds, 100.05);
  });

  test('counts nothing when a primary comes back that was only out of sight', () => {
    const a = primary('a', 1, at(0));
    const { failovers, failoverTimes } = story(
      [0, [a]],
      [10, [failing(a, 2)]],
      [20, [primary('a', 1, at(20))]],
    );
    assert.deepEqual([...failovers.values()], [0, 0, 0, 0, 0, 0]);
    assert.equal(failoverTimes.count, 0);
  });

  test('counts an alarm once for each split brain, not for each decision in it', () => {
    const [a, b] = [primary('a'), primary('b')];
    assert.equal(story([0, [a]], [1, [a, b]], [2, [a, b]], [3, [a]], [4, [a, b]]).alarms, 2);
  });
});
