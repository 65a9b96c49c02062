import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  maxMessageBytes,
  maxScramRounds,
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
    authentication: (wants) => calls.push(`authentication ${wants}`),
  };
  return { guard: new MessageGuard(events), calls };
}

const column = (name: string) => Buffer.concat([Buffer.from(`${name}\0`), Buffer.alloc(18)]);
const talk = Buffer.concat([
  message('R', 0),
  message('S', 'server_version\0' + '18.4\0'),
  message('K', 1, 2),
  message('Z', 'I'),
  message('1'),
  message('T', Buffer.from([0, 2]), column('one'), column('two')),
  message('D', Buffer.from([0, 1]), int32(3), 'abc'),
  message('E', 'SERROR\0VERROR\0C42883\0Mno such function\0\0'),
  message('Z', 'I'),
]);
const heard = ['authentication none', 'ready', 'row 9', 'error 42883 no such function', 'ready'];

test('a conversation passes unchanged, however it is cut into pieces', () => {
  for (let size = 1; size <= talk.length; size += 1) {
    const { guard, calls } = newGuard();
    const passed: Buffer[] = [];
    for (let at = 0; at < talk.length; at += size) passed.push(guard.push(talk.subarray(at, at + size)));
    assert.deepEqual(Buffer.concat(passed), talk);
    assert.deepEqual(calls, heard);
  }
});

test('only whole messages pass', () => {
  const { guard } = newGuard();
  assert.equal(guard.push(talk.subarray(0, 8)).length, 0);
  assert.deepEqual(guard.push(talk.subarray(8, 10)), message('R', 0));
});

test('the first byte is enough to refuse another protocol', () => {
  assert.throws(() => newGuard().guard.push(Buffer.from('H')), ProtocolError);
});

test('the longest message that is let through is the longest that is kept', () => {
  const { guard } = newGuard();
  const longest = message('S', Buffer.alloc(maxMessageBytes - 4, 'x'));
  assert.equal(guard.push(longest).length, longest.length);
  assert.throws(() => guard.push(message('S', Buffer.alloc(maxMessageBytes - 3))), ProtocolError);
});

test('each way to log in is known by its number', () => {
  const wants = (...body: (number | string)[]) => {
    const { guard, calls } = newGuard();
    guard.push(message('R', ...body));
    return calls[0]?.replace('authentication ', '');
  };
  assert.equal(wants(0), 'none');
  assert.equal(wants(3), 'clearText');
  assert.equal(wants(5, 'salt'), 'md5');
  assert.equal(wants(10, 'SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0'), 'scram');
  assert.equal(wants(10, 'SCRAM-SHA-256-PLUS\0\0'), 'unsupported');
  assert.equal(wants(11, 'r=abc,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'), 'scram');
  for (const other of [2, 6, 7, 8, 9, 13]) assert.equal(wants(other), 'unsupported');
});

test('a SCRAM challenge must be whole', () => {
  for (const text of ['', 'r=a', 'r=a,s=,i=1', 'r=a,s=AAAA,i=0', 'r=a,s=AAAA,i=-1']) {
    assert.throws(() => newGuard().guard.push(message('R', 11, text)), ProtocolError, text);
  }
});

test('a SCRAM challenge must be affordable', () => {
  const challenge = (rounds: number) => {
    const { guard, calls } = newGuard();
    guard.push(message('R', 11, `r=a,s=AAAA,i=${rounds}`));
    return calls[0];
  };
  assert.equal(challenge(maxScramRounds), 'authentication scram');
  assert.equal(challenge(maxScramRounds + 1), 'authentication costly');
  assert.equal(challenge(2 ** 31), 'authentication costly');
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
