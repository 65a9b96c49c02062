import { deepEqual, equal, match } from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DataSettings } from '../../src/contract/messages.ts';
import { parseNetwork } from '../../src/runtime/networks.ts';
import { bytesOf, cancelRequest, readError, startup } from './packets.ts';
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

describe('behind a trusted load balancer', () => {
  const balancer = '10.0.0.9';
  const behind = (proxyProtocol: 'accept' | 'require', settings: Partial<DataSettings>) =>
    worldWith({
      proxyProtocol,
      proxyTrusted: { networks: [parseNetwork(balancer)], unix: false },
      ...settings,
    });
  const named = (host: string, words: Uint8Array = startup) =>
    bytesOf(`PROXY TCP4 ${host} ${host} 40000 5432\r\n`, words);
  const code = (world: World, bytes: Uint8Array): string | undefined => {
    const { received } = world.client(bytes, balancer);
    return received.length === 0 ? undefined : readError(received)['C'];
  };

  for (const mode of ['accept', 'require'] as const) {
    test(`with ${mode}, the address in the header has the limits, and not the load balancer`, () => {
      const world = behind(mode, { maxPerAddress: 1, deny: [parseNetwork('10.6.0.0/16')] });
      equal(code(world, named('10.1.1.1')), undefined);
      equal(code(world, named('10.1.1.1')), '53300');
      equal(code(world, named('10.2.2.2')), undefined);
      equal(code(world, named('10.6.6.6')), '28000');
      equal(code(world, named('127.0.0.1')), undefined);
      equal(code(world, named('127.0.0.1')), undefined, 'the loopback has no limits there, either');
      equal(world.count('addressFull'), 1);
      leave(world);
      equal(code(world, named('10.1.1.1')), undefined, 'nothing of those that left is counted any more');
      leave(world);
    });
  }

  test('what the load balancer says for itself has no limits, and is no client of a list', () => {
    const world = behind('accept', { maxPerAddress: 1, allow: [parseNetwork('10.1.0.0/16')] });
    const unknown = bytesOf('PROXY UNKNOWN\r\n', startup);
    for (const bytes of [unknown, unknown, startup, startup]) equal(code(world, bytes), undefined);
    equal(code(world, named('10.2.2.2')), '28000');
    leave(world);
  });

  test('others are looked at by their own address, at once', () => {
    const world = behind('accept', { maxPerAddress: 1 });
    world.client(undefined, '10.9.9.9');
    equal(codeOf(world, '10.9.9.9'), '53300');
    leave(world);
  });

  test('a client that dials anew is counted once', () => {
    const world = behind('accept', { ratePerAddress: { perSecond: 1, burst: 1 } });
    const client = world.client(named('10.1.1.1'), balancer);
    world.runtime.lastDial.refuse();
    world.runtime.advance(1_000);
    equal(client.received.length, 0);
    equal(world.count('addressTooFast'), 0);
    leave(world);
  });
});
