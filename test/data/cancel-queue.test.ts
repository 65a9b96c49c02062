import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cancelRequest } from './packets.ts';
import { defaults, primary, World } from './world.ts';

/** Half of the program's sixteen: a world is one of two workers. */
const most = 8;
/** Half of what goes on at once, and a rest after which as many may again. */
const crowd = 250;
const restMs = 10_000;
/** Long enough for the minute after the last line of the log. */
const quietMs = 61_000;

function worldWithPrimary(): World {
  const world = new World();
  world.publish(primary);
  return world;
}

function cancels(world: World, count: number, from: string): void {
  for (let at = 0; at < count; at++) world.client(cancelRequest(), from);
}

/** The server answers all that are on their way, and the next ones follow. */
function answer(world: World): void {
  for (const dial of world.pending) dial.accept().fin();
  world.runtime.advance(20);
}

function leaveAll(world: World): void {
  for (const client of world.clients) client.reset();
}

describe('many cancel requests', () => {
  test('are on their way to a server a few at a time, and all arrive, also of clients that have left', () => {
    const world = worldWithPrimary();
    cancels(world, 30, '10.9.9.9');
    for (const client of world.clients.slice(20)) client.reset();
    for (const left of [30, 22, 14, 6]) {
      equal(world.pending.length, Math.min(most, left));
      answer(world);
    }
    equal(world.clients.filter(({ ended }) => ended).length, 20);
    equal(world.count('cancels'), 30);
    leaveAll(world);
    world.empty({ clientReset: 10, serverClosed: 20 });
  });

  test('go on at a pace, however fast the server is', () => {
    const world = worldWithPrimary();
    cancels(world, 20, '10.9.9.9');
    for (const dial of world.pending) dial.accept().fin();
    equal(world.dialled.length, most);
    world.runtime.advance(19);
    equal(world.dialled.length, most);
    world.runtime.advance(1);
    equal(world.dialled.length, 2 * most);
    answer(world);
    answer(world);
    leaveAll(world);
    world.empty({ serverClosed: 20 });
  });

  test('of one address let that of another one be the next', () => {
    const world = worldWithPrimary();
    cancels(world, 300, '10.9.9.9');
    const [first, second] = [
      world.client(cancelRequest(4), '10.0.0.7'),
      world.client(cancelRequest(32), '10.0.0.8'),
    ];
    answer(world);
    answer(world);
    ok(first.ended && second.ended);
    equal(world.clients.filter(({ ended }) => ended).length, 2 * most);
    while (world.clients.some(({ ended }) => !ended)) answer(world);
    leaveAll(world);
    world.empty({ serverClosed: 302 });
  });

  test('that are too many: the last one of the address that has most is dropped, counted and told of', () => {
    const world = worldWithPrimary();
    cancels(world, most + 1_000, '10.9.9.9');
    ok(world.clients.every(({ closed }) => !closed));
    const person = world.client(cancelRequest(), '10.0.0.7');
    deepEqual(world.clients.filter(({ aborted }) => aborted), [world.clients[most + 999]]);
    equal(world.count('cancelsDropped'), 1);
    answer(world);
    answer(world);
    ok(person.ended && !person.aborted);
    world.runtime.advance(1_000);
    deepEqual(world.reports.filter(({ kind }) => kind === 'turnedAway'), [
      { kind: 'turnedAway', who: 'cancels', count: 1, busiest: '10.9.9.9', ofBusiest: 1 },
    ]);
    while (world.clients.some(({ ended, aborted }) => !ended && !aborted)) answer(world);
    leaveAll(world);
    world.runtime.advance(2 * quietMs);
    // More than go on at once had to wait, some for too long.
    const dropped = world.count('cancelsDropped');
    // Those that were on their way in that second found a server that does not accept.
    world.empty({ limit: dropped, refused: most, serverClosed: 1_001 - dropped });
  });

  test('that never end go on at a slow pace once a crowd of them has, and that of another address is the next', () => {
    const world = worldWithPrimary();
    cancels(world, crowd + 200, '10.9.9.9');
    // And those that may begin because of the time that this takes.
    for (let turns = 0; turns < 80; turns++) answer(world);
    const before = world.count('cancels');
    ok(before >= crowd, `${before} have begun`);
    for (let ms = 0; ms < 2_000; ms += 20) answer(world);
    const begun = world.count('cancels') - before;
    // Half of the program's hundred a second.
    ok(begun > 90 && begun <= 101, `${begun} have begun in two seconds`);
    const person = world.client(cancelRequest(), '10.0.0.7');
    for (let turns = 0; turns < 4; turns++) answer(world);
    ok(person.ended && !person.aborted);
    while (world.clients.some(({ ended }) => !ended)) answer(world);
    leaveAll(world);
    world.empty({ serverClosed: crowd + 201 });
  });

  test('of a crowd that comes after a rest all go on at once again', () => {
    const world = worldWithPrimary();
    for (let round = 0; round < 2; round++) {
      cancels(world, crowd, '10.9.9.9');
      for (let turns = 0; turns < crowd / most; turns++) answer(world);
      equal(world.count('cancels'), (round + 1) * crowd);
      answer(world);
      world.runtime.advance(restMs);
    }
    leaveAll(world);
    world.empty({ serverClosed: 2 * crowd });
  });

  test('that have waited for long are dropped: late, they could hit the next query', () => {
    const world = worldWithPrimary();
    cancels(world, 2 * most, '10.9.9.9');
    const frozen = world.pending.map((dial) => dial.accept());
    world.runtime.stall(5_001);
    world.runtime.advance(0);
    ok(frozen.every(({ aborted }) => aborted));
    equal(world.dialled.length, most);
    deepEqual([world.count('cancels'), world.count('cancelsDropped')], [most, most]);
    equal(world.clients.filter(({ aborted }) => aborted).length, most);
    leaveAll(world);
    world.runtime.advance(quietMs);
    world.empty({ limit: most, serverClosed: most });
  });

  test('to a server that says nothing do not stop those that follow', () => {
    const world = worldWithPrimary();
    cancels(world, 2 * most, '10.9.9.9');
    for (const dial of world.pending) dial.accept();
    world.runtime.advance(defaults.connectTimeoutMs);
    equal(world.pending.length, most);
    answer(world);
    leaveAll(world);
    world.empty({ serverClosed: 2 * most });
  });
});
