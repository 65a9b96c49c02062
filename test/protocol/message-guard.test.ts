import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  maxAnswerBytes,
  maxMessageBytes,
  MessageGuard,
  ProtocolError,
} from '../../src/protocol/message-guard.ts';
import type { MessageGuardEvents } from '../../src/protocol/message-guard.ts';
import { int32, message } from '../probe/support.ts';

function newGuard() {
  const calls: string[] = [];
  const events: MessageGuardEvents = {
    ready: () => calls.push('ready'),
    error: (fields) => calls.push(`error ${fields.get('C')} ${fields.get('M')}`),
    row: (body) => calls.push(`row ${body.length}`),
    authentication: (kind, data) => calls.push(`authentication ${kind}${data.length > 0 ? ` ${data}` : ''}`),
  };
  return { guard: new MessageGuard(events), calls };
}

const talk = Buffer.concat([
  message('R', 0),
  message('S', 'server_version\0' + '18.4\0'),
  message('K', 1, 2),
  message('Z', 'I'),
  message('1'),
  message('D', Buffer.from([0, 1]), int32(3), 'abc'),
  message('E', 'SERROR\0VERROR\0C42883\0Mno such function\0\0'),
  message('Z', 'I'),
]);
const heard = ['authentication ok', 'ready', 'row 9', 'error 42883 no such function', 'ready'];

test('a conversation is read alike, however it is cut into pieces', () => {
  for (let size = 1; size <= talk.length; size += 1) {
    const { guard, calls } = newGuard();
    for (let at = 0; at < talk.length; at += size) guard.push(talk.subarray(at, at + size));
    assert.deepEqual(calls, heard);
  }
});

test('only whole messages are read', () => {
  const { guard, calls } = newGuard();
  guard.push(talk.subarray(0, 8));
  assert.deepEqual(calls, []);
  guard.push(talk.subarray(8, 10));
  assert.deepEqual(calls, ['authentication ok']);
});

test('the first byte is enough to refuse another protocol', () => {
  assert.throws(() => newGuard().guard.push(Buffer.from('H')), ProtocolError);
});

test('the longest message that is let through is the longest that is kept', () => {
  newGuard().guard.push(message('S', Buffer.alloc(maxMessageBytes - 4, 'x')));
  assert.throws(() => newGuard().guard.push(message('S', Buffer.alloc(maxMessageBytes - 3))), ProtocolError);
});

test('each way to log in is known by its number, and comes with what follows it', () => {
  const wants = (...body: (number | string)[]) => {
    const { guard, calls } = newGuard();
    guard.push(message('R', ...body));
    return calls[0]?.replace('authentication ', '');
  };
  assert.equal(wants(0), 'ok');
  assert.equal(wants(3), 'clearText');
  assert.equal(wants(5, 'salt'), 'md5 salt');
  assert.equal(wants(10, 'SCRAM-SHA-256\0\0'), 'sasl SCRAM-SHA-256\0\0');
  assert.equal(wants(11, 'r=abc'), 'saslContinue r=abc');
  assert.equal(wants(12, 'v=abc'), 'saslFinal v=abc');
  for (const other of [2, 6, 7, 8, 9, 13]) assert.equal(wants(other), 'unsupported');
});

test('a server may ask for a proof of the password once', () => {
  const challenges = [message('R', 11, 'r=a,s=AAAA,i=4096'), message('R', 5, 'salt'), message('R', 3)];
  for (const first of challenges) {
    for (const second of challenges) {
      const { guard } = newGuard();
      guard.push(Buffer.concat([message('R', 10, 'SCRAM-SHA-256\0\0'), first]));
      assert.throws(() => guard.push(second), ProtocolError);
    }
  }
});

test('how much an answer may hold is counted by messages, however they are cut into pieces', () => {
  const most = message('S', Buffer.alloc(maxAnswerBytes / 8 - 5, 'x'));
  const answer = [
    ...Array.from({ length: 7 }, () => most),
    message('S', Buffer.alloc(most.length - 11, 'x')),
    message('Z', 'I'),
  ];
  const twice = Buffer.concat([...answer, ...answer]);
  for (const size of [1000, 65_536, twice.length]) {
    const { guard, calls } = newGuard();
    for (let at = 0; at < twice.length; at += size) guard.push(twice.subarray(at, at + size));
    assert.deepEqual(calls, ['ready', 'ready']);
    assert.throws(() => guard.push(Buffer.concat(answer.map(() => most))), ProtocolError);
  }
});
