import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytesOf, cancelRequest, readError, sslRequest, startup } from './packets.ts';
import { defaults, firstByte, other, primary, World } from './world.ts';

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
  test('takes no new clients, and lets those that are there wait for a primary', () => {
    const world = worldWithPrimary();
    const { client, server } = world.open();
    world.publish(undefined);
    const held = world.client(startup);
    const early = world.client();
    world.command({ kind: 'drain' });
    early.send(startup);
    equal(world.count('held'), 2);
    server.send(startup);
    deepEqual(client.received, startup);
    try {
      world.runtime.arrive();
      ok(false, 'no client gets in');
    } catch (error) {
      match(String(error), /no listener/);
    }
    world.publish(other);
    for (const dial of world.pending) dial.accept().send(firstByte);
    for (const served of [held, early]) {
      deepEqual(served.received, firstByte);
      served.reset();
    }
    client.fin();
    server.fin();
    world.empty({ clientReset: 2, clientClosed: 1 });
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
  const stopped = (world: World) => world.reports.filter(({ kind }) => kind === 'stopped').length;

  test('ends every client, in every phase, and says so', () => {
    const world = worldWithPrimary();
    const { server } = world.open();
    world.client();
    world.client(startup);
    world.publish(undefined);
    world.client(startup);
    world.client(startup.subarray(0, 5));
    world.command({ kind: 'stop' });
    ok(server.ended && !server.aborted, 'the server sees an orderly end');
    server.send(startup);
    ok(!server.paused, 'what it still says is read and dropped');
    server.fin();
    equal(stopped(world), 0);
    world.runtime.advance(1_000);
    equal(stopped(world), 1);
    equal(world.clients.filter(({ closed }) => !closed).length, 0);
    world.runtime.advance(defaults.connectTimeoutMs);
    world.empty({ drained: 5 });
  });

  test('tells clients without a session why, and does not wait for those that have read it', () => {
    const world = new World();
    const held = world.client(startup);
    const early = world.client();
    world.command({ kind: 'drain' });
    world.command({ kind: 'stop' });
    early.send(startup);
    for (const refused of [held, early]) {
      const error = readError(refused.received);
      deepEqual([error['C'], error['M']], ['57P03', 'pg_gateway is shutting down']);
      ok(refused.ended && !refused.aborted);
      refused.fin();
    }
    equal(stopped(world), 1);
    world.empty({ drained: 2 });
  });

  const ready = bytesOf('Z', 5, 'I');
  const row = bytesOf('D', 4 + 2 + 4 + 20, Uint8Array.of(0, 1), 20, bytesOf(new Uint8Array(14), ready));

  /** Ends a gateway with one session, whose first packet was `first` and whose server has said `answer`. */
  function ending(first: Uint8Array, answer: Uint8Array, limit?: number) {
    const world = worldWithPrimary();
    const client = world.client(first);
    const server = world.runtime.lastDial.accept();
    server.send(first === sslRequest ? bytesOf('S') : bytesOf('R', 8, 0));
    client.forget();
    if (limit !== undefined) client.limit(limit);
    server.send(answer);
    world.command({ kind: 'stop' });
    ok(server.ended && !server.aborted && !server.paused, 'the server sees an orderly end');
    return { world, client, server };
  }

  function done({ world, client, server }: ReturnType<typeof ending>): void {
    ok(client.ended && !client.aborted, 'a FIN');
    client.fin();
    server.fin();
    equal(stopped(world), 1);
    world.empty({ drained: 1 });
  }

  test('tells a session in clear text why, between two messages of its server', () => {
    const answer = bytesOf(row, ready);
    const session = ending(startup, answer);
    deepEqual(session.client.received.subarray(0, answer.length), answer);
    const error = readError(session.client.received.subarray(answer.length));
    deepEqual([error['C'], error['M']], ['57P01', 'pg_gateway is shutting down, and ends this session']);
    done(session);
  });

  for (
    const [where, first, answer] of [
      ['in the middle of a message', startup, row.subarray(0, 12)],
      ['in the middle of one that looks like its end', startup, row],
      ['before the end of an answer', startup, bytesOf(row, 'C', 4)],
      ['in what may be TLS', sslRequest, ready],
    ] as const
  ) {
    test(`says nothing ${where}, and closes with a FIN`, () => {
      const session = ending(first, answer);
      deepEqual(session.client.received, answer);
      done(session);
    });
  }

  test('says nothing behind what its client has not taken', () => {
    const session = ending(startup, ready, 2);
    deepEqual(session.client.received, ready.subarray(0, 2));
    done(session);
  });
});
