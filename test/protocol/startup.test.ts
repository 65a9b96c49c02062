import { deepEqual, equal, match, notEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { maxStartupBytes, readOpening, requestBytes } from '../../src/protocol/startup.ts';
import {
  bytesOf,
  cancelRequest,
  clientHello,
  clientHelloFor,
  firstPacket,
  gssRequest,
  protocol30,
  proxyBinary,
  proxyText,
  seeded,
  sslRequest,
  startup,
  terminate,
} from '../data/packets.ts';

const protocol32 = 0x0003_0002;

/** A StartupMessage whose length word says `length`, and that has so many bytes. */
function startupOf(length: number, protocol = protocol30): Uint8Array {
  return bytesOf(length, protocol, new Uint8Array(Math.max(0, length - 8)));
}

function why(bytes: Uint8Array): string {
  const opening = readOpening(bytes);
  equal(opening.kind, 'garbage');
  return opening.kind === 'garbage' ? opening.why : '';
}

/** Every kind of first packet, whole, with what it says and the bytes after which that is clear. */
const openings = [
  { name: 'SSLRequest', bytes: sslRequest, kind: 'ssl', clearAfter: 8 },
  { name: 'GSSENCRequest', bytes: gssRequest, kind: 'gss', clearAfter: 8 },
  { name: 'a cancel with a key of 4 bytes', bytes: cancelRequest(4), kind: 'cancel', clearAfter: 16 },
  { name: 'a cancel with a key of 32 bytes', bytes: cancelRequest(32), kind: 'cancel', clearAfter: 44 },
  { name: 'a cancel with a key of 256 bytes', bytes: cancelRequest(256), kind: 'cancel', clearAfter: 268 },
  { name: 'a StartupMessage', bytes: startup, kind: 'startup', clearAfter: startup.length },
  { name: 'the shortest StartupMessage', bytes: startupOf(8), kind: 'startup', clearAfter: 8 },
  { name: 'the longest StartupMessage', bytes: startupOf(10_004), kind: 'startup', clearAfter: 10_004 },
  { name: 'a Terminate', bytes: terminate, kind: 'unanswered', clearAfter: 4 },
  { name: 'a cancel without a key', bytes: cancelRequest(0), kind: 'unanswered', clearAfter: 12 },
  {
    name: 'a cancel of a length word and a code',
    bytes: bytesOf(8, 80877102),
    kind: 'unanswered',
    clearAfter: 8,
  },
  { name: 'a cancel with a key of one byte', bytes: cancelRequest(1), kind: 'unanswered', clearAfter: 13 },
  {
    name: 'a cancel with a key of 288 bytes',
    bytes: cancelRequest(288),
    kind: 'unanswered',
    clearAfter: 300,
  },
  {
    name: 'a StartupMessage of protocol 2',
    bytes: startupOf(296, 0x0002_0000),
    kind: 'unsupported',
    clearAfter: 296,
  },
  { name: 'a ClientHello that says nothing', bytes: clientHello, kind: 'directTls', clearAfter: 10 },
  {
    name: 'a ClientHello',
    bytes: clientHelloFor('postgresql'),
    kind: 'directTls',
    clearAfter: clientHelloFor('postgresql').length,
  },
  {
    name: 'a ClientHello for another service',
    bytes: clientHelloFor('h2', 'http/1.1'),
    kind: 'garbage',
    clearAfter: clientHelloFor('h2', 'http/1.1').length,
  },
  { name: 'a PROXY header of version 1', bytes: proxyText, kind: 'garbage', clearAfter: proxyText.length },
  {
    name: 'a PROXY header of version 2',
    bytes: proxyBinary,
    kind: 'garbage',
    clearAfter: proxyBinary.length,
  },
  { name: 'an HTTP request', bytes: bytesOf('GET / HTTP/1.1\r\n\r\n'), kind: 'garbage', clearAfter: 4 },
] as const;

for (const { name, bytes, kind, clearAfter } of openings) {
  test(`${name} is incomplete until it is there, and ${kind} from then on, whatever follows`, () => {
    for (let length = 0; length < clearAfter; length++) {
      equal(readOpening(bytes.subarray(0, length)).kind, 'incomplete', `after ${length} bytes`);
    }
    for (let length = clearAfter; length <= bytes.length; length++) {
      equal(readOpening(bytes.subarray(0, length)).kind, kind, `after ${length} bytes`);
    }
    equal(readOpening(bytesOf(bytes, 'Q and more')).kind, kind);
    equal(readOpening(bytesOf(bytes, bytes)).kind, kind);
  });
}

test('a StartupMessage has its protocol', () => {
  deepEqual(readOpening(startup), { kind: 'startup', protocol: 0x0003_0000 });
  deepEqual(readOpening(startupOf(20, protocol32)), { kind: 'startup', protocol: protocol32 });
  deepEqual(readOpening(startupOf(20, 0x0003_ffff)), { kind: 'startup', protocol: 0x0003_ffff });
});

test('a packet may be read from the middle of a buffer', () => {
  const bytes = bytesOf(0x0102_0304, startup).subarray(4);
  equal(readOpening(bytes).kind, 'startup');
});

test('lengths that PostgreSQL does not take are garbage, and the sentence says which', () => {
  equal(maxStartupBytes, 10_004);
  for (const length of [0, 4, 7, 10_005, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
    equal(
      why(bytesOf(length, protocol30)),
      `its first packet says it is ${length} bytes long, and PostgreSQL takes 8 to 10004`,
    );
    equal(readOpening(bytesOf(length)).kind, 'garbage', 'the length word is enough');
  }
});

test('an SSLRequest or GSSENCRequest of another length is garbage', () => {
  equal(requestBytes, 8);
  equal(why(firstPacket(80877103, new Uint8Array(1))), 'its SSLRequest says 9 bytes instead of 8');
  equal(why(firstPacket(80877104, new Uint8Array(92))), 'its GSSENCRequest says 100 bytes instead of 8');
});

test('other protocols than 3 are unsupported, and have their number', () => {
  for (const protocol of [0, 0x0001_0000, 0x0002_0000, 0x0004_0001, 0xffff_ffff, 80877105]) {
    deepEqual(readOpening(startupOf(8, protocol)), { kind: 'unsupported', protocol });
  }
});

test('TLS records that are no ClientHello are garbage as soon as that is clear', () => {
  match(why(Uint8Array.of(0x16, 0x02)), /first byte is that of TLS, its second is not/);
  match(
    why(Uint8Array.of(0x16, 0x04, 0x01, 0x00, 0x05, 0x01)),
    /first byte is that of TLS, its second is not/,
  );
  match(why(Uint8Array.of(0x16, 0x03, 0x03, 0x00, 0x05, 0x02)), /not with a ClientHello/);
  // Alerts and other records start with a byte that reads as a huge length.
  for (const type of [0x14, 0x15, 0x17]) equal(readOpening(Uint8Array.of(type, 3, 3, 0)).kind, 'garbage');
  for (const minor of [0, 1, 2, 3, 4]) {
    equal(readOpening(Uint8Array.of(0x16, 0x03, minor, 0, 5, 1, 0, 0, 1, 0)).kind, 'directTls');
  }
});

test('random bytes never throw, and are a startup only with a length that is right and there', () => {
  const random = seeded(20_261_124);
  const below = (limit: number): number => Math.floor(random() * limit);
  const codes = [protocol30, protocol32, 80877102, 80877103, 80877104, 0x0002_0000];
  const lengths = [0, 3, 4, 7, 8, 9, 15, 16, 268, 269, 10_003, 10_004, 10_005];
  const seen = new Set<string>();
  for (let round = 0; round < 50_000; round++) {
    const bytes = Uint8Array.from({ length: below(300) }, () => below(256));
    const view = new DataView(bytes.buffer);
    // Mostly near the truth, where the mistakes are.
    if (bytes.length >= 4 && random() < 0.8) {
      view.setUint32(0, random() < 0.5 ? below(320) : lengths[below(lengths.length)]!);
    }
    if (bytes.length >= 8 && random() < 0.8) view.setUint32(4, codes[below(codes.length)]!);
    const before = bytes.slice();
    const opening = readOpening(bytes);
    deepEqual(bytes, before, 'the bytes are only read');
    seen.add(opening.kind);
    if (opening.kind !== 'startup') continue;
    const length = view.getUint32(0);
    notEqual(bytes.length < length, true, `a startup of ${length} bytes, of which ${bytes.length} are there`);
    equal(length >= 8 && length <= 10_004, true, `a startup of ${length} bytes`);
    equal(view.getUint16(4), 3);
  }
  deepEqual([...seen].sort(), [
    'cancel',
    'garbage',
    'gss',
    'incomplete',
    'ssl',
    'startup',
    'unanswered',
    'unsupported',
  ]);
});

test('what is clear does not change when more bytes come, but for what is incomplete', () => {
  const random = seeded(7);
  for (let round = 0; round < 2_000; round++) {
    const bytes = bytesOf(
      8 + Math.floor(random() * 12),
      [protocol30, 80877102, 80877103][round % 3]!,
      Uint8Array.from({ length: 24 }, () => Math.floor(random() * 256)),
    );
    let clear: string | undefined;
    for (let length = 0; length <= bytes.length; length++) {
      const { kind } = readOpening(bytes.subarray(0, length));
      if (clear !== undefined) equal(kind, clear);
      if (kind !== 'incomplete') clear = kind;
    }
    notEqual(clear, undefined);
  }
});
