/** Up to the server's first byte nothing has happened that could not be done again with another server. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytesOf, cancelRequest, startup } from './packets.ts';
import { firstByte, other, primary, World } from './world.ts';

function worldWithPrimary(): World {
  const world = new World();
  world.publish(primary);
  return world;
}

describe('a server that has not said a byte', () => {
  for (const [what, leave] of [['resets', 'reset'], ['closes', 'fin']] as const) {
    test(`and ${what} is dialled again, and the client notices nothing`, () => {
      const world = worldWithPrimary();
      const client = world.client(startup);
      world.runtime.lastDial.accept()[leave]();
      deepEqual([client.closed, client.ended, client.received.length], [false, false, 0]);
      deepEqual([world.count('held'), world.suspicions.length], [1, 1]);
      world.runtime.advance(100);
      const server = world.runtime.lastDial.accept();
      deepEqual(server.received, startup);
      server.send(firstByte);
      deepEqual(client.received, firstByte);
      client.reset();
      world.empty({ clientReset: 1 });
    });
  }

  test('is left for the new primary, which gets all that the client has said', () => {
    const world = worldWithPrimary();
    const client = world.client(startup);
    const frozen = world.runtime.lastDial.accept();
    client.send(firstByte);
    deepEqual(frozen.received, bytesOf(startup, firstByte));
    world.publish(other, { fence: true });
    ok(frozen.aborted);
    deepEqual(world.runtime.lastDial.accept().received, bytesOf(startup, firstByte));
    client.reset();
    world.empty({ clientReset: 1 });
  });

  test('is left when its route is withdrawn, and the client waits', () => {
    const world = worldWithPrimary();
    const client = world.client(startup);
    const frozen = world.runtime.lastDial.accept();
    world.publish(undefined);
    deepEqual([frozen.aborted, world.count('held')], [true, 1]);
    world.publish(primary);
    deepEqual(world.runtime.lastDial.accept().received, startup);
    client.reset();
    world.empty({ clientReset: 1 });
  });
});

test('a server that resets after its first byte ends the client', () => {
  const world = worldWithPrimary();
  const { client, server } = world.open();
  server.reset();
  deepEqual([client.ended, client.received], [true, new Uint8Array(0)]);
  client.fin();
  world.empty({ serverReset: 1 });
});

test('a cancel request whose client has left already reaches the server, which answers by closing', () => {
  const world = worldWithPrimary();
  const client = world.client(cancelRequest());
  client.fin();
  const server = world.runtime.lastDial.accept();
  deepEqual([server.received, client.closed], [cancelRequest(), false]);
  server.fin();
  ok(client.closed);
  equal(world.dialled.length, 1);
  world.empty({ clientClosed: 1 });
});

test('a server that accepts and says nothing for a minute counts as not reached', () => {
  const world = worldWithPrimary();
  const client = world.client(startup);
  const mute = world.runtime.lastDial.accept();
  world.runtime.advance(59_999);
  ok(!mute.closed);
  world.runtime.advance(1);
  deepEqual([mute.aborted, client.closed, world.count('held')], [true, false, 1]);
  world.runtime.advance(100);
  deepEqual(world.runtime.lastDial.accept().received, startup);
  client.reset();
  world.empty({ clientReset: 1 });
});
