import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { readOpening } from '../../src/protocol/startup.ts';
import { bytesOf, clientHelloFor, counted, proxyBinary, proxyText, sslRequest } from '../data/packets.ts';

/** What is read of a client that is none of PostgreSQL; throws if it is one. */
function read(...parts: Parameters<typeof bytesOf>) {
  const opening = readOpening(bytesOf(...parts));
  if (opening.kind !== 'garbage') throw new Error(`it is ${opening.kind}`);
  return opening;
}

test('an HTTP request is one by its first word, whatever its method', () => {
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE'];
  for (const line of [...methods.map((method) => `${method} / HTTP/1.1\r\n`), 'PRI * HTTP/2.0\r\n']) {
    deepEqual(read(line), {
      kind: 'garbage',
      protocol: 'http',
      why: 'it sent an HTTP request',
      headerBytes: undefined,
    });
  }
  equal(readOpening(bytesOf('GET')).kind, 'incomplete');
});

test('SSH, other text, and what is neither are told apart', () => {
  equal(read('SSH-2.0-OpenSSH_9.2\r\n').protocol, 'ssh');
  for (const text of ['help me\n', '    ', 'PROX?', 'get / ']) {
    equal(read(text).protocol, 'unknown', text);
    match(read(text).why, /^it sent text/);
  }
  // A connection request of RDP, and half of what PROXY's second version begins with.
  for (const bytes of [Uint8Array.of(3, 0, 0, 19, 14, 0xe0), bytesOf('\r\n\r\nQUIT')]) {
    equal(read(bytes).protocol, 'unknown');
    match(read(bytes).why, /bytes long/);
  }
});

test('TLS for another service is told as such', () => {
  const { protocol, why } = read(clientHelloFor('h2', 'http/1.1'));
  equal(protocol, 'tls');
  match(why, /another service than PostgreSQL/);
});

test('a PROXY header of either version is one, with its length, and not the client behind it', () => {
  for (const header of [proxyText, proxyBinary, bytesOf('PROXY UNKNOWN\r\n'), proxyOf(0), proxyOf(500)]) {
    for (let length = 4; length < header.length; length++) {
      equal(readOpening(header.subarray(0, length)).kind, 'incomplete');
    }
    const { protocol, headerBytes } = read(header, sslRequest);
    deepEqual([protocol, headerBytes], ['proxy', header.length]);
  }
});

test('a PROXY header that has no end within its limits is not waited for', () => {
  const endless = bytesOf('PROXY ', new Uint8Array(101).fill(0x31));
  equal(readOpening(endless.subarray(0, -1)).kind, 'incomplete');
  deepEqual([read(endless).protocol, read(endless).headerBytes], ['proxy', undefined]);
  deepEqual([read(proxyOf(60_000).subarray(0, 16)).headerBytes], [undefined]);
});

/** A PROXY header of version 2 with so many bytes of addresses and more. */
function proxyOf(bytes: number): Uint8Array {
  return bytesOf(proxyBinary.subarray(0, 14), counted(2, new Uint8Array(bytes)));
}
