import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at } from '../../src/contract/counters.ts';
import { cancelRequest, readError, startup } from './packets.ts';
import { other, primary, World } from './world.ts';

function worldWithPrimary(settings: ConstructorParameters<typeof World>[0]): World {
  const world = new World(settings);
  world.publish(primary);
  return world;
}

function leaveAll(world: World): void {
  for (const client of world.clients) client.reset();
}

describe('MAX_SESSIONS', () => {
  test('refuses each client above it, and takes the next one when another has left', () => {
    const world = worldWithPrimary({ maxSessions: 2 });
    const first = world.open();
    world.open();
    const third = world.client(startup);
    const error = readError(third.received);
    equal(error['C'], '53300');
    match(error['M']!, /holds 2 sessions already/);
    first.client.reset();
    world.open();
    equal(world.dialled.length, 3);
    third.fin();
    leaveAll(world);
    world.empty({ limit: 1, clientReset: 3 });
  });

  test('counts those that have said what they want, not those that connect and are silent', () => {
    const world = worldWithPrimary({ maxSessions: 2 });
    const clients = [world.client(), world.client(), world.client()];
    for (const client of clients) client.send(startup);
    equal(world.dialled.length, 2, 'three came at once, and two are served');
    equal(readError(clients[2]!.received)['C'], '53300');
    leaveAll(world);
    world.empty({ limit: 1, clientReset: 2 });
  });

  test('counts those that wait', () => {
    const world = new World({ maxSessions: 2 });
    world.client(startup);
    world.client(startup);
    equal(readError(world.client(startup).received)['C'], '53300');
    leaveAll(world);
    world.empty({ limit: 1, clientReset: 2 });
  });

  test('a client that reads its refusal does not count as a session', () => {
    const world = new World({ maxSessions: 1, holdMs: 100 });
    const slow = world.client(startup);
    world.runtime.advance(100);
    ok(slow.ended && !slow.closed);
    world.publish(primary);
    world.open();
    leaveAll(world);
    world.empty({ holdTimeout: 1, clientReset: 1 });
  });

  test('does not end sessions that were admitted when they are dialled anew', () => {
    const world = worldWithPrimary({ maxSessions: 2 });
    world.client(startup);
    world.client(startup);
    world.client(startup);
    world.publish(other, { fence: true });
    deepEqual(world.pending.map(({ address }) => address), [other, other]);
    leaveAll(world);
    world.empty({ limit: 1, clientReset: 2 });
  });

  test('lets cancel requests through', () => {
    const world = worldWithPrimary({ maxSessions: 1 });
    world.open();
    world.client(cancelRequest());
    const cancelled = world.runtime.lastDial.accept();
    deepEqual(cancelled.received, cancelRequest());
    leaveAll(world);
    cancelled.fin();
    world.empty({ clientReset: 2 });
  });
});

describe('when all places for clients are taken', () => {
  /** Long enough for the minute after the last line of the log. */
  const quietMs = 61_000;

  test('a new client gets the place of the one that has been silent for longest, and sessions stay', () => {
    const world = worldWithPrimary({ maxSessions: 1, maxClients: 3 });
    const { client } = world.open();
    const [silent, half] = [world.client(), world.client(startup.subarray(0, 5))];
    const fourth = world.client();
    deepEqual([silent.aborted, half.closed, fourth.closed], [true, false, false]);
    const fifth = world.client();
    deepEqual([half.aborted, half.received.length, fourth.closed, fifth.closed], [true, 0, false, false]);
    ok(!client.closed);
    equal(world.count('displaced'), 2);
    leaveAll(world);
    world.runtime.advance(quietMs);
    world.empty({ limit: 2, clientReset: 3 });
  });

  test('a thousand silent clients that come again keep nobody out', () => {
    const world = worldWithPrimary({ maxSessions: 20, maxClients: 30 });
    for (let round = 0; round < 20; round++) {
      for (let count = 0; count < 50; count++) world.client();
      world.open();
    }
    equal(world.count('admitted'), 20);
    leaveAll(world);
    world.runtime.advance(quietMs);
    equal(world.count('limit'), 20 * 51 - 30);
    equal(world.count('clientReset'), 30);
  });

  test('one that reads its refusal gives way like one that is silent, be it held before', () => {
    const world = new World({ maxSessions: 2, maxClients: 3, holdMs: 100 });
    const [refused, silent] = [world.client(startup), world.client()];
    world.runtime.advance(100);
    ok(refused.ended);
    world.publish(primary);
    const [first] = [world.open(), world.open()];
    ok(silent.aborted && !refused.closed, 'it has been without a session for less time');
    world.client();
    ok(refused.aborted && !first.client.closed);
    leaveAll(world);
    world.runtime.advance(quietMs);
    world.empty({ holdTimeout: 1, limit: 1, clientReset: 3 });
  });

  test('a client that is the only one without a session is dropped itself', () => {
    const world = worldWithPrimary({ maxSessions: 3, maxClients: 2 });
    const [one, two] = [world.open(), world.open()];
    ok(world.client().aborted);
    ok(!one.client.closed && !two.client.closed);
    equal(world.count('displaced'), 1);
    leaveAll(world);
    world.runtime.advance(quietMs);
    world.empty({ limit: 1, clientReset: 2 });
  });

  test('the log is told after a second and then once a minute: how many, and which address had most', () => {
    const world = worldWithPrimary({ maxSessions: 1, maxClients: 2 });
    const told = () => world.reports.filter(({ kind }) => kind === 'turnedAway');
    for (let count = 0; count < 5; count++) world.client(undefined, '10.9.9.9');
    world.client(undefined, '10.8.8.8');
    world.client();
    world.client();
    deepEqual(told(), []);
    world.runtime.advance(1_000);
    const first = { kind: 'turnedAway', who: 'clients', count: 6, busiest: '10.9.9.9', ofBusiest: 5 };
    deepEqual(told(), [first]);
    world.client();
    world.runtime.advance(59_999);
    deepEqual(told(), [first]);
    world.runtime.advance(1);
    deepEqual(told().slice(1), [{ ...first, count: 1, busiest: '127.0.0.1', ofBusiest: 1 }]);
    leaveAll(world);
    world.runtime.advance(quietMs);
    equal(told().length, 2);
    world.empty({ limit: 7, startupTimeout: 2 });
  });
});

describe('the limits are those of the whole program', () => {
  test('a session of another worker counts against MAX_SESSIONS', () => {
    const world = worldWithPrimary({ maxSessions: 2 });
    world.otherWorker[at.admitted] = 2;
    const refused = world.client(startup);
    equal(readError(refused.received)['C'], '53300');
    world.otherWorker[at.admitted] = 1;
    const served = world.client(startup);
    equal(served.received.length, 0);
    refused.fin();
    served.reset();
    world.empty({ limit: 1, clientReset: 1 });
  });

  test('a client that another worker holds counts against MAX_HELD', () => {
    const world = new World({ maxHeld: 2 });
    world.otherWorker[at.held] = 1;
    const held = world.client(startup);
    const refused = world.client(startup);
    equal(held.received.length, 0);
    match(readError(refused.received)['M']!, /2 clients wait for a server already/);
    refused.fin();
    held.reset();
    world.empty({ limit: 1, clientReset: 1 });
  });

  test('the clients of all workers share the descriptors', () => {
    const world = worldWithPrimary({ maxClients: 3 });
    world.otherWorker[at.active] = 3;
    const dropped = world.client(startup);
    ok(dropped.aborted);
    world.runtime.advance(61_000);
    world.empty({ limit: 1 });
  });
});
