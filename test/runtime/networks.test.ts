import { deepEqual, equal, throws } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressWords, isIn, isSameNetwork, parseNetwork } from '../../src/runtime/networks.ts';

function has(network: string, address: string): boolean {
  return isIn(parseNetwork(network), addressWords(address)!);
}

describe('an address', () => {
  test('is one word in IPv4, and four in IPv6 in each way of writing it', () => {
    deepEqual(addressWords('10.0.0.255'), [0x0a0000ff]);
    deepEqual(addressWords('255.255.255.255'), [0xffffffff]);
    deepEqual(addressWords('2001:db8::1'), [0x20010db8, 0, 0, 1]);
    deepEqual(addressWords('2001:DB8:0:0:0:0:0:1'), [0x20010db8, 0, 0, 1]);
    deepEqual(addressWords('::'), [0, 0, 0, 0]);
    deepEqual(addressWords('fd00::'), [0xfd000000, 0, 0, 0]);
    deepEqual(addressWords('64:ff9b::10.0.0.1'), [0x0064ff9b, 0, 0, 0x0a000001]);
    deepEqual(addressWords('fe80::1%eth0'), [0xfe800000, 0, 0, 1]);
  });

  test('that is IPv4 in IPv6, as a socket on :: has it, is IPv4', () => {
    deepEqual(addressWords('::ffff:10.0.0.1'), [0x0a000001]);
    deepEqual(addressWords('::ffff:a00:1'), [0x0a000001]);
  });

  test('that is none has no words', () => {
    for (const text of ['', 'db1', '10.0.0', '10.0.0.256', '1:2', ':::', '/run']) {
      equal(addressWords(text), undefined, text);
    }
  });
});

describe('a network', () => {
  const rows: readonly [network: string, inside: readonly string[], outside: readonly string[]][] = [
    ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255'], ['9.255.255.255', '11.0.0.0', '::a00:0']],
    ['128.0.0.0/1', ['128.0.0.0', '255.255.255.255'], ['127.255.255.255']],
    ['192.0.2.7', ['192.0.2.7', '::ffff:192.0.2.7'], ['192.0.2.6', '192.0.2.8']],
    ['192.0.2.6/31', ['192.0.2.6', '192.0.2.7'], ['192.0.2.5', '192.0.2.8']],
    ['0.0.0.0/0', ['0.0.0.0', '255.1.2.3'], ['::', 'fd00::1']],
    ['::/0', ['::', 'ffff::1'], ['10.0.0.1', '::ffff:10.0.0.1']],
    ['fd00::/8', ['fd00::', 'fdff:ffff::1'], ['fc00::', 'fe00::']],
    ['2001:db8::/33', ['2001:db8:7fff::1'], ['2001:db8:8000::1']],
    ['2001:db8:0:1::/64', ['2001:db8:0:1:ffff::1'], ['2001:db8:0:2::1', '2001:db8::1']],
    ['2001:db8::1', ['2001:db8::1'], ['2001:db8::2', '2001:db8:0:0:1::1']],
  ];
  for (const [network, inside, outside] of rows) {
    test(`${network} has its own addresses and no others`, () => {
      for (const address of inside) equal(has(network, address), true, address);
      for (const address of outside) equal(has(network, address), false, address);
    });
  }

  test('is the same however it is written', () => {
    equal(isSameNetwork(parseNetwork('10.0.0.1'), parseNetwork('10.0.0.1/32')), true);
    equal(isSameNetwork(parseNetwork('fd00::/8'), parseNetwork('FD00:0::/8')), true);
    equal(isSameNetwork(parseNetwork('10.0.0.0/8'), parseNetwork('10.0.0.0/9')), false);
    equal(isSameNetwork(parseNetwork('0.0.0.0/0'), parseNetwork('::/0')), false);
  });

  test('that is none is told as such, and so are bits beyond its length', () => {
    for (
      const text of ['', 'db1', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '10.0.0.0/-1', '10/8', 'fe80::1%1']
    ) {
      throws(() => parseNetwork(text), { message: /^names .*, which is no network/ }, text);
    }
    throws(() => parseNetwork('10.0.0.1/8'), { message: /bits beyond the first 8/ });
    throws(() => parseNetwork('2001:db8::1/64'), { message: /bits beyond the first 64/ });
  });
});
