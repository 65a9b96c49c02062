import { deepEqual, equal } from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { test } from 'node:test';
import { ip4Bytes, ip6Bytes, ipText } from '../../src/protocol/ip-address.ts';
import { seeded } from '../data/packets.ts';

test('an IPv6 address has one text, however it was written', () => {
  for (
    const [text, written] of [
      ['::', '0:0:0:0:0:0:0:0'],
      ['::1', '0000:0:0:0:0:0:0:1'],
      ['2001:db8::1', '2001:0DB8:0::0001'],
      ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
      ['2001:0:0:1::1', '2001:0:0:1:0:0:0:1'],
      ['fe80::', 'fe80:0:0:0:0:0:0:0'],
      ['::ffff:192.0.2.1', '::FFFF:c000:201'],
      ['64:ff9b::c000:201', '64:ff9b::192.0.2.1'],
    ] as const
  ) {
    equal(ipText(ip6Bytes(written)!), text, written);
    equal(ipText(ip6Bytes(text)!), text);
  }
});

test('what is an address to the runtime is one, and what is none is none', () => {
  const random = seeded(7);
  const kinds = [
    { joint: '.', least: 3, parts: ['0', '1', '10', '200', '255', '255', '256', '01', ''] },
    { joint: ':', least: 6, parts: ['0', 'ff', 'FFFF', '1', 'abc', '12345', 'g', ''] },
    { joint: ':', least: 5, parts: ['0', 'ff', '', '1.2.3.4'] },
    { joint: '', least: 1, parts: ['0', '12', ':', '::', '.', ' ', '%', '/', 'ff'] },
  ];
  const seen = { v4: 0, v6: 0 };
  const compare = (text: string): void => {
    equal(ip4Bytes(text) !== undefined, isIPv4(text), text);
    equal(ip6Bytes(text) !== undefined, isIPv6(text) && !text.includes('%'), text);
    if (isIPv4(text)) seen.v4 += 1;
    if (isIPv6(text)) seen.v6 += 1;
  };
  const odd = [
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.04',
    '::1.2.3.999',
    '1::2::3',
    ':1',
    '1:',
    '1.2.3.4::',
    '1:2:3:4:5:6:7::',
  ];
  for (
    const text of [
      ...odd,
      '1:2:3:4:5:6:7:8:9',
      '::1:2:3:4:5:6:7:8',
      '1:2:3:4:5:6:1.2.3.4',
      '1:2:3:4:5:6:7:1.2.3.4',
    ]
  ) {
    compare(text);
  }
  for (let count = 0; count < 20_000; count++) {
    const { joint, least, parts } = kinds[count % kinds.length]!;
    const length = least + Math.floor(random() * 3);
    compare(Array.from({ length }, () => parts[Math.floor(random() * parts.length)]).join(joint));
  }
  deepEqual([seen.v4 > 20, seen.v6 > 20], [true, true], 'some of them are addresses');
});
