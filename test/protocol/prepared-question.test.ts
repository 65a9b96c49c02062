import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '../../src/protocol/message-guard.ts';
import { askingFor, readRow } from '../../src/protocol/prepared-question.ts';
import { bytesOf } from '../data/packets.ts';

/** A DataRow of so many columns. */
function row(columns: number, ...parts: (number | string)[]): Buffer {
  return Buffer.from(bytesOf(Uint8Array.of(0, columns), ...parts));
}

const null_ = 2 ** 32 - 1;

test('a row has its columns as text, and null where SQL has it', () => {
  assert.deepEqual(readRow(row(3, 1, 't', null_, 0)), ['t', null, '']);
  assert.deepEqual(readRow(row(0)), []);
});

test('a length that leads out of the row, at either end, is no length', () => {
  for (const length of [2 ** 32 - 2, 2 ** 31, 2 ** 31 - 1, 3]) {
    assert.throws(() => readRow(row(2, 1, 't', length, 'ab')), ProtocolError);
    assert.throws(() => readRow(row(1, length, 'ab')), ProtocolError);
  }
});

test('a row that ends too soon is none', () => {
  const whole = row(2, 1, 't', 2, 'ab');
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => readRow(whole.subarray(0, length)), ProtocolError);
  }
});

test('each statement has a name of its own, so that those who share a session do not ask the question of another', () => {
  const nameIn = ({ next }: { readonly next: Buffer }) => /pg_gateway_[0-9a-f]{8}/.exec(next.toString())?.[0];
  const [one, same, other] = ['select 1', 'select 1', 'select 2'].map(askingFor).map(nameIn);
  assert.ok(one);
  assert.equal(one, same);
  assert.notEqual(one, other);
});
