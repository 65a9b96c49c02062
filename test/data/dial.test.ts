import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { mostSecondAttempts } from '../../src/data/dial.ts';
import { secondAttemptMs } from '../../src/runtime/attempts.ts';
import { cancelRequest, startup } from './packets.ts';
import { defaults, firstByte, primary, World } from './world.ts';

/** A client whose server has not answered the first attempt in time. */
function waiting(bytes = startup) {
  const world = new World();
  world.publish(primary);
  const client = world.client(bytes);
  world.runtime.advance(secondAttemptMs);
  const [first, second] = world.runtime.dials;
  return { world, client, first: first!, second: second! };
}

for (const [name, index] of [['first', 0], ['second', 1]] as const) {
  test(`a server that does not answer is dialled twice at once, and the ${name} attempt serves the client`, () => {
    const { world, client, first, second } = waiting();
    deepEqual(world.dialled, ['10.0.0.1', '10.0.0.1']);
    const [winner, loser] = index === 0 ? [first, second] : [second, first];
    const server = winner.accept();
    deepEqual([server.received, loser.far.closed], [startup, true]);
    server.send(firstByte);
    deepEqual(client.received, firstByte);
    server.fin();
    client.fin();
    deepEqual(world.suspicions, []);
    world.empty({ serverClosed: 1 });
  });

  test(`a server that refuses the ${name} attempt is tried no other way, and the client waits`, () => {
    const { world, client, first, second } = waiting();
    const [refused, other] = index === 0 ? [first, second] : [second, first];
    refused.refuse();
    deepEqual([other.far.closed, world.count('held')], [true, 1]);
    deepEqual(world.suspicions, ['dialling the primary failed with ECONNREFUSED']);
    client.reset();
    world.empty({ clientReset: 1 });
  });
}

test('both attempts together take no longer than CONNECT_TIMEOUT_MS, and fail once', () => {
  const { world, client, first, second } = waiting();
  world.runtime.advance(defaults.connectTimeoutMs - secondAttemptMs);
  deepEqual([first.far.closed, second.far.closed, world.count('held')], [true, true, 1]);
  deepEqual(world.suspicions, ['dialling the primary failed with ETIMEDOUT']);
  client.reset();
  world.empty({ clientReset: 1 });
});

test('a second attempt for which this machine has no port does not fail the first', () => {
  const { world, client, first, second } = waiting();
  second.refuse('EADDRNOTAVAIL');
  deepEqual([first.pending, world.reports.filter(({ kind }) => kind === 'shortage')], [true, []]);
  first.accept().send(firstByte);
  deepEqual(client.received, firstByte);
  client.reset();
  world.empty({ clientReset: 1 });
});

test('a client that leaves gives both attempts up', () => {
  const { world, client, first, second } = waiting();
  client.reset();
  deepEqual([first.far.closed, second.far.closed], [true, true]);
  world.empty({ clientReset: 1 });
});

test('a cancel request gets a second attempt too', () => {
  const { world, client, first, second } = waiting(cancelRequest());
  const server = second.accept();
  deepEqual([server.received, first.far.closed], [cancelRequest(), true]);
  server.fin();
  client.fin();
  world.empty({ serverClosed: 1 });
});

test('a crowd before a silent server gets no more than a few second attempts', () => {
  const world = new World();
  world.publish(primary);
  const crowd = Array.from({ length: 2 * mostSecondAttempts }, () => world.client(startup));
  world.runtime.advance(secondAttemptMs);
  equal(world.pending.length, 3 * mostSecondAttempts);
  for (const client of crowd) client.reset();
  equal(world.dataPlane.secondAttempts, 0);
  world.empty({ clientReset: crowd.length });
});
