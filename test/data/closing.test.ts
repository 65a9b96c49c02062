import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at } from '../../src/contract/counters.ts';
import { patterned } from '../runtime/peer.ts';
import { startup } from './packets.ts';
import { defaults, firstByte, primary, World } from './world.ts';

function openWorld() {
  const world = new World();
  world.publish(primary);
  return { world, ...world.open() };
}

describe('an open session', () => {
  test('ends when the client and then the server say their FIN', () => {
    const { world, client, server } = openWorld();
    client.fin();
    ok(server.ended && !client.ended);
    server.send(patterned(10));
    deepEqual(client.received, patterned(10));
    server.fin();
    ok(client.ended);
    world.empty({ clientClosed: 1 });
  });

  test('ends when the server and then the client say their FIN', () => {
    const { world, client, server } = openWorld();
    server.fin();
    ok(client.ended && !server.ended);
    client.send(patterned(10));
    deepEqual(server.received.subarray(startup.length), patterned(10));
    client.fin();
    world.empty({ serverClosed: 1 });
    deepEqual(world.suspicions, []);
  });

  test('whose client has said its FIN ends when its server was silent for 15 minutes after that', () => {
    const { world, client, server } = openWorld();
    const minute = 60_000;
    client.fin();
    world.runtime.advance(10 * minute);
    world.counters[at.clock] = world.runtime.now();
    server.send(patterned(10));
    world.runtime.advance(15 * minute - 1);
    ok(!client.closed && !server.closed);
    world.runtime.advance(1);
    ok(client.aborted && server.aborted);
    world.empty({ clientClosed: 1 });
  });

  test('whose client has said its FIN and reads slowly does not end', () => {
    const { world, client, server } = openWorld();
    client.limit(10);
    client.fin();
    server.send(patterned(100));
    world.runtime.advance(3_600_000);
    ok(!client.closed && server.paused);
    client.read(90);
    server.fin();
    deepEqual([client.received, client.ended], [patterned(100), true]);
    world.empty({ clientClosed: 1 });
  });

  test('whose client is gone ends when its server has not taken for 5 s what the client had said', () => {
    const { world, client, server } = openWorld();
    server.limit(10);
    client.send(patterned(100));
    client.send(patterned(100));
    ok(client.paused);
    client.reset();
    world.runtime.advance(4_999);
    ok(!client.closed && !server.closed);
    world.runtime.advance(1);
    ok(client.closed && server.aborted);
    world.empty({ clientReset: 1 });
  });

  test('whose client is gone ends as ever when its server has taken what the client had said', () => {
    const { world, client, server } = openWorld();
    server.limit(10);
    client.send(patterned(100));
    client.send(patterned(100));
    client.reset();
    world.runtime.advance(1_000);
    server.read(1_000);
    deepEqual(server.received.subarray(startup.length).length, 200);
    ok(client.closed && server.aborted);
    world.empty({ clientReset: 1 });
  });

  test('gives a slow client its tail before the FIN', () => {
    const { world, client, server } = openWorld();
    client.limit(10);
    server.send(patterned(100));
    ok(server.paused);
    client.read(50);
    ok(server.paused);
    server.fin();
    client.read(40);
    deepEqual([client.received, client.ended], [patterned(100), true]);
    client.fin();
    world.empty({ serverClosed: 1 });
  });

  test('a client that does not close when its server has is ended after 30 s', () => {
    const { world, client, server } = openWorld();
    server.fin();
    world.runtime.advance(29_999);
    ok(!client.closed);
    world.runtime.advance(1);
    ok(client.aborted && server.aborted);
    world.empty({ serverClosed: 1 });
  });

  test('a slow client is not ended before it has its tail', () => {
    const { world, client, server } = openWorld();
    client.limit(10);
    server.send(patterned(100));
    server.fin();
    world.runtime.advance(300_000);
    ok(!client.closed && !client.ended);
    client.read(1_000);
    deepEqual([client.received, client.ended], [patterned(100), true]);
    client.fin();
    world.empty({ serverClosed: 1 });
  });

  test('a slow client gets all that its server said before a reset, however long it takes', () => {
    const { world, client, server } = openWorld();
    client.limit(10);
    server.send(patterned(100));
    server.send(patterned(100, 100));
    ok(server.paused);
    server.reset();
    world.runtime.advance(300_000);
    ok(!client.closed && !client.ended);
    client.read(50);
    world.runtime.advance(300_000);
    ok(!client.closed && !client.ended);
    client.read(60);
    world.runtime.advance(300_000);
    ok(!client.closed && !client.ended);
    client.read(1_000);
    deepEqual([client.received, client.ended, client.aborted], [patterned(200), true, false]);
    client.fin();
    world.empty({ serverReset: 1 });
  });

  test('ends when both sides have reset while neither was read', () => {
    for (const order of [['client', 'server'], ['server', 'client']] as const) {
      const { world, client, server } = openWorld();
      client.limit(0);
      server.limit(0);
      client.send(patterned(100));
      server.send(patterned(100));
      client.send(patterned(100, 100));
      server.send(patterned(100, 100));
      ok(client.paused && server.paused);
      for (const end of order) ({ client, server })[end].reset();
      world.runtime.advance(1);
      // The one that breaks second lets the first be read, and is told first.
      world.empty(order[0] === 'client' ? { serverReset: 1 } : { clientReset: 1 });
    }
  });

  test("a client's reset ends the server, and calls for no probe", () => {
    const { world, client, server } = openWorld();
    client.reset();
    ok(server.aborted);
    deepEqual(world.suspicions, []);
    world.empty({ clientReset: 1 });
  });

  test("a server's reset ends the client, and calls for a probe", () => {
    const { world, client, server } = openWorld();
    server.send(patterned(10));
    server.reset('ETIMEDOUT');
    deepEqual([client.received, client.ended, client.aborted], [patterned(10), true, false]);
    client.send(startup);
    client.fin();
    deepEqual(world.suspicions, ['the server ended a session with ETIMEDOUT']);
    world.empty({ serverReset: 1 });
  });

  test('many resets within 50 ms call for one probe, and later ones for another', () => {
    const { world, server } = openWorld();
    const servers = [server, world.open().server, world.open().server, world.open().server];
    servers[0]!.reset();
    world.runtime.advance(49);
    servers[1]!.reset();
    equal(world.suspicions.length, 1);
    world.runtime.advance(1);
    servers[2]!.reset();
    servers[3]!.reset();
    equal(world.suspicions.length, 2);
    for (const client of world.clients) client.fin();
    world.empty({ serverReset: 4 });
  });

  test('the first reason is the one that counts', () => {
    const { world, client, server } = openWorld();
    client.fin();
    server.reset();
    ok(client.closed);
    const second = world.open();
    second.server.fin();
    second.client.reset();
    world.empty({ clientClosed: 1, serverClosed: 1 });
  });
});

describe('the tail of a session', () => {
  test('each direction waits only for its own sink', () => {
    const { world, client, server } = openWorld();
    client.limit(0);
    server.send(patterned(100));
    client.send(patterned(50));
    deepEqual(server.received.subarray(startup.length), patterned(50));
    ok(server.paused && !client.paused);
    equal(world.count('downstreamBytes'), firstByte.length);
    client.read(1_000);
    ok(!server.paused);
    equal(world.count('downstreamBytes'), firstByte.length + 100);
    client.reset();
    world.empty({ clientReset: 1 });
  });
});

describe('a client that leaves', () => {
  test('by a reset while its server is dialled leaves no server behind, and no suspicion', () => {
    const world = new World();
    world.publish(primary);
    const client = world.client(startup);
    client.reset();
    ok(!world.runtime.lastDial.pending);
    world.runtime.lastDial.accept();
    equal(world.runtime.lastDial.far.received.length, 0);
    deepEqual(world.suspicions, []);
    world.empty({ clientReset: 1 });
  });

  test('in the step in which its server answers is gone all the same', () => {
    for (const first of ['client', 'server']) {
      const world = new World();
      world.publish(primary);
      const client = world.client(startup);
      world.runtime.together(() => {
        if (first === 'client') client.reset();
        world.runtime.lastDial.accept();
        if (first === 'server') client.reset();
      });
      world.empty({ clientReset: 1 });
    }
  });

  test('in the step in which the route comes is not dialled, or its server is dropped', () => {
    const world = new World();
    const client = world.client(startup);
    world.runtime.together(() => {
      world.dataPlane.command({
        kind: 'route',
        route: { ...world.route, epoch: 1, primary },
        slot: 0,
        standbySlots: [],
      });
      client.fin();
    });
    world.runtime.advance(defaults.connectTimeoutMs);
    world.empty({ clientClosed: 1 });
  });
});
