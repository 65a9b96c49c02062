import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '../../src/protocol/crc32c.ts';

test('CRC32C of the examples of RFC 3720, appendix B.4', () => {
  const rising = Uint8Array.from({ length: 32 }, (_, index) => index);
  // As numbers; the RFC prints their bytes in the order of the wire.
  equal(crc32c(new Uint8Array(32)), 0x8a91_36aa);
  equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8_ab43);
  equal(crc32c(rising), 0x46dd_794e);
  equal(crc32c(rising.toReversed()), 0x113f_db5c);
  equal(crc32c(new TextEncoder().encode('123456789')), 0xe306_9283);
  equal(crc32c(new Uint8Array(0)), 0);
});
