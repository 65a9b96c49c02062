import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressText,
  bracketed,
  endpointText,
  isLoopback,
  isSameAddress,
  peerOf,
  serverAddress,
} from '../../src/runtime/addresses.ts';

test('an address is host:port, IPv6 in brackets, or a path', () => {
  equal(addressText({ host: '10.0.0.1', port: 5432 }), '10.0.0.1:5432');
  equal(addressText({ host: 'fd00::1', port: 5432 }), '[fd00::1]:5432');
  equal(addressText({ path: '/run/x' }), '/run/x');
  equal(bracketed('fe80::1%eth0'), '[fe80::1%eth0]');
});

test('a server whose host is a folder has its socket there', () => {
  deepEqual(serverAddress({ host: '/run/postgresql', port: 5433 }), {
    path: '/run/postgresql/.s.PGSQL.5433',
  });
  deepEqual(serverAddress({ host: 'fd00::1', port: 5432 }), { host: 'fd00::1', port: 5432 });
  equal(isLoopback('/run/postgresql'), true);
});

test('an IPv4 peer behind a dual-stack listener is shown as IPv4, and an unknown one not at all', () => {
  equal(endpointText('::ffff:10.0.0.1', 7), '10.0.0.1:7');
  equal(endpointText('::ffff:a00:1', 7), '[::ffff:a00:1]:7');
  equal(endpointText(undefined, 7), '');
  equal(endpointText('10.0.0.1', undefined), '');
});

test('a peer is an IPv4 address, or a network of IPv6', () => {
  equal(peerOf('10.0.0.1:7'), '10.0.0.1');
  equal(peerOf('[2001:db8:1:2:3:4:5:6]:7'), '[2001:db8:1:2::]/64');
  equal(peerOf('[2001:db8::3:4:5:6]:7'), '[2001:db8:0:0::]/64');
  equal(peerOf('[2001:db8::1]:7'), '[2001:db8:0:0::]/64');
  equal(peerOf('[fe80::1%eth0]:7'), '[fe80:0:0:0::]/64');
  equal(peerOf('[::1]:7'), '[0:0:0:0::]/64');
  equal(peerOf(''), '');
});

test('two addresses are the same if host and port are, or the path', () => {
  const [a, b] = [{ host: '10.0.0.1', port: 1 }, { path: '/run/x' }];
  equal(isSameAddress(a, { ...a }), true);
  equal(isSameAddress(b, { ...b }), true);
  for (const other of [{ ...a, port: 2 }, { ...a, host: '10.0.0.2' }, b, undefined]) {
    equal(isSameAddress(a, other), false);
    equal(isSameAddress(other, a), false);
  }
  equal(isSameAddress(undefined, undefined), true);
});

test('the loopback is told from other addresses, those of wildcards among them', () => {
  for (const host of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1']) {
    equal(isLoopback(host), true, host);
  }
  for (
    const host of ['0.0.0.0', '::', '10.127.0.1', '128.0.0.1', 'fe80::1', '::ffff:10.0.0.1', '127.example']
  ) {
    equal(isLoopback(host), false, host);
  }
});
