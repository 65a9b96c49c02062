import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { proxyOutcomes } from '../../src/contract/counters.ts';
import type { ClientRow, DataSettings } from '../../src/contract/messages.ts';
import { parseNetwork } from '../../src/runtime/networks.ts';
import { tlsIsReady } from '../../src/protocol/error-response.ts';
import {
  bytesOf,
  cancelRequest,
  counted,
  gssRequest,
  proxyBinary,
  proxyText,
  readError,
  sslRequest,
  startup,
} from './packets.ts';
import { defaults, firstByte, primary, standby, World } from './world.ts';

const balancer = '10.0.0.9';
const stranger = '198.51.100.1';
const networksOf = (...texts: readonly string[]) => texts.map(parseNetwork);
const proxyTrusted = { networks: networksOf('10.0.0.0/24', 'fd00::/8'), unix: false };
const socket = { path: '/run/postgresql/.s.PGSQL.6432' };

function worldOf(proxyProtocol: DataSettings['proxyProtocol'], more: Partial<DataSettings> = {}): World {
  const world = new World({ proxyProtocol, proxyTrusted, ...more });
  world.publish(primary);
  return world;
}

/** Those outcomes that were counted. */
function outcomes(world: World): Record<string, number> {
  const all = proxyOutcomes.map((name) => [name, world.count(name)] as const);
  return Object.fromEntries(all.filter(([, count]) => count > 0));
}

function lines(world: World): string[] {
  return world.reports.flatMap((report) =>
    report.kind === 'otherProtocol' ? [`${report.event} ${report.client}: ${report.why}`] : []
  );
}

function rows(world: World): ClientRow[] {
  world.command({ kind: 'list', id: 1, of: {} });
  const answer = world.reports.findLast((report) => report.kind === 'selected')!;
  return JSON.parse(`[${answer.kind === 'selected' ? answer.rows : ''}]`);
}

const local = bytesOf('\r\n\r\n\0\r\nQUIT\n', Uint8Array.of(0x20, 0), counted(2, new Uint8Array(0)));
const unknown = bytesOf('PROXY UNKNOWN\r\n');
/** Of a client at this address. */
const headerOf = (host: string): Uint8Array =>
  bytesOf(`PROXY TCP${host.includes(':') ? 6 : 4} ${host} ${host} 40000 5432\r\n`);

describe('behind a trusted load balancer', () => {
  for (const mode of ['accept', 'require'] as const) {
    test(`with ${mode} the client is where the header says, however the bytes are cut, and its server gets none of it`, () => {
      for (const header of [proxyText, proxyBinary]) {
        const all = bytesOf(header, startup);
        for (let cut = 1; cut <= all.length; cut++) {
          const world = worldOf(mode);
          const client = world.client(all.subarray(0, cut), balancer);
          if (cut < all.length) {
            deepEqual(world.dialled, [], 'nothing is dialled before the client has spoken');
          }
          if (cut < all.length) client.send(all.subarray(cut));
          const server = world.runtime.lastDial.accept();
          deepEqual(server.received, startup);
          server.send(firstByte);
          equal(rows(world)[0]?.client, '192.0.2.1:40000');
          deepEqual([outcomes(world), lines(world)], [{ proxyTaken: 1 }, []]);
          client.reset();
          world.empty({ clientReset: 1 });
        }
      }
    });
  }

  test('byte by byte it is the same', () => {
    const world = worldOf('require');
    const client = world.client(undefined, balancer);
    for (const byte of bytesOf(proxyBinary, startup, 'more')) client.send(Uint8Array.of(byte));
    deepEqual(world.runtime.lastDial.accept().received, bytesOf(startup, 'more'));
    client.reset();
    world.empty({ clientReset: 1 });
  });

  test('TLS and cancel requests pass behind a header', () => {
    for (const request of [sslRequest, gssRequest, cancelRequest()]) {
      const world = worldOf('require');
      const client = world.client(bytesOf(proxyText, request), balancer);
      const server = world.runtime.lastDial.accept();
      deepEqual(server.received, request);
      server.fin();
      client.reset();
    }
  });

  test('a header that names nobody leaves the address of the load balancer', () => {
    for (const header of [local, unknown]) {
      const world = worldOf('require');
      const client = world.client(bytesOf(header, startup), balancer);
      match(rows(world)[0]?.client ?? '', /^10\.0\.0\.9:\d+$/);
      deepEqual(outcomes(world), { proxyTaken: 1 });
      client.reset();
      world.empty({ clientReset: 1 });
    }
  });

  test('IPv6 has its brackets, and IPv4 within it is shown as IPv4', () => {
    for (
      const [host, shown] of [['2001:db8::7', '[2001:db8::7]:40000'], ['::ffff:192.0.2.1', '192.0.2.1:40000']]
    ) {
      const world = worldOf('accept');
      const client = world.client(bytesOf(headerOf(host!), startup), 'fd00::9');
      equal(rows(world)[0]?.client, shown);
      client.reset();
      world.empty({ clientReset: 1 });
    }
  });

  test('a check is silent: nothing is dialled, said or logged', () => {
    for (
      const check of [local, unknown, proxyBinary, proxyText, new Uint8Array(0), proxyBinary.subarray(0, 9)]
    ) {
      const world = worldOf('require');
      const client = world.client(check.length > 0 ? check : undefined, balancer);
      client.fin();
      deepEqual([world.dialled, lines(world), client.received.length, client.aborted], [[], [], 0, false]);
      world.empty({ clientClosed: 1 });
    }
  });

  test('STARTUP_TIMEOUT_MS is the time for the header and the first packet together', () => {
    const world = worldOf('require');
    const client = world.client(undefined, balancer);
    world.runtime.advance(defaults.startupTimeoutMs - 1);
    client.send(proxyText);
    world.runtime.advance(1);
    ok(
      client.ended && !client.aborted && client.received.length === 0,
      'one that says nothing is closed quietly',
    );
    client.fin();
    const half = world.client(proxyText.subarray(0, 9), balancer);
    world.runtime.advance(defaults.startupTimeoutMs);
    match(readError(half.received)['M']!, /waited 5 s for the rest of the first packet/);
    half.fin();
    world.empty({ startupTimeout: 2 });
  });

  test('the standby of a client is chosen by its own address, as when it comes directly', () => {
    const more = { listenStandby: { host: '127.0.0.1', port: 6433 }, balance: 'source' } as const;
    const sentTo = (from: string, header?: Uint8Array): string => {
      const world = worldOf('accept', more);
      world.stand(standby(3), standby(4), standby(5));
      world.reader(header === undefined ? startup : bytesOf(header, startup), from);
      return world.dialled[0]!;
    };
    const hosts = Array.from({ length: 40 }, (_, index) => `203.0.113.${index}`);
    const direct = hosts.map((host) => sentTo(host));
    deepEqual(hosts.map((host) => sentTo(balancer, headerOf(host))), direct);
    equal(new Set(direct).size, 3, 'they are spread');
  });

  test('a session ends by its own address, with a line that has it', () => {
    const world = worldOf('accept', { logConnections: 'all' });
    const clients = ['192.0.2.7', '192.0.2.8'].map((host) =>
      world.client(bytesOf(headerOf(host), startup), balancer)
    );
    world.command({ kind: 'kill', id: 1, of: { address: '192.0.2.8' } });
    clients[0]!.reset();
    clients[1]!.fin();
    world.runtime.advance(1_000);
    const ended = world.reports.flatMap((report) => report.kind === 'ended' ? report.sessions : []);
    deepEqual(ended.map(({ client, reason }) => `${client} ${reason}`).sort(), [
      '192.0.2.7:40000 clientReset',
      '192.0.2.8:40000 killed',
    ]);
    world.empty({ clientReset: 1, killed: 1 });
  });

  for (
    const [name, bytes, why] of [
      ['with an error', bytesOf('PROXY TCP4 here there 1 2\r\n'), /names what is no address of IPv4$/],
      ['behind another', bytesOf(proxyBinary, proxyText), /a second header follows the first one$/],
    ] as const
  ) {
    test(`a header ${name} is refused in words, in clear text and after N`, () => {
      for (
        const pieces of [[bytesOf(bytes, startup)], [bytes, startup], [bytesOf(bytes, gssRequest), startup]]
      ) {
        const world = worldOf('accept');
        const client = world.client(pieces[0], balancer);
        for (const more of pieces.slice(1)) client.send(more);
        const { received } = client;
        const error = readError(received[0] === 'N'.charCodeAt(0) ? received.subarray(1) : received);
        equal(error['C'], '08P01');
        match(error['M']!, /^pg_gateway cannot read the PROXY protocol header of this connection: /);
        match(error['M']!, why);
        equal(outcomes(world)['proxyMalformed'], 1);
        match(lines(world)[0]!, /^proxy_refused .*cannot read the PROXY protocol header/);
        deepEqual(world.dialled, []);
        client.fin();
        world.empty({ refused: 1 });
      }
    });
  }

  test('a header without an end is refused at once', () => {
    for (
      const bytes of [
        bytesOf('PROXY ', new Uint8Array(101).fill(0x31)),
        bytesOf(proxyBinary.subarray(0, 14), Uint8Array.of(255, 255)),
      ]
    ) {
      const world = worldOf('accept');
      const client = world.client(bytes, balancer);
      equal(readError(client.received)['C'], '08P01');
      deepEqual(outcomes(world), { proxyMalformed: 1 });
      client.fin();
      world.empty({ refused: 1 });
    }
  });

  test('without a header the client is served with accept, and reads why not with require', () => {
    const lenient = worldOf('accept');
    const client = lenient.client(startup, balancer);
    deepEqual(lenient.runtime.lastDial.accept().received, startup);
    match(rows(lenient)[0]?.client ?? '', /^10\.0\.0\.9:/);
    client.reset();
    lenient.empty({ clientReset: 1 });

    const strict = worldOf('require');
    const refused = strict.client(startup, balancer);
    const { C: code, M: text, H: hint } = readError(refused.received);
    equal(code, '28000');
    match(text!, /wants a PROXY protocol header .*PROXY_PROTOCOL=require.*there is none$/);
    match(hint!, /send-proxy-v2/);
    deepEqual([strict.dialled, outcomes(strict)], [[], { proxyMissing: 1 }]);
    match(lines(strict)[0]!, /^proxy_refused 10\.0\.0\.9:\d+: pg_gateway wants a PROXY protocol header/);
    refused.fin();
    const cancel = strict.client(cancelRequest(), balancer);
    equal(cancel.received.length, 0);
    cancel.fin();
    strict.empty({ refused: 2 });
  });

  test('a client that wants TLS reads it under TLS', () => {
    const world = worldOf('require');
    const client = world.client(sslRequest, balancer);
    const server = world.runtime.lastDial.accept();
    server.send(tlsIsReady);
    equal(world.dialled[0], '/run/refusals');
    const preamble = new TextDecoder().decode(server.received);
    match(preamble, /PROXY protocol header/);
    client.reset();
    world.empty({ refused: 1 });
  });

  test('a gateway that stops tells the client behind a header that comes after that', () => {
    for (const request of [startup, gssRequest]) {
      const world = worldOf('require');
      const client = world.client(proxyText.subarray(0, 7), balancer);
      world.command({ kind: 'stop' });
      client.send(bytesOf(proxyText.subarray(7), request));
      if (request === gssRequest) client.send(startup);
      const { received } = client;
      equal(readError(received.subarray(request === gssRequest ? 1 : 0))['M'], 'pg_gateway is shutting down');
      client.fin();
      world.empty({ drained: 1 });
    }
  });
});

describe('from elsewhere', () => {
  test('with accept a connection is an ordinary one, and a header is refused in words', () => {
    const world = worldOf('accept');
    const ordinary = world.client(startup, stranger);
    deepEqual(world.runtime.lastDial.accept().received, startup);
    for (const header of [proxyText, proxyBinary, local]) {
      const client = world.client(bytesOf(header, startup), stranger);
      const { C: code, M: text, H: hint } = readError(client.received);
      equal(code, '28000');
      equal(text, `pg_gateway takes no PROXY protocol header from ${stranger}`);
      match(hint!, /add it to PROXY_TRUSTED\.$/);
      client.fin();
    }
    equal(rows(world)[0]?.client?.startsWith(`${stranger}:`), true, 'it is where it is');
    deepEqual([outcomes(world), lines(world).length], [{ proxyUntrusted: 3 }, 1]);
    match(lines(world)[0]!, /^proxy_refused 198\.51\.100\.1:\d+: .*takes no PROXY protocol header/);
    ordinary.reset();
    world.empty({ clientReset: 1, refused: 3 });
  });

  test('with require every client is refused in words, with a header or without, and a check is silent', () => {
    const world = worldOf('require');
    world.client(undefined, stranger).fin();
    deepEqual([outcomes(world), lines(world)], [{}, []]);
    const plain = world.client(startup, stranger);
    const { C: code, M: text } = readError(plain.received);
    equal(code, '28000');
    match(
      text!,
      /^pg_gateway takes no client from 198\.51\.100\.1: all have to come through a load balancer/,
    );
    const forged = world.client(bytesOf(proxyText, startup), stranger);
    match(readError(forged.received)['M']!, /takes no PROXY protocol header from 198\.51\.100\.1$/);
    deepEqual([world.dialled, outcomes(world)], [[], { proxyUntrusted: 2 }]);
    for (const client of [plain, forged]) client.fin();
    world.empty({ clientClosed: 1, refused: 2 });
  });
});

test('a unix socket is trusted by its own word alone', () => {
  for (const [unix, count] of [[true, { proxyTaken: 1 }], [false, { proxyUntrusted: 1 }]] as const) {
    const world = worldOf('accept', {
      alsoListen: [{ port: 'primary', address: socket }],
      proxyTrusted: { networks: networksOf('0.0.0.0/0'), unix },
    });
    const client = world.runtime.arrive(socket);
    world.clients.push(client);
    client.send(bytesOf(proxyText, startup));
    deepEqual(outcomes(world), count);
    if (unix) equal(rows(world)[0]?.client, '192.0.2.1:40000');
    else match(readError(client.received)['H']!, /add it to PROXY_TRUSTED, as unix\.$/);
    client.reset();
    world.empty(unix ? { clientReset: 1 } : { refused: 1 });
  }
});

test('a connection that was reset before it was accepted is nobody to serve, to count or to name', () => {
  for (const mode of ['accept', 'require'] as const) {
    for (const bytes of [bytesOf(local), bytesOf(proxyText, startup), startup]) {
      const world = worldOf(mode, {
        proxyTrusted: { networks: networksOf('0.0.0.0/0', '::/0'), unix: true },
      });
      const client = world.client(bytes, '');
      deepEqual([world.dialled, outcomes(world), lines(world), client.received.length], [[], {}, [], 0]);
      client.reset();
      world.empty({ clientReset: 1 });
    }
  }
});

test('other settings are for those who connect from then on', () => {
  const world = worldOf('accept');
  const early = world.client(undefined, balancer);
  world.command({ kind: 'settings', settings: { ...defaults, proxyProtocol: undefined } });
  early.send(bytesOf(proxyText, startup));
  equal(rows(world)[0]?.client, '192.0.2.1:40000');
  const late = world.client(bytesOf(proxyText, startup), balancer);
  match(readError(late.received)['M']!, /it begins with a PROXY protocol header$/);
  late.fin();
  const settings = {
    ...defaults,
    proxyProtocol: 'require',
    proxyTrusted: { networks: networksOf(stranger), unix: false },
  } as const;
  world.command({ kind: 'settings', settings });
  const third = world.client(bytesOf(proxyText, startup), stranger);
  equal(rows(world).filter(({ client }) => client === '192.0.2.1:40000').length, 2);
  for (const client of [early, third]) client.reset();
  world.empty({ clientReset: 2, refused: 1 });
});
