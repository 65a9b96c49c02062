import { deepEqual, equal, match, ok, throws } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dialledAt } from '../../src/contract/counters.ts';
import type { DataSettings } from '../../src/contract/messages.ts';
import type { FarEnd } from '../bed/fake-conn.ts';
import { cancelRequest, readError } from './packets.ts';
import { defaults, firstByte, primary, standby, World } from './world.ts';

/** A primary and standbys 3 and 4. */
function worldWithStandbys(settings: Partial<DataSettings> = {}): World {
  const world = new World({ listenStandby: { host: '127.0.0.1', port: 6433 }, ...settings });
  world.publish(primary);
  world.stand(standby(3), standby(4));
  return world;
}

/** A client of the standby port, open; `at` is the last part of its server's address. */
function open(world: World): { client: FarEnd; server: FarEnd; at: string } {
  const client = world.reader();
  const at = world.dialled.at(-1)!.split('.').at(-1)!;
  const server = world.runtime.lastDial.accept();
  server.send(firstByte);
  client.forget();
  return { client, server, at };
}

function leave(world: World): void {
  for (const client of world.clients) if (!client.closed) client.reset();
}

describe('a client of the standby port', () => {
  test('gets the standby with the fewest sessions, those that are dialled included', () => {
    const world = worldWithStandbys();
    const first = open(world);
    for (let count = 0; count < 3; count++) world.reader();
    equal(world.dialled.filter((address) => address.endsWith('.3')).length, 2);
    equal(world.dialled.filter((address) => address.endsWith('.4')).length, 2);
    first.client.reset();
    world.reader();
    equal(world.dialled.at(-1), `10.0.0.${first.at}`);
    leave(world);
    world.empty({ clientReset: 5 });
  });

  test('counts what other workers have there, too', () => {
    const world = worldWithStandbys();
    world.otherWorker[dialledAt + 3] = 2;
    deepEqual([open(world).at, open(world).at], ['4', '4']);
    leave(world);
    world.empty({ clientReset: 2 });
  });

  test('is shared out by weight, and no client gets one of weight 0', () => {
    const world = worldWithStandbys();
    world.stand(standby(3, 3), standby(4, 1), standby(5, 0));
    for (let count = 0; count < 8; count++) open(world);
    deepEqual(world.served, [0, 0, 0, 6, 2]);
    leave(world);
    world.empty({ clientReset: 8 });
  });

  test('goes to another standby at once if one cannot be dialled, which then rests for a second', () => {
    const world = worldWithStandbys();
    const client = world.reader();
    const refusing = world.dialled[0]!;
    world.runtime.lastDial.refuse();
    deepEqual([world.dialled.length, world.count('holds'), client.closed], [2, 0, false]);
    ok(world.dialled[1] !== refusing);
    for (let count = 0; count < 4; count++) world.reader();
    equal(world.dialled.filter((address) => address === refusing).length, 1);
    world.runtime.advance(1_000);
    world.reader();
    equal(world.dialled.at(-1), refusing);
    match(world.suspicions[0]!, /dialling the standby failed with ECONNREFUSED/);
    leave(world);
    world.empty({ clientReset: 6 });
  });

  test('waits a minute in all for standbys that accept and never speak, and is told so', () => {
    const world = worldWithStandbys({ fallback: false });
    const client = world.reader();
    const start = world.runtime.now();
    for (let count = 0; count < 4 && !client.ended; count++) {
      world.runtime.lastDial.accept();
      while (world.pending.length === 0 && !client.ended) world.runtime.advance(100);
    }
    deepEqual([...new Set(world.dialled.slice(0, 2))].sort(), ['10.0.0.3', '10.0.0.4']);
    const waitedMs = world.runtime.now() - start;
    ok(waitedMs <= 61_000, `it waited ${waitedMs} ms`);
    const error = readError(client.received);
    equal(error['C'], '57P03');
    match(error['M']!, /cannot connect to a standby.*: the server accepted the connection and said nothing/);
    client.fin();
    world.empty({ connectTimeout: 1 });
  });

  test('goes to the primary when all standbys have let it wait', () => {
    const world = worldWithStandbys();
    world.reader();
    for (const _ of ['3', '4']) {
      world.runtime.lastDial.accept();
      world.runtime.advance(20_000);
    }
    equal(world.dialled.at(-1), '10.0.0.1');
    leave(world);
    world.empty({ clientReset: 1 });
  });

  test('on which a standby hangs up, or that lets it wait, sends no other client away from that standby', () => {
    for (const how of ['hangs up', 'is silent'] as const) {
      const world = worldWithStandbys();
      world.reader();
      const [first] = world.dialled;
      const server = world.runtime.lastDial.accept();
      if (how === 'hangs up') server.fin();
      else world.runtime.advance(20_000);
      equal(new Set(world.dialled).size, 2, 'it is sent on at once');
      world.reader();
      equal(world.dialled.at(-1), first);
      leave(world);
      world.empty({ clientReset: 2 });
    }
  });

  test('on which all servers hang up, and again after their probes were answered, is closed likewise', () => {
    const world = worldWithStandbys();
    world.lease(world.runtime.now() + 1_000);
    const client = world.reader();
    for (let count = 0; count < 3; count++) world.runtime.lastDial.accept().fin();
    deepEqual([world.dialled.slice(0, 2).sort(), world.dialled[2]], [['10.0.0.3', '10.0.0.4'], '10.0.0.1']);
    equal(world.count('held'), 1);
    world.lease(world.runtime.now() + 2_000);
    world.runtime.advance(100);
    world.runtime.lastDial.accept().fin();
    deepEqual([client.ended, client.aborted, world.dialled.length], [true, false, 4]);
    client.fin();
    world.empty({ serverClosed: 1 });
  });

  test('minds no standby, and is not caught as one that wants a primary is', () => {
    const world = worldWithStandbys();
    const client = world.reader();
    const server = world.runtime.lastDial.accept();
    const parameter = 'in_hot_standby\0on\0';
    const report = Uint8Array.of(0x53, 0, 0, 0, 4 + parameter.length, ...new TextEncoder().encode(parameter));
    server.send(Uint8Array.of(0x52, 0, 0, 0, 8, 0, 0, 0, 0));
    server.send(report);
    equal(client.received.length, 9 + report.length);
    leave(world);
    world.empty({ clientReset: 1 });
  });
});

describe('sessions of the standby port', () => {
  test('stay when the primary changes, and when their standby leaves the rotation', () => {
    const world = worldWithStandbys();
    const { client } = open(world);
    world.publish({ host: '10.0.0.9', port: 5432 }, { fence: true });
    world.stand(standby(3, 0), standby(4, 0));
    world.stand();
    ok(!client.closed);
    leave(world);
    world.empty({ clientReset: 1 });
  });

  test('end when their server is no standby any more, or is dead; others stay', () => {
    const world = worldWithStandbys();
    const [one, two] = [open(world), open(world)];
    world.command({ kind: 'endStandbySessions', server: standby(Number(one.at)).address });
    deepEqual([one.client.aborted, one.server.aborted, two.client.closed], [true, true, false]);
    world.command({ kind: 'endDead', server: standby(Number(two.at)).address });
    world.empty({ fenced: 2 });
  });

  test('are those of a primary once their standby is promoted: the next fence ends them', () => {
    const world = worldWithStandbys();
    const [one, two] = [open(world), open(world)];
    const promoted = standby(Number(one.at));
    world.stand(standby(Number(two.at)));
    world.publish(promoted.address, { fence: true, slot: Number(one.at) });
    ok(!one.client.closed, 'nothing has happened to its server');
    world.publish(primary, { fence: true, slot: 0 });
    deepEqual([one.client.aborted, two.client.closed], [true, false]);
    leave(world);
    world.empty({ fenced: 1, clientReset: 1 });
  });

  test('being dialled go to another standby when theirs leaves the rotation', () => {
    const world = worldWithStandbys();
    world.reader();
    const left = world.dialled[0]!.endsWith('.3') ? 4 : 3;
    world.stand(standby(left));
    equal(world.dialled.at(-1), `10.0.0.${left}`);
    equal(world.pending.length, 1);
    leave(world);
    world.empty({ clientReset: 1 });
  });
});

describe('without a usable standby', () => {
  test('the primary serves, and its fence is theirs; that is counted', () => {
    const world = worldWithStandbys();
    world.stand(standby(3, 0));
    const { client, at } = open(world);
    deepEqual([at, world.count('fallbacks')], ['1', 1]);
    world.publish({ host: '10.0.0.9', port: 5432 }, { fence: true });
    ok(client.aborted);
    world.empty({ fenced: 1 });
  });

  test('the primary also serves while all standbys refuse, and they are tried again later', () => {
    const world = worldWithStandbys();
    world.reader();
    world.runtime.lastDial.refuse();
    world.runtime.lastDial.refuse();
    equal(world.dialled.at(-1), '10.0.0.1');
    world.runtime.advance(1_000);
    world.reader();
    ok(world.dialled.at(-1) !== '10.0.0.1');
    leave(world);
    world.empty({ clientReset: 2 });
  });

  test('clients wait with REPLICA_FALLBACK=off, and go as soon as there is one', () => {
    const world = worldWithStandbys({ fallback: false });
    world.stand();
    const client = world.reader();
    deepEqual([world.dialled, world.count('held')], [[], 1]);
    world.stand(standby(4));
    deepEqual([world.dialled, world.count('held')], [['10.0.0.4'], 0]);
    ok(!client.closed);
    leave(world);
    world.empty({ clientReset: 1 });
  });

  test('and the primary port is not held up by clients that wait for a standby', () => {
    const world = worldWithStandbys({ fallback: false });
    world.stand();
    world.reader();
    world.open();
    equal(world.count('held'), 1);
    leave(world);
    world.empty({ clientReset: 2 });
  });

  test('after HOLD_MS they are told which candidate is out, and why', () => {
    const world = worldWithStandbys({ fallback: false });
    world.route = { ...world.route, standbyDetail: '10.0.0.3:5432 lags' };
    world.stand();
    const client = world.reader();
    world.runtime.advance(defaults.holdMs);
    const error = readError(client.received);
    equal(error['C'], '57P03');
    match(error['M']!, /no standby to connect to \(waited 10 s\), and the primary does not stand in/);
    deepEqual([error['D'], error['H']!.includes('REPLICA_FALLBACK=on')], ['10.0.0.3:5432 lags', true]);
    client.fin();
    world.empty({ holdTimeout: 1 });
  });
});

describe('a cancel request of the standby port', () => {
  test('goes to every standby and last to the primary, one after the other, and then its client is told', () => {
    const world = worldWithStandbys();
    const client = world.reader(cancelRequest());
    for (const host of ['10.0.0.3', '10.0.0.4', '10.0.0.1']) {
      equal(world.dialled.at(-1), host);
      ok(!client.closed && !client.ended);
      const server = world.runtime.lastDial.accept();
      deepEqual(server.received, cancelRequest());
      server.fin();
    }
    equal(world.dialled.length, 3);
    ok(client.ended);
    client.fin();
    equal(world.count('cancels'), 1);
    world.empty({ serverClosed: 1 });
  });

  test('passes one that cannot be dialled, and one that says nothing', () => {
    const world = worldWithStandbys();
    const client = world.reader(cancelRequest());
    world.runtime.lastDial.refuse();
    const frozen = world.runtime.lastDial.accept();
    world.runtime.advance(defaults.connectTimeoutMs);
    ok(frozen.aborted);
    equal(world.dialled.at(-1), '10.0.0.1');
    world.runtime.lastDial.accept().fin();
    client.fin();
    world.empty({ serverClosed: 1 });
  });

  test('reaches a server that has left the rotation and still has sessions', () => {
    const world = worldWithStandbys();
    const { at } = open(world);
    world.stand();
    const before = world.dialled.length;
    world.reader(cancelRequest());
    equal(world.dialled[before], `10.0.0.${at}`);
    for (const dial of world.pending) dial.refuse();
    world.runtime.lastDial.refuse();
    leave(world);
    world.empty({ refused: 1, clientReset: 1 });
  });

  test('of a client that has left still goes everywhere', () => {
    const world = worldWithStandbys();
    const client = world.reader(cancelRequest());
    client.fin();
    for (let count = 0; count < 3; count++) world.runtime.lastDial.accept().fin();
    deepEqual(world.dialled, ['10.0.0.3', '10.0.0.4', '10.0.0.1']);
    world.empty({ clientClosed: 1 });
  });
});

test('both ports are listened to, and at the end both are closed', () => {
  const world = worldWithStandbys();
  deepEqual(world.reports, [{
    kind: 'listening',
    address: defaults.listen,
    standby: { host: '127.0.0.1', port: 6433 },
    sockets: { primary: [], standby: [] },
    now: 1_000,
  }]);
  world.command({ kind: 'drain' });
  for (const address of [defaults.listen, world.dataPlane.settings.listenStandby!]) {
    throws(() => world.runtime.arrive(address), /no listener/);
  }
});
