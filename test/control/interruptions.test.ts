import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Observation } from '../../src/cluster/observation.ts';
import { at, type CounterName, newCounters } from '../../src/contract/counters.ts';
import { Interruptions, mostInterruptions, settleMs } from '../../src/control/interruptions.ts';
import { Router } from '../../src/control/router.ts';
import { failing, now, primary, rules, standby } from '../cluster/scene.ts';

type Counts = Partial<Record<CounterName, number>>;
/** What is known after so many milliseconds, what has been counted by then, and how many sessions a has. */
type Step = readonly [ms: number, observations: readonly Observation[], counts?: Counts, sessions?: number];

const start = 1_700_000_000_000;

function story(...steps: readonly Step[]) {
  const interruptions = new Interruptions();
  const router = new Router(rules);
  const counters = newCounters();
  for (const [ms, observations, counts = {}, sessions = 0] of steps) {
    for (const [name, count] of Object.entries(counts)) counters[at[name as CounterName]] = count;
    const { verdict, route } = router.decide(observations, now + ms);
    const decided = { observations, verdict, route, counters: [counters], sessionsOn: () => sessions };
    interruptions.note(decided, now + ms, new Date(start + ms));
  }
  return interruptions.all;
}

const when = (ms: number) => ({ at: now + ms });
const a = primary('a', 1, when(0));
const b = standby('b', 1, when(0));
const healthy: Step = [0, [a, b]];

describe('interruptions', () => {
  test('there are none at the start, while no primary has been found yet, and while a probe fails', () => {
    assert.deepEqual(story([0, [standby('a'), b]], [100, [a, b]], [200, [failing(a), b]], [300, [a, b]]), []);
  });

  test('one goes from the last answer of the old primary to the route to the new one', () => {
    const [one, ...more] = story(
      healthy,
      [2000, [failing(a, 2), b]],
      [2500, [failing(a, 2), primary('b', 2, when(2500))]],
    );
    assert.deepEqual(more, []);
    assert.ok(one);
    assert.deepEqual([one.from, one.to, one.lengthMs], ['a', 'b', 2500]);
    assert.deepEqual([one.began.getTime(), one.ended?.getTime()], [start, start + 2500]);
    assert.deepEqual([one.epoch, one.rule], [3, 'onlyPrimary']);
    assert.match(one.reason, /b is primary/);
  });

  test('one that goes on grows, and has no end', () => {
    const [one] = story(healthy, [2000, [failing(a, 2), b]], [3000, [failing(a, 2), b]]);
    assert.deepEqual([one?.from, one?.to, one?.ended, one?.lengthMs], ['a', undefined, undefined, 3000]);
  });

  test('a takeover beside an old primary that is still up is one, too', () => {
    const [one] = story(healthy, [250, [primary('a', 1, when(240)), primary('b', 2, when(250))]]);
    assert.deepEqual([one?.from, one?.to, one?.lengthMs], ['a', 'b', 250]);
  });

  test('a primary that was lost and comes back is one, and so is one that was started again', () => {
    const back = story(healthy, [2000, [failing(a, 2), b]], [2100, [primary('a', 1, when(2100)), b]]);
    assert.deepEqual(back.map(({ from, to }) => [from, to]), [['a', 'a']]);
    const again = story(healthy, [400, [primary('a', 1, { ...when(400), startedAt: 'later' }), b]]);
    assert.deepEqual(again.map(({ from, to }) => [from, to]), [['a', 'a']]);
  });

  test('one counts who was ended since the last good answer, who had to wait, and who was refused', () => {
    const [one] = story(
      [0, [a, b], { serverReset: 5, fenced: 5, holds: 5, holdTimeout: 5 }, 10],
      [100, [failing(a), b], { serverReset: 8 }, 7],
      [200, [failing(a, 2), b], { serverReset: 9, holds: 6 }, 6],
      [900, [failing(a, 2), primary('b', 2, when(900))], { holds: 7, holdTimeout: 6 }, 6],
      [950, [failing(a, 2), primary('b', 2, when(950))], { fenced: 7, serverClosed: 30, holds: 70 }],
      [900 + settleMs + 100, [failing(a, 2), primary('b', 2, when(3000))], { fenced: 70 }],
    );
    assert.deepEqual([one?.sessionsEnded, one?.holds, one?.refused], [6, 2, 1]);
  });

  test('one counts no session that only left, and none of another server', () => {
    const left = story([0, [a, b], {}, 10], [
      200,
      [failing(a, 2), b],
      { clientClosed: 4, serverClosed: 1 },
      5,
    ]);
    assert.equal(left[0]?.sessionsEnded, 1);
    const others = story([0, [a, b], {}, 2], [200, [failing(a, 2), b], { serverClosed: 50 }, 1]);
    assert.equal(others[0]?.sessionsEnded, 1);
  });

  test('one counts no new session of a primary that has come back', () => {
    const [one] = story(
      [0, [a, b], {}, 10],
      [200, [failing(a, 2), b], { serverReset: 10 }, 0],
      [300, [primary('a', 1, when(300)), b], {}, 0],
      [400, [primary('a', 1, when(400)), b], {}, 9],
    );
    assert.deepEqual([one?.to, one?.sessionsEnded], ['a', 10]);
  });

  test('are as many as fit, of the latest', () => {
    const steps = Array.from({ length: mostInterruptions + 3 }, (_, index): Step => {
      const ms = (index + 1) * 1000;
      return [ms, [primary('a', 1, { ...when(ms), startedAt: `start ${index}` }), b]];
    });
    const all = story(healthy, ...steps);
    assert.equal(all.length, mostInterruptions);
    assert.equal(all.at(-1)?.ended?.getTime(), start + (mostInterruptions + 3) * 1000);
  });
});
