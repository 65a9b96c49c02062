import { deepEqual, equal, match } from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DataSettings } from '../../src/contract/messages.ts';
import { cancelRequest, readError, startup } from './packets.ts';
import { defaults, primary, World } from './world.ts';

/** Long enough for the minute after the last line of the log. */
const quietMs = 61_000;

function worldWith(settings: Partial<DataSettings>): World {
  const world = new World(settings);
  world.publish(primary);
  return world;
}

/** The SQLSTATE that a client reads; undefined: it is served. */
function codeOf(world: World, from: string): string | undefined {
  const { received } = world.client(startup, from);
  return received.length === 0 ? undefined : readError(received)['C'];
}

function leave(world: World): void {
  for (const client of world.clients) client.reset();
  world.runtime.advance(quietMs);
}

describe('MAX_CONNECTIONS_PER_ADDRESS', () => {
  const settings = { maxPerAddress: 2 };

  test('refuses the connections of an address above it, silent ones counted, and takes others', () => {
    const world = worldWith(settings);
    const silent = world.client(undefined, '10.9.9.9');
    equal(codeOf(world, '10.9.9.9'), undefined);
    const third = world.client(startup, '10.9.9.9');
    const error = readError(third.received);
    equal(error['C'], '53300');
    match(error['M']!, /as many connections from 10\.9\.9\.9 as/);
    match(error['H']!, /MAX_CONNECTIONS_PER_ADDRESS/);
    equal(codeOf(world, '10.8.8.8'), undefined);
    silent.reset();
    equal(codeOf(world, '10.9.9.9'), undefined);
    third.fin();
    equal(world.count('addressFull'), 1);
    leave(world);
    deepEqual(world.reports.flatMap((report) => report.kind === 'turnedAway' ? [report.who] : []), [
      'addressFull',
    ]);
    world.empty({ clientReset: 4, refused: 1 });
  });

  test('takes a /64 of IPv6 for one address', () => {
    const world = worldWith(settings);
    for (const end of ['1', '2']) equal(codeOf(world, `2001:db8::${end}`), undefined);
    equal(codeOf(world, '2001:db8::3'), '53300');
    equal(codeOf(world, '2001:db8:0:1::1'), undefined);
    leave(world);
  });

  test('is none for the loopback and for unix sockets', () => {
    const world = worldWith(settings);
    for (const from of ['127.0.0.1', '127.0.0.1', '127.0.0.1', '::1', '::1', '::1']) {
      equal(codeOf(world, from), undefined);
    }
    leave(world);
  });

  test('lets cancel requests through', () => {
    const world = worldWith({ maxPerAddress: 1 });
    equal(codeOf(world, '10.9.9.9'), undefined);
    world.client(cancelRequest(), '10.9.9.9');
    equal(world.count('cancels'), 1);
    equal(world.count('addressFull'), 0);
    world.runtime.lastDial.accept().fin();
    leave(world);
  });

  test('counts those that were there when a reload turned it on, and forgets all when it is off', () => {
    const world = worldWith({});
    const [first, second] = [world.client(startup, '10.9.9.9'), world.client(startup, '10.9.9.9')];
    world.command({ kind: 'settings', settings: { ...defaults, maxPerAddress: 2 } });
    equal(codeOf(world, '10.9.9.9'), '53300');
    first.reset();
    equal(codeOf(world, '10.9.9.9'), undefined);
    equal(second.closed, false);
    world.command({ kind: 'settings', settings: defaults });
    equal(codeOf(world, '10.9.9.9'), undefined);
    world.command({ kind: 'settings', settings: { ...defaults, maxPerAddress: 1 } });
    equal(codeOf(world, '10.9.9.9'), '53300');
    leave(world);
    equal(codeOf(world, '10.9.9.9'), undefined, 'nothing of those that left is counted any more');
    leave(world);
  });
});

describe('CONNECT_RATE_PER_ADDRESS', () => {
  test('refuses connects that come faster, until the address has rested', () => {
    const world = worldWith({ ratePerAddress: { perSecond: 1, burst: 2 } });
    const from = '10.9.9.9';
    deepEqual([codeOf(world, from), codeOf(world, from)], [undefined, undefined]);
    const refused = world.client(startup, from);
    const error = readError(refused.received);
    equal(error['C'], '53300');
    match(error['M']!, /^10\.9\.9\.9 connects to pg_gateway faster/);
    equal(codeOf(world, '10.8.8.8'), undefined);
    equal(codeOf(world, '127.0.0.1'), undefined);
    world.runtime.advance(1_000);
    deepEqual([codeOf(world, from), codeOf(world, from)], [undefined, '53300']);
    equal(world.count('addressTooFast'), 2);
    leave(world);
  });
});
