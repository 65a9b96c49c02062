/** Connections to the primary that are made before a client needs one. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startup } from './packets.ts';
import { firstByte, other, primary, World } from './world.ts';

const refreshMs = 15_000;

/** A world with so many idle connections, which the primary has accepted. */
function warmWorld(prewarm: number): World {
  const world = new World({ prewarm });
  world.publish(primary);
  world.runtime.advance(1);
  for (const dial of world.pending) dial.accept();
  return world;
}

/** The end of the program: nothing of an idle connection is left. */
function endOf(world: World, closes: Parameters<World['empty']>[0]): void {
  world.command({ kind: 'drain' });
  for (const { far } of world.runtime.dials) if (!far.closed) far.fin();
  world.runtime.advance(1_000);
  world.empty(closes);
}

describe('connections made ahead', () => {
  test('are there as soon as there is a route, and none without one', () => {
    const world = new World({ prewarm: 3 });
    world.runtime.advance(1_000);
    equal(world.dialled.length, 0);
    world.publish(primary);
    world.runtime.advance(1);
    deepEqual(world.dialled, ['10.0.0.1', '10.0.0.1', '10.0.0.1']);
    endOf(world, {});
  });

  test('are not made by a gateway that drains, whichever server becomes primary', () => {
    const world = warmWorld(2);
    const before = world.dialled.length;
    world.command({ kind: 'drain' });
    world.publish(other);
    world.runtime.advance(1_000);
    equal(world.dialled.length, before);
    endOf(world, {});
  });

  test('are not made with PREWARM=0', () => {
    const world = warmWorld(0);
    world.runtime.advance(60_000);
    equal(world.dialled.length, 0);
    endOf(world, {});
  });

  test('serve the next client at once, and are replaced', () => {
    const world = warmWorld(1);
    const [idle] = world.runtime.dials;
    const client = world.client(startup);
    deepEqual(idle!.far.received, startup);
    equal(world.count('prewarmed'), 1);
    idle!.far.send(firstByte);
    deepEqual(client.received, firstByte);
    world.runtime.advance(10);
    equal(world.dialled.length, 2);
    client.reset();
    endOf(world, { clientReset: 1 });
  });

  test('serve no client before the server has accepted them', () => {
    const world = new World({ prewarm: 1 });
    world.publish(primary);
    world.runtime.advance(1);
    const client = world.client(startup);
    equal(world.count('prewarmed'), 0);
    equal(world.dialled.length, 2);
    client.reset();
    endOf(world, { clientReset: 1 });
  });

  test('are ended by an orderly FIN when they get old, and made anew', () => {
    const world = warmWorld(1);
    world.runtime.advance(refreshMs);
    const [old] = world.runtime.dials;
    deepEqual([old!.far.ended, old!.far.aborted], [true, false]);
    world.runtime.advance(10);
    equal(world.dialled.length, 2);
    endOf(world, {});
  });

  test('are reset if the server does not answer their FIN', () => {
    const world = warmWorld(1);
    world.runtime.advance(refreshMs + 1_000);
    ok(world.runtime.dials[0]!.far.aborted);
    endOf(world, {});
  });

  test('are given up for a new primary, and made there', () => {
    const world = warmWorld(2);
    world.publish(other, { fence: true });
    world.runtime.advance(1);
    deepEqual(world.dialled, ['10.0.0.1', '10.0.0.1', '10.0.0.2', '10.0.0.2']);
    for (const { far } of world.runtime.dials.slice(0, 2)) deepEqual([far.ended, far.aborted], [true, false]);
    for (const dial of world.pending) dial.accept();
    world.client(startup);
    deepEqual(world.runtime.dials[2]!.far.received, startup);
    world.clients[0]!.reset();
    endOf(world, { clientReset: 1 });
  });

  test('are given up when the route is withdrawn', () => {
    const world = warmWorld(1);
    world.publish(undefined);
    ok(world.runtime.dials[0]!.far.ended);
    world.runtime.advance(10_000);
    equal(world.dialled.length, 1);
    endOf(world, {});
  });

  test('are kept when only the texts of the route change', () => {
    const world = warmWorld(1);
    world.command({
      kind: 'route',
      route: { ...world.route, reason: 'another reason' },
      slot: 0,
      standbySlots: [],
    });
    world.runtime.advance(100);
    equal(world.dialled.length, 1);
    endOf(world, {});
  });

  for (const how of ['fin', 'reset'] as const) {
    test(`that the server ends (${how}) serve no client, call for a probe, and are made anew a second later`, () => {
      const world = warmWorld(1);
      world.runtime.dials[0]!.far[how]();
      match(world.suspicions.join(), /ended a connection that it had just accepted|connecting ahead failed/);
      world.runtime.advance(999);
      equal(world.dialled.length, 1);
      world.runtime.advance(1);
      equal(world.dialled.length, 2);
      endOf(world, {});
    });
  }

  test('that the server ends as a client gets them cost that client nothing', () => {
    const world = warmWorld(1);
    const client = world.client(startup);
    world.runtime.dials[0]!.far.fin();
    equal(client.closed, false);
    world.runtime.advance(100);
    const server = world.runtime.dials.filter(({ pending }) => pending).at(-1)!.accept();
    deepEqual(server.received.length === 0 ? startup : server.received, startup);
    client.reset();
    endOf(world, { clientReset: 1 });
  });

  test('grow in number when many clients come, and shrink again', () => {
    const world = warmWorld(2);
    for (let count = 0; count < 200; count++) world.client(startup).reset();
    world.runtime.advance(10);
    for (const dial of world.pending) dial.accept();
    const idle = (): number => world.runtime.dials.filter(({ far }) => !far.closed && !far.ended).length;
    equal(idle(), 20);
    for (let second = 0; second < 20; second++) {
      for (const { far } of world.runtime.dials) if (far.ended && !far.closed) far.fin();
      world.runtime.advance(1_000);
      for (const dial of world.pending) dial.accept();
    }
    equal(idle(), 2);
    endOf(world, { clientReset: 200 });
  });
});
