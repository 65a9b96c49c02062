import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf, decodeAddress } from '../../../src/runtime/linux/sockaddr.ts';

/** struct sockaddr_in6 of port 5432. */
function sockaddrV6(...words: number[]): Uint8Array {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 10, true);
  view.setUint16(2, 5432);
  words.forEach((word, index) => view.setUint16(8 + 2 * index, word));
  return bytes;
}

test('IPv4 is read', () => {
  const bytes = new Uint8Array(16);
  bytes.set([2, 0, 0x15, 0x38, 192, 0, 2, 1]);
  assert.deepEqual(decodeAddress(bytes), { host: '192.0.2.1', port: 5432 });
  assert.equal(addressOf(bytes), '192.0.2.1:5432');
});

for (
  const [words, text] of [
    [[0, 0, 0, 0, 0, 0, 0, 0], '::'],
    [[0, 0, 0, 0, 0, 0, 0, 1], '::1'],
    [[0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], '2001:db8::1'],
    [[0x2001, 0xdb8, 0, 0, 1, 0, 0, 0], '2001:db8:0:0:1::'],
    [[0x2001, 0xdb8, 1, 2, 3, 4, 5, 6], '2001:db8:1:2:3:4:5:6'],
    [[0xfe80, 0, 0, 0, 0, 0, 0, 0], 'fe80::'],
    [[0, 0, 1, 0, 0, 0, 0, 1], '0:0:1::1'],
    [[1, 0, 1, 1, 1, 1, 1, 1], '1:0:1:1:1:1:1:1'],
  ] as const
) {
  test(`IPv6 is written as RFC 5952 wants it: ${text}`, () => {
    assert.equal(decodeAddress(sockaddrV6(...words))?.host, text);
    assert.equal(addressOf(sockaddrV6(...words)), `[${text}]:5432`);
  });
}

test('an IPv4 peer of an IPv6 listener is shown as IPv4', () => {
  const bytes = sockaddrV6(0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201);
  assert.equal(addressOf(bytes), '192.0.2.1:5432');
});

test('a unix socket has no host', () => {
  assert.equal(decodeAddress(Uint8Array.of(1, 0, 0x2f, 0x61)), undefined);
  assert.equal(addressOf(Uint8Array.of(1, 0, 0x2f, 0x61)), '');
});
