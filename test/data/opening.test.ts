import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noRoute } from '../../src/contract/messages.ts';
import {
  bytesOf,
  cancelRequest,
  clientHello,
  gssRequest,
  readError,
  sslRequest,
  startup,
  terminate,
} from './packets.ts';
import { noSockets } from '../../src/contract/sockets.ts';
import { defaults, primary, World } from './world.ts';

function worldWithPrimary(): World {
  const world = new World();
  world.publish(primary);
  return world;
}

describe('before the first packet', () => {
  test('it says where it listens, or that it cannot', () => {
    const world = new World();
    deepEqual(world.reports, [{
      kind: 'listening',
      address: defaults.listen,
      standby: undefined,
      sockets: noSockets,
      now: 1_000,
    }]);
    world.dataPlane.start();
    world.runtime.settle();
    equal(world.reports[1]?.kind, 'listenFailed');
    equal(world.reports[1]?.kind === 'listenFailed' && world.reports[1].code, 'EADDRINUSE');
  });

  test('nothing is dialled, however long it takes, and a port check costs nothing', () => {
    const world = worldWithPrimary();
    const client = world.client();
    world.runtime.advance(defaults.startupTimeoutMs - 1);
    deepEqual([world.dialled, client.closed, world.count('active')], [[], false, 1]);
    client.fin();
    deepEqual(client.received.length, 0);
    world.empty({ clientClosed: 1 });
  });

  test('a client that says nothing is ended in silence', () => {
    const world = worldWithPrimary();
    const client = world.client();
    world.runtime.advance(defaults.startupTimeoutMs);
    deepEqual([client.ended, client.closed, client.received.length], [true, false, 0]);
    client.fin();
    deepEqual([client.closed, client.aborted], [true, false]);
    world.empty({ startupTimeout: 1 });
  });

  test('and one that does not close even then is reset', () => {
    const world = worldWithPrimary();
    const client = world.client();
    world.runtime.advance(defaults.startupTimeoutMs + 999);
    ok(!client.closed);
    world.runtime.advance(1);
    ok(client.aborted);
    world.empty({ startupTimeout: 1 });
  });

  test('a half-close before the first packet is whole is answered with a FIN and nothing else', () => {
    for (const length of [0, 1, 7, startup.length - 1]) {
      const world = worldWithPrimary();
      const client = world.client(startup.subarray(0, length));
      client.fin();
      deepEqual([client.ended, client.aborted, client.received.length, world.dialled], [true, false, 0, []]);
      world.empty({ clientClosed: 1 });
    }
  });

  test('what PostgreSQL closes without a word is closed without a word', () => {
    for (const bytes of [terminate, bytesOf(8, 80877102), cancelRequest(1), cancelRequest(288)]) {
      const world = worldWithPrimary();
      const client = world.client(bytes);
      deepEqual([client.ended, client.closed, client.received.length], [true, false, 0]);
      client.send(bytesOf('what comes late is dropped'));
      client.fin();
      deepEqual([client.aborted, world.dialled], [false, []]);
      world.empty({ refused: 1 });
    }
  });

  test('a protocol before 3 is told in its own format that it is not supported, a later one in ours', () => {
    for (const major of [0, 1, 2]) {
      const world = worldWithPrimary();
      const client = world.client(bytesOf(8, major << 16));
      match(
        new TextDecoder().decode(client.received),
        new RegExp(`^EFATAL: {2}unsupported frontend protocol ${major}\\.0: .*\n\0$`),
      );
      ok(client.ended);
      client.fin();
      deepEqual(world.dialled, []);
      world.empty({ refused: 1 });
    }
    const world = worldWithPrimary();
    const client = world.client(bytesOf(8, 0x0004_0000));
    const error = readError(client.received);
    equal(error['C'], '0A000');
    match(error['M']!, /^unsupported frontend protocol 4\.0:/);
    client.fin();
    world.empty({ refused: 1 });
  });

  test('a reset is counted as one', () => {
    const world = worldWithPrimary();
    world.client().reset();
    world.empty({ clientReset: 1 });
  });

  test('for half a packet no server is dialled, and at the timeout the client is told', () => {
    const world = worldWithPrimary();
    const client = world.client(startup.subarray(0, startup.length - 1));
    world.runtime.advance(defaults.startupTimeoutMs);
    deepEqual(world.dialled, []);
    const error = readError(client.received);
    equal(error['C'], '57014');
    match(error['M']!, /waited 5 s for the rest of the first packet/);
    ok(client.ended && !client.closed, 'it can be read: no reset');
    client.send(bytesOf('what comes late is dropped'));
    client.fin();
    world.empty({ startupTimeout: 1 });
  });

  test('a client that gets its refusal and does not close is ended', () => {
    const world = worldWithPrimary();
    const client = world.client(startup.subarray(0, 4));
    world.runtime.advance(defaults.startupTimeoutMs);
    ok(client.ended && !client.closed);
    world.runtime.advance(defaults.startupTimeoutMs);
    ok(client.aborted);
    world.empty({ startupTimeout: 1 });
  });

  test('garbage is answered readably and no server is dialled', () => {
    const world = worldWithPrimary();
    const client = world.client(bytesOf('help me\n'));
    const error = readError(client.received);
    equal(error['C'], '08P01');
    match(error['M']!, /does not understand this client: it sent text/);
    client.fin();
    deepEqual(world.dialled, []);
    world.empty({ refused: 1 });
  });
});

describe('the first packet', () => {
  for (
    const [name, packet] of Object.entries({
      startup,
      sslRequest,
      gssRequest,
      clientHello,
    })
  ) {
    test(`reaches the primary as it is, however it is cut: ${name}`, () => {
      for (let cut = 1; cut <= packet.length; cut++) {
        const world = worldWithPrimary();
        const client = world.client(packet.subarray(0, cut));
        client.send(packet.subarray(cut));
        deepEqual(world.dialled, ['10.0.0.1']);
        deepEqual(world.runtime.lastDial.options, {
          noDelay: true,
          keepAlive: defaults.keepAlive,
          timeoutMs: defaults.connectTimeoutMs,
        });
        const server = world.runtime.lastDial.accept();
        deepEqual(server.received, packet);
        server.send(bytesOf('answer'));
        deepEqual(client.received, bytesOf('answer'));
        client.send(bytesOf('go on'));
        deepEqual(server.received, bytesOf(packet, 'go on'));
        equal(world.count('upstreamBytes'), packet.length + 5);
        equal(world.count('downstreamBytes'), 6);
        client.fin();
        server.fin();
        world.empty({ clientClosed: 1 });
      }
    });
  }

  test('an open session has no timer', () => {
    const world = worldWithPrimary();
    const { client, server } = world.open();
    equal(world.runtime.timers, 0);
    world.runtime.advance(24 * 3_600_000);
    ok(!client.closed && !server.closed);
    client.reset();
    world.empty({ clientReset: 1 });
  });

  test('what the client says while its server is dialled follows the first packet, in order', () => {
    const world = worldWithPrimary();
    const client = world.client(startup);
    client.send(bytesOf('one,'));
    client.send(bytesOf('two'));
    const server = world.runtime.lastDial.accept();
    deepEqual(server.received, bytesOf(startup, 'one,two'));
    client.reset();
    world.empty({ clientReset: 1 });
  });

  test('a server that takes it slowly gets all of it in order, and the client waits meanwhile', () => {
    const world = worldWithPrimary();
    const client = world.client(startup);
    world.runtime.lastDial.far.limit(5);
    const server = world.runtime.lastDial.accept();
    ok(client.paused);
    client.send(bytesOf('more'));
    deepEqual(server.received, startup.subarray(0, 5));
    server.read(1);
    ok(client.paused);
    server.read(1_000);
    ok(!client.paused);
    deepEqual(server.received, bytesOf(startup, 'more'));
    client.reset();
    world.empty({ clientReset: 1 });
  });
});

describe('a cancel request', () => {
  test('reaches the primary as it is, however it is cut', () => {
    const packet = cancelRequest(32);
    for (let cut = 1; cut <= packet.length; cut++) {
      const world = worldWithPrimary();
      const client = world.client(packet.subarray(0, cut));
      client.send(packet.subarray(cut));
      deepEqual(world.dialled, ['10.0.0.1']);
      const server = world.runtime.lastDial.accept();
      deepEqual(server.received, packet);
      server.fin();
      ok(client.ended);
      client.fin();
      world.empty({ serverClosed: 1 });
    }
  });

  test('goes to the primary and is counted', () => {
    const world = worldWithPrimary();
    const client = world.client(cancelRequest());
    const server = world.runtime.lastDial.accept();
    server.fin();
    ok(client.ended);
    client.fin();
    equal(world.count('cancels'), 1);
    world.empty({ serverClosed: 1 });
  });

  test('goes to the last primary while there is none: its session may still be there', () => {
    const world = worldWithPrimary();
    world.publish(undefined);
    world.client(cancelRequest());
    deepEqual(world.dialled, ['10.0.0.1']);
    equal(world.count('held'), 0);
    world.runtime.lastDial.refuse();
    world.empty({ refused: 1 });
  });

  test('is dropped in silence if there never was a primary', () => {
    const world = new World();
    equal(world.route, noRoute);
    const client = world.client(cancelRequest());
    deepEqual([world.dialled, client.received.length, client.ended], [[], 0, true]);
    client.fin();
    ok(!client.aborted);
    world.empty({ refused: 1 });
  });

  test('is tried once, and its failure calls for no probe', () => {
    const world = worldWithPrimary();
    world.client(cancelRequest());
    world.runtime.lastDial.refuse();
    world.runtime.advance(1_000);
    deepEqual([world.dialled.length, world.suspicions], [1, []]);
    world.empty({ refused: 1 });
  });
});
