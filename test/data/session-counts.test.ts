import { deepEqual, equal } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cancelRequest, startup } from './packets.ts';
import { other, primary, World } from './world.ts';

describe('open sessions are counted with their server', () => {
  test('from its first byte until the end, and not while it is dialled', () => {
    const world = new World();
    world.publish(primary, { slot: 2 });
    const client = world.client(startup);
    const server = world.runtime.lastDial.accept();
    deepEqual(world.served, []);
    server.send(Uint8Array.of(1));
    deepEqual(world.served, [0, 0, 1]);
    client.reset();
    world.empty({ clientReset: 1 });
  });

  test('a session stays where it was counted first, when the route moves on without it', () => {
    const world = new World();
    world.publish(primary, { slot: 0 });
    const old = world.open();
    world.publish(undefined);
    world.publish(primary, { slot: 1 });
    const young = world.open();
    deepEqual(world.served, [1, 1]);
    old.client.reset();
    deepEqual(world.served, [0, 1]);
    young.client.reset();
    world.empty({ clientReset: 2 });
  });

  test('the fence takes them out at once', () => {
    const world = new World();
    world.publish(primary, { slot: 0 });
    world.open();
    world.publish(other, { slot: 1, fence: true });
    deepEqual(world.served, []);
    world.open().client.reset();
    world.empty({ fenced: 1, clientReset: 1 });
  });

  test('neither clients that wait nor cancel requests are sessions', () => {
    const world = new World();
    world.client(startup);
    world.publish(primary, { slot: 0 });
    world.client(cancelRequest());
    const servers = world.pending.map((dial) => dial.accept());
    deepEqual(world.served, []);
    equal(world.count('cancels'), 1);
    for (const client of world.clients) client.reset();
    for (const server of servers) if (!server.closed) server.fin();
    world.empty({ clientReset: 2 });
  });
});
