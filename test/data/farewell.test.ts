import { deepEqual, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { authenticationOk, bytesOf, parameterStatus, readyForQuery, startup } from './packets.ts';
import { primary, World } from './world.ts';

const standbyLogin = bytesOf(authenticationOk, parameterStatus('in_hot_standby', 'on'), readyForQuery);

/** An open session that is told to end, whose client has closed. */
function killed() {
  const world = new World();
  world.publish(primary);
  const { client, server } = world.open();
  world.command({ kind: 'stop' });
  client.fin();
  ok(server.ended && !server.closed && client.closed);
  return { world, server };
}

describe('a server that is told that its session is over', () => {
  test('and closes, is not reset, and leaves no timer', () => {
    const { world, server } = killed();
    server.send(new Uint8Array(1000));
    server.fin();
    ok(server.closed && !server.aborted);
    world.empty({ drained: 1 });
  });

  test('and does not close, is reset after 30 s', () => {
    const { world, server } = killed();
    world.runtime.advance(29_999);
    ok(!server.closed);
    world.runtime.advance(1);
    ok(server.aborted);
    world.empty({ drained: 1 });
  });

  test('and goes on and on, is reset after a mebibyte', () => {
    const { world, server } = killed();
    const block = new Uint8Array(65_536);
    for (let count = 0; count < 16; count += 1) server.send(block);
    ok(!server.aborted);
    server.send(block);
    ok(server.aborted);
    world.empty({ drained: 1 });
  });
});

test('a server that says that it is a standby to each client, and closes none, has few connections', () => {
  const world = new World({ holdMs: 8_000 });
  world.publish(primary);
  world.client(startup);
  const open = (): number => world.runtime.dials.filter(({ far, pending }) => !pending && !far.closed).length;
  const counts: number[] = [];
  for (let second = 0; second < 7; second += 1) {
    for (let step = 0; step < 10; step += 1) {
      for (const dial of world.pending) dial.accept().send(standbyLogin);
      world.runtime.advance(100);
    }
    counts.push(open());
  }
  ok(counts.every((count) => count > 0 && count <= 12), String(counts));
  world.clients[0]!.reset();
  world.runtime.advance(1_000);
  deepEqual(open(), 0);
});
