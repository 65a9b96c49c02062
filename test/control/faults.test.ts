/** An exception in the control plane ends what it was for, is said, and changes nothing for clients. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { everyStandby } from '../../src/cluster/rotation.ts';
import type { Route } from '../../src/contract/messages.ts';
import { Controller } from '../../src/control/controller.ts';
import { OwnFaults } from '../../src/control/own-faults.ts';
import { now, primary, rules, standby } from '../cluster/scene.ts';

const bug = (): never => {
  throw new TypeError('undefined is not what it should be');
};

/** A controller whose log lines, leases and routes are kept. */
function controlling() {
  const lines: string[] = [];
  const routes: Route[] = [];
  const scene = { leases: 0, publish: (_: Route) => {} };
  const faults = new OwnFaults(() => now, (event, fields) => lines.push(`${event} ${fields?.['where']}`));
  const dataPlane = {
    renewLeases: () => void (scene.leases += 1),
    publish: (route: Route) => {
      scene.publish(route);
      routes.push(route);
    },
    sessionsOn: () => 0,
    endDead: () => {},
    endStandbySessions: () => {},
  };
  const options = {
    rules,
    rotation: everyStandby,
    hasStandbyPort: false,
    deadAfterMs: 1000,
    probeMs: 1800,
  };
  const guard = faults.guard.bind(faults);
  const controller = new Controller(options, dataPlane, { setFast: () => {} }, () => {}, guard);
  const decide = (...names: readonly ReturnType<typeof primary>[]): void =>
    faults.guard('decision', () => controller.decide(names, now));
  return { controller, faults, lines, routes, scene, decide };
}

describe('an exception', () => {
  test('in an election keeps the route and renews no lease; the next election publishes', () => {
    const { controller, decide, lines, routes, scene } = controlling();
    decide(primary('a'));
    const { leases } = scene;
    decide(undefined as unknown as ReturnType<typeof primary>);
    assert.deepEqual(lines, ['fault decision']);
    assert.equal(scene.leases, leases, 'what was not judged must not count for longer');
    assert.equal(controller.route, routes.at(-1));
    decide(primary('a'), standby('b'));
    assert.equal(scene.leases, leases + 1);
    assert.equal(routes.length, 2);
  });

  test('while the route is published does not lose the route', () => {
    const { decide, routes, scene } = controlling();
    scene.publish = bug;
    decide(primary('a'));
    assert.equal(routes.length, 0);
    scene.publish = () => {};
    decide(primary('a'));
    assert.equal(routes.length, 1);
    assert.ok(routes.at(0)?.primary);
  });

  for (const part of ['evidence', 'history', 'journal'] as const) {
    test(`in the ${part} keeps no route from being published, and does not stop the pace`, () => {
      const { controller, decide, lines, routes } = controlling();
      for (const method of ['note', 'add']) {
        if (method in controller[part]) Object.assign(controller[part], { [method]: bug });
      }
      decide(primary('a'));
      assert.equal(routes.length, 1);
      assert.ok(routes[0]?.primary);
      assert.deepEqual(lines, ['fault record']);
    });
  }

  test('in the log is no exception of whoever logs', () => {
    const faults = new OwnFaults(() => now, bug);
    faults.note('anywhere', new Error('x'));
    assert.equal(faults.count, 1);
  });
});
