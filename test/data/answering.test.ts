/** Up to the server's first byte nothing has happened that could not be done again with another server. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  bytesOf,
  cancelRequest,
  clientHello,
  message,
  readError,
  sslRequest,
  startup,
  terminate,
} from './packets.ts';
import { defaults, firstByte, other, primary, World } from './world.ts';

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

describe('a client on which its server hangs up without a byte', () => {
  for (const how of ['fin', 'reset'] as const) {
    test(`is closed in the same way if that happens again and a probe was answered meanwhile: ${how}`, () => {
      const world = worldWithPrimary();
      world.lease(world.runtime.now() + 1_000);
      const client = world.client(clientHello);
      world.runtime.lastDial.accept()[how]();
      deepEqual([world.count('held'), client.ended], [1, false]);
      world.lease(world.runtime.now() + 2_000);
      world.runtime.advance(100);
      world.runtime.lastDial.accept()[how]();
      deepEqual([client.received.length, client.ended, client.aborted], [0, true, false]);
      world.runtime.advance(500);
      deepEqual([world.dialled.length, world.count('held')], [2, 0]);
      client.fin();
      world.empty({ serverClosed: 1 });
    });
  }

  test('waits on if no probe was answered since: the server may be on its way down', () => {
    const world = worldWithPrimary();
    world.lease(world.runtime.now() + 1_000);
    const client = world.client(clientHello);
    for (let count = 0; count < 5; count++) {
      world.runtime.lastDial.accept().fin();
      world.runtime.advance(100);
    }
    deepEqual([world.dialled.length, client.ended], [6, false]);
    client.reset();
    world.empty({ clientReset: 1 });
  });

  test('waits on if what fails the second time is no hang-up', () => {
    const world = worldWithPrimary();
    world.lease(world.runtime.now() + 1_000);
    const client = world.client(startup);
    world.runtime.lastDial.accept().fin();
    world.lease(world.runtime.now() + 2_000);
    world.runtime.advance(100);
    world.runtime.lastDial.refuse();
    world.runtime.advance(100);
    deepEqual(world.runtime.lastDial.accept().received, startup);
    ok(!client.ended);
    client.reset();
    world.empty({ clientReset: 1 });
  });
});

describe('a client that half-closes before its server has said a byte', () => {
  const script = bytesOf(startup, message('Q', bytesOf('select 1\0')), terminate);

  for (const [what, bytes] of Object.entries({ startup, sslRequest, script })) {
    test(`gets its answers, and its server the FIN after its bytes: ${what}`, () => {
      for (const when of ['before the server is there', 'when it is there'] as const) {
        const world = worldWithPrimary();
        const client = world.client(bytes);
        if (when === 'before the server is there') client.fin();
        const server = world.runtime.lastDial.accept();
        if (when === 'when it is there') client.fin();
        deepEqual([server.received, server.ended, client.closed], [bytes, true, false]);
        server.send(firstByte);
        server.send(bytesOf('all the rest'));
        server.fin();
        deepEqual(client.received, bytesOf(firstByte, 'all the rest'));
        deepEqual([client.ended, client.aborted], [true, false]);
        deepEqual(world.suspicions, []);
        world.empty({ clientClosed: 1 });
      }
    });
  }

  test('gets them also when its server takes the bytes slowly', () => {
    const world = worldWithPrimary();
    const client = world.client(script);
    client.fin();
    world.runtime.lastDial.far.limit(5);
    const server = world.runtime.lastDial.accept();
    ok(!server.ended);
    server.read(1_000);
    deepEqual([server.received, server.ended], [script, true]);
    client.reset();
    world.empty({ clientClosed: 1 });
  });

  test('waits for a server if it asks something, and the next one gets the FIN, too', () => {
    for (const isHeld of [true, false]) {
      const world = new World();
      if (!isHeld) world.publish(primary);
      const client = world.client(script);
      client.fin();
      if (!isHeld) {
        world.runtime.lastDial.accept().reset();
        world.publish(undefined);
      }
      equal(world.count('held'), 1);
      world.publish(other);
      const server = world.runtime.lastDial.accept();
      deepEqual([server.received, server.ended], [script, true]);
      server.send(firstByte);
      server.fin();
      deepEqual([client.received, client.ended, client.aborted], [firstByte, true, false]);
      world.empty({ clientClosed: 1 });
    }
  });

  test('and asks something is told when there is no server for it', () => {
    const world = new World();
    const client = world.client(script);
    client.fin();
    world.runtime.advance(defaults.holdMs);
    equal(readError(client.received)['C'], '57P03');
    deepEqual([client.ended, client.aborted], [true, false]);
    world.empty({ holdTimeout: 1 });
  });

  test('takes no place among those that wait if it asks nothing, as one that has given up', () => {
    for (const bytes of [startup, bytesOf(startup, terminate), sslRequest]) {
      const world = worldWithPrimary();
      const client = world.client(bytes);
      client.fin();
      world.runtime.lastDial.refuse();
      deepEqual([world.count('held'), client.closed, client.aborted], [0, true, false]);
      world.empty({ clientClosed: 1 });
    }
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
