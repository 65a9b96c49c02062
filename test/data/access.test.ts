import { equal, match } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Access, type Verdict } from '../../src/data/access.ts';
import { parseNetwork } from '../../src/runtime/networks.ts';
import { cancelRequest, readError, sslRequest, startup } from './packets.ts';
import { defaults, primary, World } from './world.ts';

const networks = (...texts: readonly string[]) => texts.map(parseNetwork);

function verdicts(access: Access, expected: Readonly<Record<string, Verdict>>): void {
  for (const [endpoint, verdict] of Object.entries(expected)) equal(access.of(endpoint), verdict, endpoint);
}

describe('whose clients are taken', () => {
  test('all, without a list', () => {
    verdicts(new Access({ allow: undefined, deny: undefined }), {
      '10.0.0.1:4711': 'allowed',
      '[fd00::1]:4711': 'allowed',
      '': 'allowed',
    });
  });

  test('those of ALLOW alone, and those of unix sockets', () => {
    verdicts(new Access({ allow: networks('10.0.0.0/8', 'fd00::/8'), deny: undefined }), {
      '10.0.0.1:4711': 'allowed',
      '[fd00::1]:4711': 'allowed',
      '127.0.0.1:4711': 'unlisted',
      '[2001:db8::1]:4711': 'unlisted',
      '': 'allowed',
      'nonsense:1': 'unlisted',
    });
  });

  test('all but those of DENY', () => {
    verdicts(new Access({ allow: undefined, deny: networks('10.0.0.0/8', '::/0') }), {
      '10.0.0.1:4711': 'denied',
      '[fd00::1]:4711': 'denied',
      '11.0.0.1:4711': 'allowed',
      '': 'allowed',
    });
  });

  test('by the most specific network, in whatever list and order', () => {
    const allow = networks('10.66.1.5', '10.0.0.0/8', '0.0.0.0/0');
    verdicts(new Access({ allow, deny: networks('10.66.0.0/16', '192.0.2.0/24') }), {
      '10.0.0.1:4711': 'allowed',
      '10.66.1.4:4711': 'denied',
      '10.66.1.5:4711': 'allowed',
      '192.0.2.1:4711': 'denied',
      '[fd00::1]:4711': 'unlisted',
    });
  });
});

describe('a client that may not come', () => {
  const deny = networks('10.9.0.0/16');

  test('reads why after its first packet, and is counted and told of', () => {
    const world = new World({ deny });
    world.publish(primary);
    const client = world.client(undefined, '10.9.9.9');
    equal(client.received.length, 0, 'nothing is said before the client has said how it wants to be told');
    client.send(startup);
    const error = readError(client.received);
    equal(error['C'], '28000');
    equal(error['M'], 'pg_gateway takes no clients from 10.9.9.9');
    match(error['D']!, /network of DENY/);
    client.fin();
    equal(world.count('notAllowed'), 1);
    world.runtime.advance(1_000);
    const [report] = world.reports.filter(({ kind }) => kind === 'turnedAway');
    equal(
      JSON.stringify(report),
      JSON.stringify({
        kind: 'turnedAway',
        who: 'notAllowed',
        count: 1,
        busiest: '10.9.9.9',
        ofBusiest: 1,
      }),
    );
    world.runtime.advance(60_000);
    equal(world.dialled.length, 0);
    world.empty({ refused: 1 });
  });

  test('gets neither a server, nor a cancel request through, nor a place for longer than others', () => {
    const world = new World({ deny, startupTimeoutMs: 500 });
    world.publish(primary);
    world.client(undefined, '10.9.9.9');
    equal(world.client(cancelRequest(), '10.9.9.9').ended, true);
    world.client(sslRequest, '10.9.9.9').reset();
    world.runtime.advance(61_000);
    equal(world.count('cancels'), 0);
    equal(world.count('active'), 0);
    equal(world.count('notAllowed'), 3);
  });

  test('is one that comes after the reload; sessions live on', () => {
    const world = new World();
    world.publish(primary);
    const { client } = world.open();
    const settings = { ...defaults, allow: networks('10.0.0.0/8') };
    world.command({ kind: 'settings', settings });
    equal(client.closed, false);
    const refused = world.client(startup);
    match(readError(refused.received)['D']!, /No network of ALLOW/);
    refused.fin();
    world.command({ kind: 'settings', settings: defaults });
    world.open();
    for (const one of world.clients) one.reset();
    world.runtime.advance(61_000);
    world.empty({ refused: 1, clientReset: 2 });
  });
});
