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

describe('the bound above it', () => {
  test('drops each new client before it has sent a byte, and leaves the others alone', () => {
    const world = worldWithPrimary({ maxSessions: 1, maxClients: 3 });
    const { client } = world.open();
    world.client();
    world.client(startup);
    const fourth = world.client();
    ok(fourth.aborted);
    equal(fourth.received.length, 0);
    world.clients[1]!.reset();
    const fifth = world.client();
    ok(!fifth.closed && !client.closed);
    leaveAll(world);
    world.empty({ limit: 2, clientReset: 3 });
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
    world.empty({ limit: 1 });
  });
});
