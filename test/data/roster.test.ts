import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at } from '../../src/contract/counters.ts';
import type { ClientRow, Report, Selection } from '../../src/contract/messages.ts';
import { Logins } from '../../src/data/logins.ts';
import {
  authenticationOk,
  bytesOf,
  firstPacket,
  protocol30,
  readError,
  readyForQuery,
  sslRequest,
  startup,
} from './packets.ts';
import { firstByte, primary, World } from './world.ts';

type Slice = Extract<Report, { kind: 'selected' }>;

function slicesOf(world: World, of: Selection = {}): Slice[] {
  const before = world.reports.length;
  world.command({ kind: 'list', id: 7, of });
  world.runtime.advance(100);
  return world.reports.slice(before).filter((report) => report.kind === 'selected');
}

function rowsOf(world: World, of?: Selection): ClientRow[] {
  const rows = slicesOf(world, of).map(({ rows }) => rows).filter((rows) => rows !== '');
  return JSON.parse(`[${rows.join(',')}]`) as ClientRow[];
}

describe('the list of clients', () => {
  test('has each with its state, and what is known of it by then', () => {
    const world = new World();
    world.client();
    world.client(startup);
    world.runtime.advance(500);
    world.publish(primary);
    deepEqual(
      rowsOf(world).map(({ state, ageMs, idleMs, user, local }) => [state, ageMs, idleMs, user, local]),
      [
        ['opening', 500, null, null, null],
        ['dialling', 500, null, 'postgres', null],
      ],
    );
    world.publish(undefined);
    deepEqual(rowsOf(world).map(({ state, server }) => [state, server]), [['opening', null], ['held', null]]);
  });

  test('tells of an open session its server, our end, its bytes, and for how long they have rested', () => {
    const world = new World();
    world.publish(primary);
    const { client, server } = world.open();
    world.runtime.advance(5_000);
    world.counters[at.clock] = world.runtime.now();
    client.send(new Uint8Array(30));
    server.send(new Uint8Array(1_000));
    world.runtime.advance(700);
    const [row] = rowsOf(world);
    deepEqual(row, {
      client: '127.0.0.1:40000',
      port: 'primary',
      state: 'open',
      ageMs: 5_700,
      idleMs: 700,
      server: '10.0.0.1:5432',
      local: '10.0.0.254:50000',
      upBytes: startup.length + 30,
      downBytes: firstByte.length + 1_000,
      keptBytes: 0,
      user: 'postgres',
      database: 'postgres',
      application: null,
    });
  });

  test('knows who logs in in clear text after the server has declined TLS', () => {
    const world = new World();
    world.publish(primary);
    const client = world.client(sslRequest);
    const server = world.runtime.lastDial.accept();
    server.send(bytesOf('N'));
    equal(rowsOf(world)[0]?.user, null);
    client.send(firstPacket(protocol30, bytesOf('user\0ann\0application_name\0web\0\0')));
    client.send(startup);
    deepEqual(rowsOf(world).map(({ user, application }) => [user, application]), [['ann', 'web']]);
  });

  test('comes in slices, so that others have their turn, and misses nobody who stays', () => {
    const world = new World();
    for (let count = 0; count < 450; count++) world.client();
    world.command({ kind: 'list', id: 7, of: {} });
    const slices = () => world.reports.filter((report) => report.kind === 'selected');
    equal(slices().length, 1);
    // Ends while it is being listed, and somebody else comes.
    world.clients[0]!.reset();
    world.clients[449]!.reset();
    world.client();
    world.runtime.advance(100);
    equal(slices().at(-1)?.isLast, true);
    ok(slices().every(({ count, isLast }) => count <= 200 && isLast === (count < 200)));
    const listed = slices().flatMap(({ rows }) => JSON.parse(`[${rows}]`) as ClientRow[]).map(({ client }) =>
      client
    );
    equal(new Set(listed).size, listed.length);
    const missing = Array.from({ length: 450 }, (_, at) => `127.0.0.1:${40_000 + at}`).filter((one) =>
      !listed.includes(one)
    );
    deepEqual(missing, ['127.0.0.1:40449']);
  });

  test('of nobody is one empty slice', () => {
    const [slice, ...more] = slicesOf(new World());
    deepEqual(slice, { kind: 'selected', id: 7, count: 0, rows: '', isLast: true });
    equal(more.length, 0);
  });

  test('has only those that are meant', () => {
    const world = new World();
    world.client(startup, '192.0.2.1');
    world.publish(primary);
    world.runtime.lastDial.accept().send(firstByte);
    world.client(undefined, '192.0.2.1');
    world.client(undefined, '2001:db8::1');
    const count = (of: Selection) => rowsOf(world, of).length;
    equal(count({ address: '192.0.2.1' }), 2);
    equal(count({ address: '192.0.2.1', server: '10.0.0.1:5432' }), 1);
    equal(count({ server: '10.0.0.2:5432' }), 0);
    equal(count({ client: '192.0.2.1:40001' }), 1);
    equal(count({ address: '2001:db8::1' }), 1);
  });
});

describe('kill', () => {
  const kill = (world: World, of: Selection) => {
    const before = world.reports.length;
    world.command({ kind: 'kill', id: 9, of });
    world.runtime.advance(100);
    return world.reports.slice(before);
  };

  test('ends whom it means, in whatever state, and says how many; the server gets a FIN, and no reset', () => {
    const world = new World();
    world.publish(primary);
    const { client, server } = world.open();
    const other = world.open();
    const silent = world.client();
    deepEqual(kill(world, { client: '127.0.0.1:40000' }), [
      { kind: 'selected', id: 9, count: 1, rows: '', isLast: true },
    ]);
    deepEqual([client.ended, client.aborted], [true, false]);
    deepEqual([server.ended, server.aborted], [true, false]);
    deepEqual([other.client.ended, silent.closed], [false, false]);
    kill(world, { address: '127.0.0.1' });
    equal(silent.closed, true);
    for (const one of [server, other.server, client, other.client]) one.fin();
    world.empty({ killed: 3 });
  });

  test('tells an open session in clear text who has ended it, between two messages', () => {
    const world = new World();
    world.publish(primary);
    const client = world.client(startup);
    const server = world.runtime.lastDial.accept();
    server.send(bytesOf(authenticationOk, readyForQuery));
    client.forget();
    kill(world, { client: '127.0.0.1:40000' });
    const { C, M } = readError(client.received);
    deepEqual([C, M], ['57P01', 'an administrator has ended this connection (pg_gateway kill)']);
    server.fin();
    client.fin();
    world.empty({ killed: 1 });
  });

  test('tells a client that waits who has ended it, and one that has no answer yet', () => {
    const world = new World();
    const held = world.client(startup);
    world.publish(primary);
    const dialling = world.runtime.lastDial;
    const waiting = [held, world.client(startup)];
    world.publish(undefined);
    world.client(startup);
    equal(dialling.pending, false);
    kill(world, { address: '127.0.0.1' });
    for (const client of [...waiting, world.clients[2]!]) {
      const { C, M } = readError(client.received);
      deepEqual([C, M], ['57P01', 'an administrator has ended this connection (pg_gateway kill)']);
      client.fin();
    }
    equal(world.count('held'), 0);
    world.empty({ killed: 3 });
  });

  test('of a server ends those on it, and leaves alone who waits', () => {
    const world = new World();
    world.publish(primary);
    const { client, server } = world.open();
    world.publish(undefined);
    const waiting = world.client(startup);
    kill(world, { server: '10.0.0.1:5432' });
    server.fin();
    client.fin();
    deepEqual([client.closed, waiting.closed], [true, false]);
    deepEqual(kill(world, { server: '10.0.0.9:5432' }), [
      { kind: 'selected', id: 9, count: 0, rows: '', isLast: true },
    ]);
  });
});

test('names that many clients have are kept once, and a bounded number of them to be found again', () => {
  const logins = new Logins();
  const named = (user: string) => logins.of(firstPacket(protocol30, bytesOf(`user\0${user}\0\0`)));
  const ann = named('ann');
  equal(named('ann'), ann);
  for (let count = 0; count < 1_000; count++) named(`user${count}`);
  const again = named('ann');
  deepEqual(again, ann);
  ok(again !== ann);
});
