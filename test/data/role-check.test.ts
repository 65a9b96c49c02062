import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { authenticationOk, bytesOf, parameterStatus, readError, readyForQuery, startup } from './packets.ts';
import { other, primary, World } from './world.ts';

const standby = parameterStatus('in_hot_standby', 'on');
const login = bytesOf(authenticationOk, standby, readyForQuery);

function worldWithPrimary(): World {
  const world = new World();
  world.publish(primary);
  return world;
}

test('a standby that answers at once is left, and the client goes to the next primary unharmed', () => {
  const world = worldWithPrimary();
  const client = world.client(startup);
  const wrong = world.runtime.lastDial.accept();
  wrong.send(login);
  deepEqual([client.received.length, client.closed, world.count('held')], [0, false, 1]);
  ok(wrong.ended && !wrong.aborted);
  equal(world.suspicions.length, 1);
  world.publish(other);
  const right = world.runtime.lastDial.accept();
  deepEqual(right.received, startup);
  right.send(bytesOf(authenticationOk, readyForQuery));
  deepEqual(client.received, bytesOf(authenticationOk, readyForQuery));
  client.reset();
  wrong.fin();
  world.empty({ clientReset: 1 });
});

test('a client that is half logged in on a standby reads that it must connect again', () => {
  const world = worldWithPrimary();
  const client = world.client(startup);
  const wrong = world.runtime.lastDial.accept();
  wrong.send(authenticationOk);
  wrong.send(standby.subarray(0, 10));
  wrong.send(bytesOf(standby.subarray(10), readyForQuery));
  const seen = authenticationOk.length + standby.length;
  deepEqual(client.received.subarray(0, seen), bytesOf(authenticationOk, standby));
  const { C: sqlstate, M: text } = readError(client.received.subarray(seen));
  equal(sqlstate, '57P03');
  match(text!, /lost its role/);
  ok(client.ended && wrong.ended && !wrong.aborted);
  equal(world.suspicions.length, 1);
  client.send(Uint8Array.of(1, 2, 3));
  client.fin();
  wrong.fin();
  world.empty({ refused: 1 });
});

test('what a server says after the login is not looked at any more', () => {
  const world = worldWithPrimary();
  const { client, server } = world.open();
  server.send(bytesOf(authenticationOk, readyForQuery));
  client.forget();
  server.send(standby);
  deepEqual(client.received, standby);
  client.reset();
  world.empty({ clientReset: 1 });
});
