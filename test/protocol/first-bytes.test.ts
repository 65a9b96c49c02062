import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { FirstBytes } from '../../src/protocol/first-bytes.ts';
import { bytesOf, gssRequest, sslRequest, startup, terminate } from '../data/packets.ts';

test('the first packet is read as soon as it is whole, however it is cut', () => {
  for (let cut = 1; cut < startup.length; cut++) {
    const first = new FirstBytes();
    first.append(startup.subarray(0, cut));
    equal(first.opening.kind, 'incomplete');
    first.append(startup.subarray(cut));
    equal(first.opening.kind, 'startup');
    deepEqual(first.take(), startup);
  }
});

test('bytes are copied, since they are only borrowed', () => {
  const first = new FirstBytes();
  const borrowed = startup.slice();
  first.append(borrowed);
  borrowed.fill(0);
  deepEqual(first.take(), startup);
});

test('what follows the first packet is kept and changes nothing of what was read', () => {
  const first = new FirstBytes();
  first.append(bytesOf(startup, 'more'));
  first.append(bytesOf('and more'));
  equal(first.opening.kind, 'startup');
  deepEqual(first.take(), bytesOf(startup, 'moreand more'));
});

test('more than a Terminate behind a StartupMessage asks something', () => {
  const isAsking = (...parts: Parameters<typeof bytesOf>) => {
    const first = new FirstBytes();
    first.append(bytesOf(...parts));
    return first.isAsking;
  };
  equal(isAsking(startup), false);
  equal(isAsking(startup, terminate), false);
  equal(isAsking(startup, 'Q'), true);
  equal(isAsking(sslRequest, 'Q'), false);
  equal(isAsking(startup.subarray(0, 9)), false);
});

test('a request that was answered is forgotten, and what follows it is read', () => {
  const first = new FirstBytes();
  const kinds: string[] = [];
  first.append(bytesOf(gssRequest, sslRequest));
  kinds.push(first.opening.kind);
  first.skip(8);
  kinds.push(first.opening.kind);
  first.skip(8);
  kinds.push(first.opening.kind);
  equal(first.length, 0);
  first.append(startup);
  kinds.push(first.opening.kind);
  deepEqual(kinds, ['gss', 'ssl', 'incomplete', 'startup']);
});

test('taken bytes are gone, and what was read of them stays', () => {
  const first = new FirstBytes();
  first.append(startup);
  first.take();
  equal(first.length, 0);
  equal(first.take().length, 0);
  equal(first.opening.kind, 'startup');
});

test('it is full above twice the longest first packet, and the longest packet alone does not fill it', () => {
  const first = new FirstBytes();
  first.append(bytesOf(10_004, 0x0003_0000, new Uint8Array(9_996)));
  equal(first.opening.kind, 'startup');
  ok(!first.full);
  first.append(new Uint8Array(10_004));
  ok(!first.full);
  first.append(new Uint8Array(1));
  ok(first.full);
  first.take();
  ok(!first.full);
});
