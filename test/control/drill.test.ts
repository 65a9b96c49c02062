import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Observation } from '../../src/cluster/observation.ts';
import { everyStandby } from '../../src/cluster/rotation.ts';
import type { Route } from '../../src/contract/messages.ts';
import { Controller } from '../../src/control/controller.ts';
import type { LogFields } from '../../src/log.ts';
import { failing, now, primary, rules, standby } from '../cluster/scene.ts';

const nothing = () => {};
const [a, b] = [primary('a'), standby('b')];

/** A controller with a route to `a`, and what it publishes and logs. */
function controlling() {
  const routes: Route[] = [];
  const lines: [string, LogFields | undefined][] = [];
  const dataPlane = {
    ...{ renewLeases: nothing, publish: (route: Route) => void routes.push(route) },
    ...{ sessionsOn: () => 0, endDead: nothing, endStandbySessions: nothing },
  };
  const options = { rules, rotation: everyStandby, hasStandbyPort: false, deadAfterMs: 1000, probeMs: 1800 };
  const controller = new Controller(options, dataPlane, { setFast: nothing }, (event, fields) => {
    lines.push([event, fields]);
  });
  const decide = (observations: readonly Observation[], afterMs = 0): Route => {
    controller.decide(observations, now + afterMs);
    return controller.route;
  };
  const before = decide([a, b]);
  return { controller, decide, before, routes, lines, events: () => lines.map(([event]) => event) };
}

const failovers = ({ history }: Controller) =>
  [...history.failovers.values()].reduce((sum, count) => sum + count, 0);

describe('the drill no-primary', () => {
  test('withdraws the route, says why, ends no session, and is over by itself', () => {
    const { controller, decide, before, lines, events } = controlling();
    controller.rehearse('no-primary', 1000, now);
    const during = decide([a, b], 1);
    assert.deepEqual([during.primary, during.fence], [undefined, before.fence]);
    assert.equal(during.reason, 'a drill: new clients wait although a is primary on timeline 1');
    assert.deepEqual(decide([a, b], 999), during);
    assert.deepEqual(controller.drill, { kind: 'no-primary', until: now + 1000 });
    const after = decide([a, b], 1000);
    assert.deepEqual([after.primary, after.fence, after.reason], [
      before.primary,
      before.fence,
      before.reason,
    ]);
    assert.equal(controller.drill, undefined);
    assert.deepEqual(events(), ['verdict', 'drill', 'verdict', 'drill_over', 'verdict']);
    assert.deepEqual(lines.map(([, fields]) => fields?.['drill']), [
      undefined,
      'no-primary',
      'no-primary',
      'no-primary',
      undefined,
    ]);
    assert.deepEqual(lines[3]?.[1]?.['why'], 'its time is over');
  });

  test('leaves the verdict true, is marked in the journal, and is no failover', () => {
    const { controller, decide } = controlling();
    controller.rehearse('no-primary', 1000, now);
    decide([a, b], 1);
    assert.equal(controller.verdict?.primary?.candidate.name, 'a');
    decide([a, b], 1000);
    const entries = controller.journal.entries.map(({ primary, drill }) => [primary, drill]);
    assert.deepEqual(entries, [['a', undefined], ['a', 'no-primary'], ['a', undefined]]);
    assert.ok(!Object.hasOwn(controller.journal.entries[0]!, 'drill'));
    assert.equal(failovers(controller), 0);
    assert.deepEqual([...controller.history.drills], [['no-primary', 1], ['fence', 0]]);
  });

  test('hides no loss: it is over, and the loss is told as always', () => {
    const { controller, decide, lines, events } = controlling();
    controller.rehearse('no-primary', 1000, now);
    decide([a, b], 1);
    const lost = decide([failing(a, 2), b], 2);
    assert.equal(lost.reason, 'a is down; b is a standby');
    assert.deepEqual(events().slice(-3), ['drill_over', 'candidate_down', 'no_primary']);
    assert.match(String(lines.at(-3)?.[1]?.['why']), /what follows is no drill/);
    // What comes back is a route at once, although the time of the drill is not over.
    assert.deepEqual(decide([a, b], 3).primary, { host: a.answer?.host, port: 5432 });
  });

  test('ends for another primary, whose sessions before are fenced', () => {
    const { controller, decide, before } = controlling();
    controller.rehearse('no-primary', 1000, now);
    decide([a, b], 1);
    const next = decide([a, primary('b', 2, { host: '192.0.2.2' })], 2);
    assert.deepEqual(next.primary, { host: '192.0.2.2', port: 5432 });
    assert.ok(next.fence > before.fence && next.fence === next.epoch);
    assert.equal(failovers(controller), 1);
    assert.equal(controller.drill, undefined);
  });
});

describe('the drill fence', () => {
  test('ends the sessions of older epochs once, goes on with the same primary, and is no failover', () => {
    const { controller, decide, before, routes, events } = controlling();
    controller.rehearse('fence', 0, now);
    const after = decide([a, b], 1);
    assert.deepEqual([after.epoch, after.fence], [before.epoch + 1, before.epoch + 1]);
    assert.deepEqual(after.primary, before.primary);
    assert.deepEqual(decide([a, b], 2), after);
    assert.equal(routes.length, 2);
    assert.deepEqual(events(), ['verdict', 'drill', 'verdict']);
    assert.equal(failovers(controller), 0);
    assert.equal(controller.journal.entries.at(-1)?.drill, 'fence');
  });

  test('is none if another primary is elected in the same moment', () => {
    const { controller, decide } = controlling();
    controller.rehearse('fence', 0, now);
    decide([a, primary('b', 2)], 1);
    assert.equal(failovers(controller), 1);
    assert.equal(controller.journal.entries.at(-1)?.drill, undefined);
  });
});
