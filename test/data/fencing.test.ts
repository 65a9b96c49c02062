import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cancelRequest, readError, startup } from './packets.ts';
import { defaults, other, primary, World } from './world.ts';

function worldWithPrimary(): World {
  const world = new World();
  world.publish(primary);
  return world;
}

describe('a new primary with a fence', () => {
  test('ends every session of an older epoch on both sides at once, silent and stalled ones too', () => {
    const world = worldWithPrimary();
    const silent = world.open();
    const stalled = world.open();
    stalled.client.limit(0);
    stalled.server.send(startup);
    world.publish(other, { fence: true });
    for (const { client, server } of [silent, stalled]) ok(client.aborted && server.aborted);
    world.empty({ fenced: 2 });
  });

  test('leaves those of its own epoch alone', () => {
    const world = worldWithPrimary();
    const old = world.open();
    world.publish(other, { fence: true });
    const young = world.open();
    world.command({ kind: 'route', route: world.route, slot: 0, standbySlots: [] });
    ok(old.client.closed && !young.client.closed);
    young.client.reset();
    world.empty({ fenced: 1, clientReset: 1 });
  });

  test('dials anew for a client whose server has not answered, and the client notices nothing', () => {
    const world = worldWithPrimary();
    const client = world.client(startup);
    const first = world.runtime.lastDial;
    world.publish(other, { fence: true });
    ok(!first.pending);
    deepEqual(world.dialled, ['10.0.0.1', '10.0.0.2']);
    deepEqual(world.runtime.lastDial.accept().received, startup);
    deepEqual([client.received.length, client.closed, first.far.received.length], [0, false, 0]);
    deepEqual(world.suspicions, []);
    client.reset();
    world.empty({ clientReset: 1 });
  });

  test('holds that client if there is no primary yet', () => {
    const world = worldWithPrimary();
    world.client(startup);
    world.publish(undefined, { fence: true });
    deepEqual([world.pending.length, world.count('held'), world.count('holds')], [0, 1, 1]);
    world.publish(other);
    deepEqual(world.runtime.lastDial.accept().received, startup);
    world.clients[0]!.reset();
    world.empty({ clientReset: 1 });
  });

  test('leaves a cancel request that is being dialled alone', () => {
    const world = worldWithPrimary();
    const client = world.client(cancelRequest());
    world.publish(other, { fence: true });
    deepEqual(world.dialled, ['10.0.0.1']);
    const server = world.runtime.lastDial.accept();
    deepEqual(server.received, cancelRequest());
    server.fin();
    client.fin();
    world.empty({ serverClosed: 1 });
  });

  test('leaves those alone that wait, or that are being refused', () => {
    const world = new World({ maxHeld: 1 });
    world.client(startup);
    const refused = world.client(startup);
    world.publish(other, { fence: true });
    deepEqual(world.runtime.lastDial.accept().received, startup);
    ok(!refused.closed);
    refused.fin();
    world.clients[0]!.reset();
    world.empty({ limit: 1, clientReset: 1 });
  });
});

describe('without a fence', () => {
  test('a route that is withdrawn ends no session', () => {
    const world = worldWithPrimary();
    const { client, server } = world.open();
    world.publish(undefined);
    server.send(startup);
    client.send(startup);
    deepEqual(client.received, startup);
    equal(server.received.length, 2 * startup.length);
    client.fin();
    server.fin();
    world.empty({ clientClosed: 1 });
  });

  test('the same primary again fences no session', () => {
    const world = worldWithPrimary();
    const { client } = world.open();
    world.publish(undefined);
    world.publish(primary);
    ok(!client.closed);
    client.reset();
    world.empty({ clientReset: 1 });
  });
});

describe('the death verdict', () => {
  test('ends the sessions of that server and no others', () => {
    const world = worldWithPrimary();
    const dead = world.open();
    world.publish({ host: '10.0.0.1', port: 5433 });
    const samePort = world.open();
    world.publish({ path: '/run/postgres' });
    const unix = world.open();
    world.publish(undefined);
    world.client(startup);
    world.command({ kind: 'endDead', server: primary });
    ok(dead.client.aborted && dead.server.aborted);
    ok(!samePort.client.closed && !unix.client.closed);
    world.command({ kind: 'endDead', server: { path: '/run/postgres' } });
    ok(unix.client.aborted && !samePort.client.closed);
    equal(world.count('held'), 1);
    for (const client of world.clients) client.reset();
    world.empty({ fenced: 2, clientReset: 2 });
  });
});

describe('the death verdict over a server that has not answered', () => {
  test('sends its clients to the next primary, or lets them wait; a cancel request has its own deadline', () => {
    const world = worldWithPrimary();
    const client = world.client(startup);
    const cancel = world.client(cancelRequest());
    for (const dial of world.pending) dial.accept();
    world.command({ kind: 'endDead', server: primary });
    deepEqual([client.closed, cancel.closed, world.count('held')], [false, false, 1]);
    world.runtime.advance(defaults.connectTimeoutMs);
    ok(cancel.ended);
    cancel.fin();
    world.publish(other);
    deepEqual(world.runtime.lastDial.accept().received, startup);
    client.reset();
    world.empty({ clientReset: 1, serverClosed: 1 });
  });
});

describe('drain', () => {
  test('refuses clients that wait, takes no new ones, and leaves sessions alone', () => {
    const world = worldWithPrimary();
    const { client, server } = world.open();
    world.publish(undefined);
    const held = world.client(startup);
    const early = world.client();
    world.command({ kind: 'drain' });
    for (const refused of [held, early]) {
      if (refused === early) early.send(startup);
      const error = readError(refused.received);
      deepEqual([error['C'], error['M']], ['57P03', 'pg_gateway is shutting down']);
      refused.fin();
    }
    equal(world.count('held'), 0);
    server.send(startup);
    deepEqual(client.received, startup);
    try {
      world.runtime.arrive();
      ok(false, 'no client gets in');
    } catch (error) {
      match(String(error), /no listener/);
    }
    client.fin();
    server.fin();
    world.empty({ drained: 2, clientClosed: 1 });
  });

  test('still passes on cancel requests, and serves those that are being dialled', () => {
    const world = worldWithPrimary();
    const dialling = world.client(startup);
    const canceller = world.client();
    world.command({ kind: 'drain' });
    deepEqual(world.runtime.lastDial.accept().received, startup);
    canceller.send(cancelRequest());
    const cancelled = world.runtime.lastDial.accept();
    deepEqual(cancelled.received, cancelRequest());
    dialling.reset();
    canceller.reset();
    cancelled.fin();
    world.empty({ clientReset: 2 });
  });
});

describe('stop', () => {
  test('ends every client, in every phase, and says so', () => {
    const world = worldWithPrimary();
    const { server } = world.open();
    world.client();
    world.client(startup);
    world.publish(undefined);
    world.client(startup);
    world.client(startup.subarray(0, 5));
    world.command({ kind: 'stop' });
    equal(world.clients.filter(({ closed }) => !closed).length, 0);
    equal(world.reports.filter(({ kind }) => kind === 'stopped').length, 1);
    ok(server.ended && !server.aborted, 'the server sees an orderly end');
    server.send(startup);
    ok(!server.paused, 'what it still says is read and dropped');
    server.fin();
    world.runtime.advance(defaults.connectTimeoutMs);
    world.empty({ drained: 5 });
  });

  test('after drain ends every client, and the reasons of those refused stand', () => {
    const world = new World();
    world.client(startup);
    world.command({ kind: 'drain' });
    world.command({ kind: 'stop' });
    world.empty({ drained: 1 });
  });
});
