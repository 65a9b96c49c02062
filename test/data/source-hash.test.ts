import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Standby } from '../../src/contract/messages.ts';
import { sourceHash } from '../../src/data/source-hash.ts';
import type { StandbyTarget } from '../../src/data/standbys.ts';
import { firstByte, primary, standby, World } from './world.ts';

/** Clients of a company: some of its networks, in IPv4 and IPv6. */
const hosts = [
  ...Array.from({ length: 3_000 }, (_, index) => `10.${index >> 8}.7.${index & 255}`),
  ...Array.from({ length: 3_000 }, (_, index) => `[2001:db8::7:${index.toString(16)}]`),
];

function targets(...weights: readonly number[]): StandbyTarget[] {
  return weights.map((weight, index) => ({ ...standby(index + 3, weight), slot: index + 3 }));
}

/** The slot that each of `hosts` gets; each connection comes from a port of its own. */
function choices(standbys: readonly StandbyTarget[], port = 40_000): number[] {
  return hosts.map((host, index) => sourceHash.choose(standbys, { remote: `${host}:${port + index}` })!.slot);
}

/** How many of `hosts` each standby gets, in parts of all. */
function shares(standbys: readonly StandbyTarget[]): number[] {
  const chosen = choices(standbys);
  return standbys.map(({ slot }) => chosen.filter((one) => one === slot).length / hosts.length);
}

function isNear(found: readonly number[], wanted: readonly number[]): void {
  for (const [index, share] of wanted.entries()) {
    ok(Math.abs(found[index]! - share) < 0.02, `the shares are ${found}, not ${wanted}`);
  }
}

/** A primary, and `standbys`, with REPLICA_BALANCE=source. */
function worldOf(...standbys: readonly Standby[]): World {
  const world = new World({ listenStandby: { host: '127.0.0.1', port: 6433 }, balance: 'source' });
  world.publish(primary);
  world.stand(...standbys);
  return world;
}

/** Where a new client from `host` is sent; it is served there. */
function sentTo(world: World, host: string): string {
  world.reader(undefined, host);
  const at = world.dialled.at(-1)!;
  world.runtime.lastDial.accept().send(firstByte);
  return at;
}

function leave(world: World): void {
  for (const client of world.clients) if (!client.closed) client.reset();
  world.empty({ clientReset: world.clients.length });
}

describe('the hash of a client address', () => {
  test('does not hang on the port of the client, nor on the order of the standbys', () => {
    const standbys = targets(1, 2, 1);
    deepEqual(choices(standbys), choices(standbys.toReversed(), 50_000));
  });

  test('gives each standby the share of clients that its weight says', () => {
    isNear(shares(targets(1, 1)), [1 / 2, 1 / 2]);
    isNear(shares(targets(1, 1, 1)), [1 / 3, 1 / 3, 1 / 3]);
    isNear(shares(targets(3, 1, 6)), [0.3, 0.1, 0.6]);
    isNear(shares(targets(1000, 1)), [1000 / 1001, 1 / 1001]);
  });

  test('moves only the clients of a standby that leaves, and gives them back when it comes again', () => {
    const [one, two, three] = targets(1, 2, 1) as [StandbyTarget, StandbyTarget, StandbyTarget];
    const all = choices([one, two, three]);
    const without = choices([one, three]);
    for (const [index, slot] of all.entries()) if (slot !== two.slot) equal(without[index], slot);
    const moved = without.filter((_, index) => all[index] === two.slot);
    const toOne = moved.filter((slot) => slot === one.slot).length / moved.length;
    ok(Math.abs(toOne - 1 / 2) < 0.03, `${toOne} of those that move go to one of two standbys`);
  });

  test('takes away only what a standby gets whose weight grows', () => {
    const before = choices(targets(1, 1, 1));
    const after = choices(targets(1, 1, 2));
    for (const [index, slot] of after.entries()) if (slot !== 5) equal(before[index], slot);
  });
});

describe('with REPLICA_BALANCE=source', () => {
  test('all connections of one address go to one standby, and those of others elsewhere', () => {
    const world = worldOf(standby(3), standby(4));
    const seen = ['10.1.0.1', '10.1.0.2', '10.1.0.3', '10.1.0.4', '2001:db8::1'].map((host) => {
      const first = sentTo(world, host);
      for (let count = 0; count < 5; count++) equal(sentTo(world, host), first, host);
      return first;
    });
    deepEqual([...new Set(seen)].toSorted(), ['10.0.0.3', '10.0.0.4']);
    leave(world);
  });

  test('an IPv4 client of a listener on IPv6 is the same client', () => {
    const world = worldOf(standby(3), standby(4), standby(5));
    for (let host = 1; host < 20; host++) {
      equal(sentTo(world, `::ffff:10.2.0.${host}`), sentTo(world, `10.2.0.${host}`));
    }
    leave(world);
  });

  test('two workers, and a gateway that has just started, choose alike, whatever load they have', () => {
    const [old, young] = [worldOf(standby(3), standby(4)), worldOf(standby(4), standby(3))];
    for (let count = 0; count < 20; count++) sentTo(old, '10.1.0.1');
    for (let host = 1; host < 20; host++) {
      equal(sentTo(old, `10.1.0.${host}`), sentTo(young, `10.1.0.${host}`));
    }
    leave(old);
    leave(young);
  });

  test('a standby out of the rotation gets no client, and its clients come back with it', () => {
    const world = worldOf(standby(3), standby(4));
    const clients = ['10.1.0.1', '10.1.0.2', '10.1.0.3', '10.1.0.4', '10.1.0.5'];
    const before = clients.map((host) => sentTo(world, host));
    world.stand(standby(3, 0), standby(4));
    for (const host of clients) equal(sentTo(world, host), '10.0.0.4');
    world.stand(standby(3), standby(4));
    deepEqual(clients.map((host) => sentTo(world, host)), before);
    leave(world);
  });

  test('a client whose standby cannot be dialled gets the next one, the same each time, until that is over', () => {
    const world = worldOf(standby(3), standby(4), standby(5));
    const best = sentTo(world, '10.1.0.1');
    const client = world.reader(undefined, '10.1.0.1');
    equal(world.dialled.at(-1), best);
    world.runtime.lastDial.refuse();
    const next = world.dialled.at(-1)!;
    notEqual(next, best);
    deepEqual([world.count('holds'), client.closed], [0, false]);
    world.runtime.lastDial.accept().send(firstByte);
    equal(sentTo(world, '10.1.0.1'), next, 'while the best one rests');
    world.runtime.advance(1_000);
    equal(sentTo(world, '10.1.0.1'), best);
    leave(world);
  });

  test('without a standby the primary serves', () => {
    const world = worldOf();
    equal(sentTo(world, '10.1.0.1'), '10.0.0.1');
    leave(world);
  });

  test('a client that waited goes where it would have gone at once', () => {
    const world = new World({
      listenStandby: { host: '127.0.0.1', port: 6433 },
      balance: 'source',
      fallback: false,
    });
    world.publish(primary);
    const held = Array.from({ length: 7 }, (_, index) => `10.1.0.${index}`);
    for (const host of held) world.reader(undefined, host);
    world.stand(standby(3), standby(4));
    const dialled = [...world.dialled];
    for (const dial of world.pending) dial.accept().send(firstByte);
    deepEqual(dialled, held.map((host) => sentTo(world, host)));
    leave(world);
  });
});
