import { equal, match } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, newCounters } from '../../src/contract/counters.ts';
import { addressKey, AddressTable, newAddressMemory } from '../../src/data/address-table.ts';
import { judge } from '../../src/data/judgement.ts';
import { parseNetwork } from '../../src/runtime/networks.ts';
import { defaults } from './world.ts';

const settings = { ...defaults, maxSessions: 10 };

describe('what would become of a client', () => {
  const counters = [newCounters(), newCounters()];
  const memory = newAddressMemory(2);
  const now = () => 1_000;
  const workers = [0, 1].map((index) => new AddressTable(memory, 2, index, now));
  const of = (host: string, change: Partial<typeof settings> = {}) =>
    judge(host, { ...settings, ...change }, counters, memory, now);

  test('is nothing bad without limits, and unknown for what is no address', () => {
    equal(of('192.0.2.7')?.refusal, null);
    equal(of('2001:db8::7')?.peer, '[2001:db8:0:0::]/64');
    equal(of('db.example'), undefined);
    equal(of(''), undefined);
  });

  test('is told by ALLOW and DENY, with the words that it would read', () => {
    const deny = [parseNetwork('192.0.2.0/24')];
    const { sqlstate, message } = of('192.0.2.7', { deny })!.refusal!;
    equal(sqlstate, '28000');
    match(message, /takes no clients from 192\.0\.2\.7/);
    equal(of('198.51.100.1', { deny })?.refusal, null);
    match(of('198.51.100.1', { allow: deny })!.refusal!.detail!, /No network of ALLOW/);
  });

  test('is told by the connections of all workers, and asking counts none', () => {
    const key = addressKey('192.0.2.8')!;
    for (const worker of workers) worker.take(key, { most: 2, rate: undefined });
    for (let times = 0; times < 3; times++) {
      const { connections, refusal } = of('192.0.2.8', { maxPerAddress: 2 })!;
      equal(connections, 2);
      equal(refusal?.sqlstate, '53300');
    }
    const other = of('192.0.2.9', { maxPerAddress: 2 })!;
    equal(other.connections, 0);
    equal(other.refusal, null);
    equal(of('127.0.0.1', { maxPerAddress: 2 })?.connections, null);
  });

  test('is told by how often it may connect at once, and asking takes no token', () => {
    const rate = { perSecond: 0.001, burst: 3 };
    const key = addressKey('192.0.2.10')!;
    const left = () => of('192.0.2.10', { ratePerAddress: rate })!;
    equal(left().connects, 3);
    for (const expected of [2, 1, 0]) {
      workers[0]!.take(key, { most: undefined, rate });
      equal(left().connects, expected);
    }
    match(left().refusal!.message, /faster than one address may/);
  });

  test('is told by what all sessions have', () => {
    counters[1]![at.buffered] = 100;
    match(of('192.0.2.7', { maxBufferedBytes: 100 })!.refusal!.message, /keeps as many bytes/);
    counters[1]![at.buffered] = 0;
    counters[0]![at.admitted] = 10;
    match(of('192.0.2.7')!.refusal!.message, /holds 10 sessions already/);
    counters[0]![at.admitted] = 0;
  });

  test('depends on its way where all have to come through a load balancer', () => {
    const proxyTrusted = { networks: [parseNetwork('10.0.0.0/8')], unix: false };
    const barred = of('192.0.2.7', { proxyProtocol: 'require', proxyTrusted })!;
    equal(barred.isPastBalancer, true);
    match(barred.refusal!.message, /PROXY_PROTOCOL=require/);
    equal(of('10.0.0.1', { proxyProtocol: 'require', proxyTrusted })?.isPastBalancer, false);
  });
});
