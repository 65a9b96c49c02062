/** A machine without a free port or descriptor: its own trouble, and no word about the server. */
import { deepEqual, equal } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { firstByte, primary, World } from './world.ts';
import { startup } from './packets.ts';

const overMs = 10_000;

function reports(world: World): string[] {
  return world.reports.filter(({ kind }) => kind === 'suspicion' || kind === 'shortage').map(({ kind }) =>
    kind
  );
}

describe('a dial that this machine cannot make', () => {
  for (const code of ['EADDRNOTAVAIL', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']) {
    test(`for ${code} is a shortage and no suspicion, and the client waits`, () => {
      const world = new World();
      world.publish(primary);
      const client = world.client(startup);
      world.runtime.lastDial.refuse(code);
      deepEqual(reports(world), ['shortage']);
      equal(world.count('held'), 1);
      world.runtime.advance(1_000);
      world.runtime.lastDial.accept().send(firstByte);
      deepEqual(client.received, firstByte);
      client.reset();
      world.empty({ clientReset: 1 });
    });
  }

  test('is reported once until there was none for ten seconds', () => {
    const world = new World({ holdMs: 60_000 });
    world.publish(primary);
    const client = world.client(startup);
    for (const end = world.runtime.now() + 20_000; world.runtime.now() < end; world.runtime.advance(100)) {
      for (const dial of world.pending) dial.refuse('EADDRNOTAVAIL');
    }
    deepEqual(reports(world), ['shortage']);
    for (const dial of world.pending) dial.accept().send(firstByte);
    world.runtime.advance(overMs);
    const late = world.client(startup);
    world.runtime.lastDial.refuse('EMFILE');
    deepEqual(reports(world), ['shortage', 'shortage']);
    for (const each of [client, late]) each.reset();
  });

  test('is no suspicion either where a connection is made ahead', () => {
    const world = new World({ prewarm: 1 });
    world.publish(primary);
    // Only clients that come one after the other are a reason to make one.
    for (let client = 0; client < 2; client++) {
      world.client(startup).reset();
      world.runtime.advance(10);
    }
    world.runtime.lastDial.refuse('EADDRNOTAVAIL');
    deepEqual(reports(world), ['shortage']);
    const before = world.dialled.length;
    world.client(startup).reset();
    world.runtime.advance(999);
    equal(world.dialled.length, before + 1, 'for a second only what the client needs');
    world.runtime.advance(1);
    equal(world.dialled.length, before + 2);
  });
});
