import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  passwordMessage,
  saslInitialResponse,
  saslResponse,
  startupMessage,
} from '../../src/protocol/login-messages.ts';
import { int32, message } from '../probe/support.ts';

test('a startup packet is a length, protocol 3.0 and parameters by name', () => {
  const body = 'user\0\u00fc\0database\0db\0\0';
  const length = 8 + Buffer.byteLength(body);
  const expected = Buffer.concat([int32(length), int32(196_608), Buffer.from(body)]);
  assert.deepEqual(startupMessage({ user: '\u00fc', database: 'db' }), expected);
});

test('passwords and SASL are messages of one type', () => {
  assert.deepEqual(passwordMessage('secret'), message('p', 'secret\0'));
  assert.deepEqual(
    saslInitialResponse('SCRAM-SHA-256', 'n,,n='),
    message('p', 'SCRAM-SHA-256\0', 5, 'n,,n='),
  );
  assert.deepEqual(saslResponse('c=biws'), message('p', 'c=biws'));
});
