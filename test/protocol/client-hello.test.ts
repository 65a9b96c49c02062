import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { readClientHello } from '../../src/protocol/client-hello.ts';
import {
  bytesOf,
  clientHello,
  clientHelloFor,
  clientHelloOf,
  counted,
  recordOf,
  seeded,
} from '../data/packets.ts';

/** The bytes of an extension. */
function extension(type: number, body: Uint8Array): Uint8Array {
  return bytesOf(Uint8Array.of(type >> 8, type & 255), counted(2, body));
}

test('a ClientHello is PostgreSQL by what it offers with ALPN', () => {
  equal(readClientHello(clientHelloFor('postgresql')), 'postgresql');
  equal(readClientHello(clientHelloFor('h2', 'postgresql')), 'postgresql');
  for (const other of [[], ['h2', 'http/1.1'], ['postgresq'], ['postgresqls'], ['PostgreSQL']]) {
    equal(readClientHello(clientHelloFor(...other)), 'other', other.join());
  }
  // As TLS 1.0 had it, without any extensions.
  const body = bytesOf(Uint8Array.of(3, 1), new Uint8Array(32), Uint8Array.of(0, 0, 2, 0, 47, 1, 0));
  equal(readClientHello(recordOf(bytesOf(Uint8Array.of(1), counted(3, body)))), 'other');
});

test('it is incomplete until its last byte is there, and what follows it changes nothing', () => {
  for (
    const [hello, reading] of [[clientHelloFor('postgresql'), 'postgresql'], [
      clientHelloFor(),
      'other',
    ]] as const
  ) {
    for (let length = 6; length < hello.length; length++) {
      equal(readClientHello(hello.subarray(0, length)), 'incomplete', `${length} bytes`);
    }
    equal(readClientHello(bytesOf(hello, 'more')), reading);
    equal(readClientHello(bytesOf(0, hello).subarray(4)), reading, 'in the middle of a buffer');
  }
});

test('one in several records, or in one that is too long, is left to the server, as soon as that is clear', () => {
  const whole = clientHelloFor().subarray(5);
  equal(readClientHello(recordOf(whole.subarray(0, 100)).subarray(0, 9)), 'unclear');
  equal(readClientHello(recordOf(bytesOf(whole, Uint8Array.of(0)))), 'unclear');
  equal(readClientHello(Uint8Array.of(0x16, 3, 1, 0xff, 0xff, 1, 0, 0xff, 0xfb)), 'unclear');
  equal(readClientHello(Uint8Array.of(0x16, 3, 1, 0, 0, 1, 0, 0, 0)), 'unclear');
});

test('one with a length that leads astray is left to the server', () => {
  equal(readClientHello(clientHello), 'unclear');
  const alpn = counted(2, counted(1, bytesOf('h2')));
  equal(readClientHello(clientHelloOf(extension(16, alpn))), 'other');
  for (
    const [what, extensions] of [
      ['half an extension', extension(16, alpn).subarray(0, -1)],
      ['a type without a length', Uint8Array.of(0, 16)],
      [
        'a list that is longer than its extension',
        extension(16, counted(2, new Uint8Array(4)).subarray(0, -1)),
      ],
      ['a list that is shorter than its extension', extension(16, bytesOf(alpn, 'x'))],
      ['a name that is longer than its list', extension(16, counted(2, Uint8Array.of(3, 104, 50)))],
    ] as const
  ) {
    equal(readClientHello(clientHelloOf(extensions)), 'unclear', what);
  }
});

test('no byte that is changed makes it throw, or PostgreSQL of what is none', () => {
  const random = seeded(20_261_127);
  const seen = new Set<string>();
  for (const hello of [clientHelloFor('postgresq', 'h2'), clientHelloFor()]) {
    for (let at = 3; at < hello.length; at++) {
      // The record has the same first bytes, or it is no ClientHello.
      if (at === 5) continue;
      const changed = hello.slice();
      changed[at] = Math.floor(random() * 256);
      seen.add(readClientHello(changed));
    }
  }
  equal([...seen].toSorted().join(), 'other,unclear');
});
