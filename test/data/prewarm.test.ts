/** Connections to the primary that are made before a client needs one. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Dial } from '../bed/fake-runtime.ts';
import { startup } from './packets.ts';
import { firstByte, other, primary, World } from './world.ts';

/** How old one may become. */
const lifeMs = 250;

/** A world in which two clients have come and gone, so that there are so many idle connections, which the primary accepted. */
function warmWorld(prewarm: number): World {
  const world = new World({ prewarm });
  world.publish(primary);
  comeAndGo(world);
  return world;
}

/** Two clients, one after the other, and what is made ahead for the next. */
function comeAndGo(world: World): void {
  for (let client = 0; client < 2; client++) {
    world.client(startup).reset();
    world.runtime.advance(10);
  }
  for (const dial of world.pending) dial.accept();
}

/** All that were ever made ahead in a `warmWorld`, and what others dialled since: the first dials were of its clients. */
function ahead(world: World): readonly Dial[] {
  return world.runtime.dials.slice(2);
}

/** Nothing of an idle connection is left at the end of the program, at which so many clients had been there. */
function endOf(world: World, clients = 2): void {
  world.command({ kind: 'drain' });
  for (const { far } of world.runtime.dials) if (!far.closed) far.fin();
  world.runtime.advance(1_000);
  world.empty(clients === 0 ? {} : { clientReset: clients });
}

describe('connections made ahead', () => {
  test('are not there before a client comes', () => {
    const world = new World({ prewarm: 3 });
    world.publish(primary);
    world.runtime.advance(60_000);
    equal(world.dialled.length, 0);
    endOf(world, 0);
  });

  test('are there for the next client', () => {
    const world = warmWorld(3);
    equal(ahead(world).length, 3);
    deepEqual([...new Set(world.dialled)], ['10.0.0.1']);
    endOf(world);
  });

  test('are not made by a gateway that drains, whichever server becomes primary', () => {
    const world = warmWorld(2);
    world.client(startup).reset();
    const before = world.dialled.length;
    world.command({ kind: 'drain' });
    world.publish(other);
    world.runtime.advance(1_000);
    equal(world.dialled.length, before);
    endOf(world, 3);
  });

  test('are not made with PREWARM=0', () => {
    const world = warmWorld(0);
    world.runtime.advance(60_000);
    equal(world.dialled.length, 2);
    endOf(world);
  });

  test('serve the next client at once, and are replaced', () => {
    const world = warmWorld(1);
    const [idle] = ahead(world);
    const client = world.client(startup);
    deepEqual(idle!.far.received, startup);
    equal(world.count('prewarmed'), 1);
    idle!.far.send(firstByte);
    deepEqual(client.received, firstByte);
    world.runtime.advance(10);
    equal(ahead(world).length, 2);
    client.reset();
    endOf(world, 3);
  });

  test('serve no client before the server has accepted them', () => {
    const world = new World({ prewarm: 1 });
    world.publish(primary);
    world.client(startup).reset();
    world.runtime.advance(10);
    world.client(startup).reset();
    world.runtime.advance(10);
    const client = world.client(startup);
    equal(world.count('prewarmed'), 0);
    equal(world.dialled.length, 4);
    client.reset();
    endOf(world, 3);
  });

  test('are ended by an orderly FIN when they get old, and serve nobody any more', () => {
    const world = warmWorld(1);
    world.runtime.advance(lifeMs);
    const [old] = ahead(world);
    deepEqual([old!.far.ended, old!.far.aborted], [true, false]);
    world.client(startup).reset();
    equal(world.count('prewarmed'), 0);
    endOf(world, 3);
  });

  test('serve nobody when they are old, also where the process was stopped and their timers are late', () => {
    const world = warmWorld(2);
    world.runtime.stall(lifeMs);
    world.client(startup).reset();
    equal(world.count('prewarmed'), 0);
    for (const { far } of ahead(world).slice(0, 2)) deepEqual([far.ended, far.aborted], [true, false]);
    endOf(world, 3);
  });

  test('are not made anew until the next clients come', () => {
    const world = warmWorld(2);
    world.runtime.advance(60_000);
    equal(ahead(world).length, 2);
    comeAndGo(world);
    world.client(startup).reset();
    equal(world.count('prewarmed'), 1);
    endOf(world, 5);
  });

  test('are not made for clients that come now and then', () => {
    const world = new World({ prewarm: 2 });
    world.publish(primary);
    for (let client = 0; client < 5; client++) {
      world.client(startup).reset();
      world.runtime.advance(lifeMs);
    }
    equal(world.dialled.length, 5);
    endOf(world, 5);
  });

  test('are not made for a crowd that comes at once', () => {
    const world = new World({ prewarm: 2 });
    world.publish(primary);
    for (let client = 0; client < 200; client++) world.client(startup).reset();
    world.runtime.advance(60_000);
    equal(world.dialled.length, 200);
    endOf(world, 200);
  });

  test('are there for the next of clients that come one after the other, and none of them is for nobody', () => {
    const world = warmWorld(2);
    for (let client = 0; client < 100; client++) {
      world.runtime.advance(lifeMs - 50);
      world.client(startup).reset();
      world.runtime.advance(10);
      for (const dial of world.pending) dial.accept();
    }
    ok(world.count('prewarmed') >= 99, `${world.count('prewarmed')} of 100`);
    ok(ahead(world).length <= 103, `${ahead(world).length} for 100`);
    endOf(world, 102);
  });

  test('are reset if the server does not answer their FIN', () => {
    const world = warmWorld(1);
    world.runtime.advance(lifeMs + 1_000);
    ok(ahead(world)[0]!.far.aborted);
    endOf(world);
  });

  test('are given up for a new primary, and made there for the next client', () => {
    const world = warmWorld(2);
    world.publish(other, { fence: true });
    for (const { far } of ahead(world)) deepEqual([far.ended, far.aborted], [true, false]);
    comeAndGo(world);
    deepEqual([...new Set(world.dialled.slice(4))], ['10.0.0.2']);
    const last = world.runtime.dials.at(-1)!;
    const client = world.client(startup);
    ok(world.runtime.dials.some(({ far }) => far.received.length > 0 && !far.closed));
    ok(!last.far.ended);
    client.reset();
    equal(world.count('prewarmed'), 1);
    endOf(world, 5);
  });

  test('are given up when the route is withdrawn, and so is what was about to be made', () => {
    const world = warmWorld(1);
    world.client(startup).reset();
    world.publish(undefined);
    world.publish(primary);
    world.runtime.advance(10_000);
    equal(ahead(world).length, 1);
    endOf(world, 3);
  });

  test('are kept when only the texts of the route change', () => {
    const world = warmWorld(1);
    world.command({
      kind: 'route',
      route: { ...world.route, reason: 'another reason' },
      slot: 0,
      standbySlots: [],
    });
    ok(!ahead(world)[0]!.far.ended);
    endOf(world);
  });

  for (const how of ['fin', 'reset'] as const) {
    test(`that the server ends (${how}) serve no client, call for a probe, and none is made for a second`, () => {
      const world = warmWorld(1);
      ahead(world)[0]!.far[how]();
      match(world.suspicions.join(), /ended a connection that it had just accepted|connecting ahead failed/);
      world.client(startup).reset();
      const before = world.dialled.length;
      world.runtime.advance(999);
      equal(world.dialled.length, before);
      world.runtime.advance(1);
      equal(world.dialled.length, before + 1);
      endOf(world, 3);
    });
  }

  test('that the server ends as a client gets them cost that client nothing', () => {
    const world = warmWorld(1);
    const client = world.client(startup);
    ahead(world)[0]!.far.fin();
    equal(client.closed, false);
    world.runtime.advance(100);
    const server = world.runtime.dials.filter(({ pending }) => pending).at(-1)!.accept();
    deepEqual(server.received.length === 0 ? startup : server.received, startup);
    client.reset();
    endOf(world, 3);
  });

  test('grow in number while they are not enough, but not without bound, and are gone when no client comes', () => {
    const world = warmWorld(2);
    const idle = (): number => world.runtime.dials.filter(({ far }) => !far.closed && !far.ended).length;
    const grown: number[] = [];
    for (let round = 0; round < 20; round++) {
      for (let client = 0; client < 40; client++) world.client(startup).reset();
      world.runtime.advance(10);
      for (const dial of world.pending) dial.accept();
      grown.push(idle());
    }
    deepEqual(grown.slice(0, 3), [4, 6, 8]);
    equal(grown.at(-1), 32);
    world.runtime.advance(lifeMs);
    equal(idle(), 0);
    endOf(world, 802);
  });
});
