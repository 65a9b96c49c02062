import { equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { checkNetwork, Networks } from '../../src/runtime/networks.ts';

test('an address is in a network of its own family, by the bits behind the slash', () => {
  for (
    const [networks, inside, outside] of [
      ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255'], ['11.0.0.0', '9.255.255.255', '::ffff:a00:1', '']],
      ['10.9.8.7/8', ['10.1.1.1'], ['11.9.8.7']],
      ['192.0.2.7', ['192.0.2.7'], ['192.0.2.6', '192.0.2.8']],
      ['192.0.2.128/25', ['192.0.2.128', '192.0.2.255'], ['192.0.2.127', '192.0.3.128']],
      ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255'], ['::', '::1']],
      ['::/0', ['::', 'ffff::1'], ['0.0.0.0', '10.0.0.1']],
      ['fd00::/8', ['fd00::', 'fdff:ffff::1', 'fdab::1%eth0'], ['fe00::1', 'fc00::1']],
      ['[2001:db8::7]', ['2001:db8::7', '2001:DB8:0::7'], ['2001:db8::8']],
      ['2001:db8::/33', ['2001:db8:7fff::1'], ['2001:db8:8000::1']],
      ['10.0.0.0/8,fd00::/8', ['10.1.1.1', 'fd00::1'], ['192.0.2.1', '::1', 'host', '/run/socket']],
      ['', [], ['127.0.0.1', '::1', '']],
    ] as const
  ) {
    const of = new Networks(networks === '' ? [] : networks.split(','));
    for (const host of inside) equal(of.has(host), true, `${host} is in ${networks}`);
    for (const host of outside) equal(of.has(host), false, `${host} is not in ${networks}`);
  }
});

test('what is no network is told', () => {
  for (
    const text of [
      'db1',
      '10.0.0',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '10.0.0.256',
      'fe80::1%eth0',
      '',
      '/8',
      '[::1',
      '10.0.0.0/-1',
    ]
  ) {
    throws(() => checkNetwork(text), /is no network: write 10\.0\.0\.0\/8/, text);
  }
  throws(() => checkNetwork('10.0.0.0/33'), /has more than 32 bits/);
  throws(() => checkNetwork('::/129'), /has more than 128 bits/);
});
