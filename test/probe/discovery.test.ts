import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Discovery } from '../../src/probe/discovery.ts';
import type { Lookup } from '../../src/probe/discovery.ts';
import { FakeClock, settled } from './fake.ts';
import { realClock } from './support.ts';

function begin(lookup: Lookup) {
  const clock = new FakeClock();
  return { clock, discovery: new Discovery({ dnsTtlMs: 5000, dnsTimeoutMs: 800, clock, lookup }) };
}

/** A resolver whose answers the test gives. */
function resolver() {
  const asked: { resolve(addresses: string[]): void; reject(error: Error): void }[] = [];
  const lookup = () => new Promise<string[]>((resolve, reject) => asked.push({ resolve, reject }));
  return { asked, lookup };
}

const nobody: Lookup = () => Promise.reject(new Error('nobody should ask'));

test('numeric addresses need no lookup', async () => {
  const { discovery } = begin(nobody);
  for (const host of ['127.0.0.1', '::1', 'fe80::1%eth0']) {
    assert.deepEqual(await discovery.addresses(host), [host]);
    assert.deepEqual(discovery.known(host), [host]);
  }
});

test('localhost is found by the resolver of the system', async () => {
  const discovery = new Discovery({ dnsTtlMs: 5000, dnsTimeoutMs: 10_000, clock: realClock });
  const addresses = await discovery.addresses('localhost');
  assert.ok(addresses.some((address) => address === '127.0.0.1' || address === '::1'), addresses.join());
});

test('a name that the resolver of the system does not know is unresolved', async () => {
  const discovery = new Discovery({ dnsTtlMs: 5000, dnsTimeoutMs: 10_000, clock: realClock });
  const wanted = {
    name: 'ProbeError',
    kind: 'unresolved',
    message: /the name no\.such\.name\.invalid does not resolve/,
  };
  await assert.rejects(discovery.addresses('no.such.name.invalid'), wanted);
});

test('an answer is kept until it is old, and is still used while a new one is fetched', async () => {
  const { asked, lookup } = resolver();
  const { clock, discovery } = begin(lookup);
  const first = discovery.addresses('db');
  asked[0]?.resolve(['10.0.0.1']);
  assert.deepEqual(await first, ['10.0.0.1']);
  await clock.pass(4999);
  assert.deepEqual(discovery.known('db'), ['10.0.0.1']);
  assert.equal(asked.length, 1);
  await clock.pass(1);
  assert.deepEqual(await discovery.addresses('db'), ['10.0.0.1']);
  assert.equal(asked.length, 2);
  asked[1]?.resolve(['10.0.0.2']);
  await settled();
  assert.deepEqual(discovery.known('db'), ['10.0.0.2']);
  assert.equal(asked.length, 2);
});

test('nobody waits longer than the deadline, and there is one lookup at a time', async () => {
  const { asked, lookup } = resolver();
  const { clock, discovery } = begin(lookup);
  for (let count = 0; count < 3; count += 1) {
    const late = assert.rejects(discovery.addresses('db'), {
      kind: 'unresolved',
      message: /no answer within 800 ms/,
    });
    await clock.pass(800);
    await late;
  }
  assert.equal(asked.length, 1);
  assert.equal(clock.timers, 0);
  // What comes late is still worth knowing.
  asked[0]?.resolve(['10.0.0.1']);
  await settled();
  assert.deepEqual(discovery.known('db'), ['10.0.0.1']);
});

test('a lookup that never ends is given up after a while', async () => {
  const { asked, lookup } = resolver();
  const { clock, discovery } = begin(lookup);
  discovery.addresses('db').catch(() => {});
  await clock.pass(30_000);
  discovery.addresses('db').catch(() => {});
  await clock.pass(1000);
  assert.equal(asked.length, 2);
});

test('a failed lookup is reported, and the next one is a new try', async () => {
  const { asked, lookup } = resolver();
  const { discovery } = begin(lookup);
  const first = assert.rejects(discovery.addresses('db'), { kind: 'unresolved', message: /ENOTFOUND/ });
  asked[0]?.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
  await first;
  const second = assert.rejects(discovery.addresses('db'), { kind: 'unresolved', message: /no address/ });
  asked[1]?.resolve([]);
  await second;
  assert.equal(asked.length, 2);
});

test('suspecting an address that is out of use changes nothing', async () => {
  const { asked, lookup } = resolver();
  const { clock, discovery } = begin(lookup);
  const first = discovery.addresses('db');
  asked[0]?.resolve(['10.0.0.1']);
  await first;
  await clock.pass(2000);
  discovery.suspect('db', '10.0.0.9');
  discovery.known('db');
  assert.equal(asked.length, 1);
  discovery.suspect('db', '10.0.0.1');
  discovery.known('db');
  assert.equal(asked.length, 2);
  asked[1]?.reject(new Error('down'));
  await settled();
  assert.deepEqual(discovery.known('db'), ['10.0.0.1']);
});
