import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32c } from '../../src/protocol/crc32c.ts';
import { mostBinaryBytes, type ProxyHeader, readProxyHeader } from '../../src/protocol/proxy-header.ts';
import { bytesOf, counted, proxyBinary, proxyText, seeded, sslRequest, startup } from '../data/packets.ts';

const signature = '\r\n\r\n\0\r\nQUIT\n';
const noBytes = new Uint8Array(0);

/** A header of version 2: version and command in one byte, family and transport in one, and what follows its length. */
function binary(command: number, family: number, ...rest: Parameters<typeof bytesOf>): Uint8Array {
  return bytesOf(signature, Uint8Array.of(command, family), counted(2, bytesOf(...rest)));
}

function tlv(type: number, value: Uint8Array): Uint8Array {
  return bytesOf(Uint8Array.of(type), counted(2, value));
}

/** The same header with the checksum where its first TLV of type 3 stands, which begins at `at`. */
function summed(header: Uint8Array, at: number): Uint8Array {
  const all = header.slice();
  all.fill(0, at + 3, at + 7);
  new DataView(all.buffer).setUint32(at + 3, crc32c(all));
  return all;
}

const v4 = bytesOf(0xc000_0201, 0xc000_0202, 0x9c40_1538);
const v6 = bytesOf(0x2001_0db8, 0, 0, 7, 0x2001_0db8, 0, 0, 8, 0x9c40_1538);
const unix = bytesOf('/run/client', new Uint8Array(97), '/run/server', new Uint8Array(97));
const blank = tlv(3, new Uint8Array(4));
const tlvs = bytesOf(
  tlv(5, bytesOf('unique')),
  tlv(4, noBytes),
  tlv(0x20, new Uint8Array(700)),
  tlv(0xee, noBytes),
);
const withSum = summed(binary(0x21, 0x11, v4, tlvs, blank, tlv(2, bytesOf('db'))), 16 + 12 + tlvs.length);

/** Headers that count, and whom they name. */
const good: readonly (readonly [string, Uint8Array, string | undefined])[] = [
  ['text of IPv4', proxyText, '192.0.2.1 40000'],
  ['text of IPv6', bytesOf('PROXY TCP6 2001:DB8:0::7 ::1 65535 0\r\n'), '2001:db8::7 65535'],
  ['text of an unknown client', bytesOf('PROXY UNKNOWN\r\n'), undefined],
  ['text of an unknown client with whatever', bytesOf('PROXY UNKNOWN ffff:f 1 \0 ~\r\n'), undefined],
  [
    'the longest text',
    bytesOf(`PROXY UNKNOWN${' ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'.repeat(2)} 65535 65535\r\n`),
    undefined,
  ],
  ['IPv4', proxyBinary, '192.0.2.1 40000'],
  ['IPv4 with TLVs', binary(0x21, 0x11, v4, tlvs), '192.0.2.1 40000'],
  ['IPv4 with a checksum among TLVs', withSum, '192.0.2.1 40000'],
  ['IPv6', binary(0x21, 0x21, v6), '2001:db8::7 40000'],
  ['IPv6 with a checksum', summed(binary(0x21, 0x21, v6, blank), 16 + 36), '2001:db8::7 40000'],
  [
    'IPv4 within IPv6',
    binary(0x21, 0x21, 0, 0, 0xffff, 0xc000_0201, 0, 0, 0, 0, 0x9c40_1538),
    '::ffff:192.0.2.1 40000',
  ],
  ['a unix socket', binary(0x21, 0x31, unix), undefined],
  ['a unix socket with a checksum', summed(binary(0x21, 0x31, unix, blank), 16 + 216), undefined],
  ['UNSPEC', binary(0x21, 0x00), undefined],
  ['UNSPEC with a checksum', summed(binary(0x21, 0x00, blank), 16), undefined],
  ['UNSPEC with what is no TLV', binary(0x21, 0x00, 'x'), undefined],
  ['LOCAL', binary(0x20, 0x00), undefined],
  ['LOCAL with a checksum', summed(binary(0x20, 0x00, blank), 16), undefined],
  ['LOCAL with addresses', binary(0x20, 0x11, v4), undefined],
  // Its first address could be taken for the head of a checksum.
  ['LOCAL from 3.0.4.1', binary(0x20, 0x11, 0x0300_0401, 0, 0), undefined],
  ['LOCAL of a family to come', binary(0x20, 0x99, 'whatever'), undefined],
  [
    'the longest',
    binary(0x21, 0x11, v4, tlv(4, new Uint8Array(mostBinaryBytes - 16 - 12 - 3))),
    '192.0.2.1 40000',
  ],
];

function named(header: ProxyHeader): string | undefined {
  if (header.kind !== 'header') throw new Error(`it is ${JSON.stringify(header)}`);
  return header.source && `${header.source.host} ${header.source.port}`;
}

describe('a PROXY header', () => {
  for (const [name, header, source] of good) {
    test(`of ${name} is read at its last byte and not before, whatever follows`, () => {
      for (let length = 0; length < header.length; length++) {
        equal(readProxyHeader(header.subarray(0, length)).kind, 'incomplete', `${length} bytes`);
      }
      for (const more of [noBytes, startup, sslRequest, header]) {
        const all = bytesOf(header, more);
        const read = readProxyHeader(all);
        equal(named(read), source);
        equal('bytes' in read && read.bytes, header.length);
      }
    });
  }

  test('is one only if it begins as one: all else is left to others at once', () => {
    for (
      const bytes of [
        startup,
        sslRequest,
        bytesOf('POST / HTTP/1.1\r\n'),
        bytesOf('\r\n\r\nQUIT\n'),
        bytesOf('PROXY\t'),
      ]
    ) {
      equal(readProxyHeader(bytes).kind, 'none');
    }
    for (let at = 0; at < 12; at++) {
      const other = proxyBinary.slice(0, at + 1);
      other[at]! ^= 0x40;
      equal(readProxyHeader(other).kind, 'none', `byte ${at} of the signature`);
    }
  });

  test('that ends nowhere within the limits is not waited for', () => {
    const endless = bytesOf('PROXY ', new Uint8Array(101).fill(0x31));
    equal(readProxyHeader(endless.subarray(0, 106)).kind, 'incomplete');
    deepEqual(readProxyHeader(endless), {
      kind: 'malformed',
      why: 'its header has no end within 107 bytes',
      bytes: undefined,
    });
    const long = binary(0x21, 0x11, new Uint8Array(mostBinaryBytes - 16 + 1));
    deepEqual(readProxyHeader(long.subarray(0, 16)), {
      kind: 'malformed',
      why: 'its header says it is longer than 4096 bytes',
      bytes: undefined,
    });
  });

  for (
    const [name, header, why] of [
      ['no CR', bytesOf('PROXY TCP4 192.0.2.1 192.0.2.2 40000 5432\n'), /no line of version 1/],
      ['another family', bytesOf('PROXY TCP5 192.0.2.1 192.0.2.2 40000 5432\r\n'), /no line of version 1/],
      ['two spaces', bytesOf('PROXY TCP4  192.0.2.1 192.0.2.2 40000 5432\r\n'), /no line of version 1/],
      ['no ports', bytesOf('PROXY TCP4 192.0.2.1 192.0.2.2\r\n'), /no line of version 1/],
      ['a zero ahead', bytesOf('PROXY TCP4 192.0.2.01 192.0.2.2 40000 5432\r\n'), /no address of IPv4/],
      ['IPv4 as IPv6', bytesOf('PROXY TCP6 192.0.2.1 192.0.2.2 40000 5432\r\n'), /no address of IPv6/],
      ['a zone', bytesOf('PROXY TCP6 fe80::1%eth0 ::1 40000 5432\r\n'), /no address of IPv6/],
      ['a wrong target', bytesOf('PROXY TCP4 192.0.2.1 db 40000 5432\r\n'), /no address of IPv4/],
      ['a port too high', bytesOf('PROXY TCP4 192.0.2.1 192.0.2.2 65536 5432\r\n'), /no port/],
      ['a port with a zero ahead', bytesOf('PROXY TCP4 192.0.2.1 192.0.2.2 40000 05432\r\n'), /no port/],
      ['version 3', binary(0x31, 0x11, v4), /of version 3, which is neither/],
      ['an unknown command', binary(0x22, 0x11, v4), /unknown command 2/],
      ['an unknown family', binary(0x21, 0x41, unix), /unknown family/],
      ['an unknown transport', binary(0x21, 0x13, v4), /unknown family/],
      ['a datagram', binary(0x21, 0x12, v4), /datagrams/],
      ['too little for IPv4', binary(0x21, 0x11, v4.subarray(1)), /too short/],
      ['too little for IPv6', binary(0x21, 0x21, v4), /too short/],
      ['too little for paths', binary(0x21, 0x31, v6), /too short/],
      ['half the head of a TLV', binary(0x21, 0x11, v4, Uint8Array.of(4, 0)), /ends within a TLV/],
      ['one byte of a TLV', binary(0x21, 0x11, v4, Uint8Array.of(4)), /ends within a TLV/],
      ['a TLV that is longer', binary(0x21, 0x11, v4, Uint8Array.of(4, 0, 9, 1)), /ends within a TLV/],
      ['a checksum that is wrong', binary(0x21, 0x11, v4, blank), /checksum of its header is wrong/],
      ['a checksum that is wrong, and LOCAL', binary(0x20, 0x00, blank), /checksum of its header is wrong/],
      ['a checksum of 3 bytes', binary(0x21, 0x11, v4, tlv(3, new Uint8Array(3))), /not 4 bytes/],
      ['two checksums', summed(binary(0x21, 0x11, v4, blank, blank), 28), /two checksums/],
    ] as const
  ) {
    test(`with ${name} is malformed, and the client behind it is found`, () => {
      const read = readProxyHeader(bytesOf(header, startup));
      if (read.kind !== 'malformed') throw new Error(`it is ${read.kind}`);
      match(read.why, why);
      equal(read.bytes, header.length);
    });
  }

  test('with a checksum names nobody as soon as one bit of it is another', () => {
    for (let at = 12; at < withSum.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const other = withSum.slice();
        other[at]! ^= 1 << bit;
        const read = readProxyHeader(other);
        // A length that says more is waited for; a checksum whose type is another is none.
        if (at === 14 || at === 15) ok(read.kind !== 'header', `length, bit ${bit}`);
        else if (at === 28 + tlvs.length) equal(read.kind, 'header', `type of the checksum, bit ${bit}`);
        // Nobody knows where TLVs begin in a header of UNSPEC: it names nobody.
        else if (at === 13 && bit === 4) equal(named(read), undefined);
        // LOCAL wants no TLV to be right, and finds the checksum all the same.
        else equal(read.kind, 'malformed', `byte ${at}, bit ${bit}: ${JSON.stringify(read)}`);
      }
    }
  });

  test('that is changed, cut or made up at random is read without a throw, and never beyond its end', () => {
    const random = seeded(42);
    const below = (most: number): number => Math.floor(random() * most);
    const kinds = new Set<string>();
    for (let count = 0; count < 20_000; count++) {
      const bytes = bytesOf(good[below(good.length)]![1].subarray(0, 200), startup);
      for (let changes = below(4); changes > 0; changes--) bytes[below(60)] = below(256);
      const read = readProxyHeader(bytes.subarray(0, 1 + below(bytes.length)));
      kinds.add(read.kind);
      if ('bytes' in read && read.bytes !== undefined) ok(read.bytes > 0 && read.bytes <= bytes.length);
      // A reading that is final stays so when more comes.
      if (read.kind !== 'incomplete' && read.kind !== 'none') {
        const length = read.bytes ?? bytes.length;
        deepEqual(readProxyHeader(bytesOf(bytes.subarray(0, length), 'more')).kind, read.kind);
      }
    }
    deepEqual([...kinds].sort(), ['header', 'incomplete', 'malformed', 'none']);
  });
});
