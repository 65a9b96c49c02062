import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { otherProtocols } from '../../src/contract/counters.ts';
import { tlsIsReady } from '../../src/protocol/error-response.ts';
import type { FarEnd } from '../bed/fake-conn.ts';
import {
  bytesOf,
  cancelRequest,
  clientHelloFor,
  gssRequest,
  proxyBinary,
  proxyText,
  readError,
  sslRequest,
  startup,
} from './packets.ts';
import { defaults, primary, World } from './world.ts';

function worldWithPrimary(): World {
  const world = new World();
  world.publish(primary);
  return world;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** All of them that were counted. */
function counts(world: World): Record<string, number> {
  const all = otherProtocols.map((protocol) => [protocol, world.count(protocol)] as const);
  return Object.fromEntries(all.filter(([, count]) => count > 0));
}

function lines(world: World): string[] {
  return world.reports.flatMap((report) =>
    report.kind === 'otherProtocol' ? [`${report.count} on the ${report.port} port: ${report.why}`] : []
  );
}

const httpRequest = bytesOf('GET /healthz HTTP/1.1\r\nHost: db\r\n\r\n');

/** Each ends the connection with a word that it can read. */
const cases: readonly (readonly [string, string, Uint8Array, RegExp, (client: FarEnd) => void])[] = [
  [
    'http',
    'an HTTP request',
    httpRequest,
    /an HTTP request\. .*\/live, \/ready and \/metrics are on METRICS_PORT\.$/,
    ({ received }) => {
      match(textOf(received), /^HTTP\/1\.1 400 Bad Request\r\n(.+\r\n)+\r\npg_gateway .*METRICS_PORT\.\n$/);
    },
  ],
  [
    'tls',
    'TLS for another service',
    clientHelloFor('h2', 'http/1.1'),
    /TLS for another service than PostgreSQL .*"postgresql" as the protocol of ALPN\.$/,
    // An alert, fatal: no_application_protocol.
    ({ received }) => deepEqual(received, Uint8Array.of(0x15, 3, 3, 0, 2, 2, 120)),
  ],
  [
    'tls',
    'TLS without ALPN',
    clientHelloFor(),
    /TLS for another service/,
    ({ received }) => equal(received[0], 0x15),
  ],
  [
    'ssh',
    'SSH',
    bytesOf('SSH-2.0-OpenSSH_9.2\r\n'),
    /it speaks SSH\. This is the address of a PostgreSQL server\.$/,
    ({ received }) => equal(readError(received)['C'], '08P01'),
  ],
  [
    'unknown',
    'noise',
    Uint8Array.of(3, 0, 0, 19, 14, 0xe0),
    /bytes long.*This is the address of a PostgreSQL server\.$/,
    ({ received }) => equal(readError(received)['C'], '08P01'),
  ],
];

for (const [protocol, name, bytes, line, reads] of cases) {
  test(`${name} is named in the log and counted, and reads why; no server is dialled`, () => {
    for (const cut of [1, 5, bytes.length - 1]) {
      const world = worldWithPrimary();
      const client = world.client(bytes.subarray(0, cut));
      client.send(bytes.subarray(cut));
      reads(client);
      ok(client.ended && !client.aborted, 'it can be read: no reset');
      deepEqual([counts(world), world.dialled, lines(world).length], [{ [protocol]: 1 }, [], 1]);
      match(lines(world)[0]!, line);
      client.fin();
      world.empty({ refused: 1 });
    }
  });
}

describe('behind a PROXY header', () => {
  const refused = /^pg_gateway does not understand this client: it begins with a PROXY protocol header$/;

  for (const [version, header] of [[1, proxyText], [2, proxyBinary]] as const) {
    test(`of version ${version} a client reads that the load balancer sends one, in clear text and after N`, () => {
      for (
        const pieces of [[bytesOf(header, startup)], [header, startup], [
          bytesOf(header, gssRequest),
          startup,
        ]]
      ) {
        const world = worldWithPrimary();
        const client = world.client(pieces[0]);
        for (const bytes of pieces.slice(1)) client.send(bytes);
        const { received } = client;
        const error = readError(received[0] === 'N'.charCodeAt(0) ? received.subarray(1) : received);
        match(error['M']!, refused);
        match(
          error['H']!,
          /load balancer before this port has the PROXY protocol switched on.*: switch it off there, or let .* read it/,
        );
        deepEqual([counts(world), world.dialled], [{ proxy: 1 }, []]);
        match(lines(world)[0]!, /^1 on the primary port: .*PROXY protocol header\. The load balancer/);
        client.fin();
        world.empty({ refused: 1 });
      }
    });

    test(`of version ${version} a client that wants TLS is refused under TLS`, () => {
      const world = worldWithPrimary();
      const client = world.client(bytesOf(header, sslRequest));
      const server = world.runtime.lastDial.accept();
      server.send(tlsIsReady);
      deepEqual([world.dialled, textOf(client.received)], [['/run/refusals'], 'S']);
      match(textOf(server.received), /PROXY protocol header/);
      client.reset();
      world.empty({ refused: 1 });
    });

    test(`of version ${version} a check that says no more, or a cancel request, is closed without a word`, () => {
      for (const more of [new Uint8Array(0), cancelRequest()]) {
        const world = worldWithPrimary();
        const client = world.client(bytesOf(header, more));
        client.fin();
        deepEqual([client.received.length, client.aborted, counts(world)], [0, false, { proxy: 1 }]);
        world.empty({ refused: 1 });
      }
    });
  }

  test('one that says no more and stays is ended', () => {
    const world = worldWithPrimary();
    const client = world.client(proxyText);
    world.runtime.advance(defaults.startupTimeoutMs);
    ok(client.aborted);
    world.empty({ refused: 1 });
  });

  test('a check over HTTP reads it, too', () => {
    const world = worldWithPrimary();
    const client = world.client(bytesOf(proxyText, httpRequest));
    match(textOf(client.received), /^HTTP\/1\.1 400 [^]*PROXY protocol/);
    deepEqual(counts(world), { proxy: 1 }, 'it is one client');
    client.fin();
    world.empty({ refused: 1 });
  });
});

test('a flood of them is a line a minute for each protocol, with how many there were', () => {
  const world = worldWithPrimary();
  const come = (bytes: Uint8Array, times: number): void => {
    for (let count = 0; count < times; count++) world.client(bytes).fin();
  };
  come(httpRequest, 500);
  come(bytesOf('SSH-2.0-x\r\n'), 3);
  world.runtime.advance(59_000);
  come(httpRequest, 1);
  deepEqual(lines(world).map((line) => line.split(' ')[0]), ['1', '1']);
  world.runtime.advance(1_000);
  come(httpRequest, 1);
  deepEqual(lines(world).map((line) => line.split(' ')[0]), ['1', '1', '501']);
  deepEqual(counts(world), { http: 502, ssh: 3 });
  world.empty({ refused: 505 });
});

describe('a ClientHello', () => {
  test('for PostgreSQL reaches the primary as it is, however it is cut', () => {
    const hello = clientHelloFor('postgresql');
    for (let cut = 1; cut < hello.length; cut += 7) {
      const world = worldWithPrimary();
      const client = world.client(hello.subarray(0, cut));
      client.send(hello.subarray(cut));
      deepEqual(world.runtime.lastDial.accept().received, hello);
      deepEqual([counts(world), lines(world)], [{}, []]);
      client.reset();
      world.empty({ clientReset: 1 });
    }
  });

  test('of which only half comes is closed without a word at the timeout', () => {
    for (const length of [1, 5, 40]) {
      const world = worldWithPrimary();
      const client = world.client(clientHelloFor('postgresql').subarray(0, length));
      world.runtime.advance(defaults.startupTimeoutMs);
      deepEqual([client.received.length, client.ended, client.aborted], [0, true, false]);
      deepEqual([world.dialled, counts(world)], [[], {}]);
      client.fin();
      world.empty({ startupTimeout: 1 });
    }
  });
});

test('a probe of TCP alone, which says nothing, is no line and no count', () => {
  const world = worldWithPrimary();
  world.client().fin();
  world.client().reset();
  deepEqual([counts(world), lines(world)], [{}, []]);
  world.empty({ clientClosed: 1, clientReset: 1 });
});
