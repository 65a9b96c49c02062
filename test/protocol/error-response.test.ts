import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ErrorFields,
  errorResponse,
  oldErrorResponse,
  readPreamble,
  refusalPreamble,
  saysNotNow,
} from '../../src/protocol/error-response.ts';
import { bytesOf, clientHello, readError } from '../data/packets.ts';

const refusal: ErrorFields = { sqlstate: '57P03', message: 'no primary' };

/** libpq gives up on anything longer before authentication (MAX_ERRLEN in fe-connect.c). */
const libpqLimit = 30_000;

test('an ErrorResponse is FATAL in both severities and ends with a zero byte', () => {
  const text = 'SFATAL\0VFATAL\0C57P03\0Mno primary\0\0';
  deepEqual(errorResponse(refusal), bytesOf('E', 4 + text.length, text));
});

test('detail and hint are there if they say something', () => {
  deepEqual(readError(errorResponse({ ...refusal, detail: 'a is down', hint: 'wait' })), {
    S: 'FATAL',
    V: 'FATAL',
    C: '57P03',
    M: 'no primary',
    D: 'a is down',
    H: 'wait',
  });
  deepEqual(Object.keys(readError(errorResponse({ ...refusal, detail: '', hint: undefined }))), [
    'S',
    'V',
    'C',
    'M',
  ]);
});

test('for a protocol before 3 it is a text, in which nothing ends it early', () => {
  deepEqual(oldErrorResponse(refusal), bytesOf('EFATAL:  no primary\n\0'));
  deepEqual(oldErrorResponse({ ...refusal, message: 'a\0b' }), bytesOf('EFATAL:  a?b\n\0'));
});

test('its length counts bytes, not characters', () => {
  equal(readError(errorResponse({ ...refusal, message: 'größer 日本 🐘' }))['M'], 'größer 日本 🐘');
});

test('a zero byte in a text does not end its field', () => {
  equal(readError(errorResponse({ ...refusal, message: 'a\0b', detail: '\0' }))['M'], 'a?b');
  equal(readError(errorResponse({ ...refusal, detail: '\0Cx\0\0' }))['D'], '?Cx??');
});

for (const [script, letter] of [['ASCII', 'x'], ['three bytes', '日'], ['four bytes', '🐘']] as const) {
  test(`texts of any length stay below what libpq takes and are cut between letters: ${script}`, () => {
    const long = letter.repeat(100_000);
    const bytes = errorResponse({ ...refusal, message: long, detail: long, hint: long });
    ok(bytes.length <= libpqLimit, `${bytes.length} bytes`);
    const fields = readError(bytes);
    for (const field of ['M', 'D', 'H']) {
      match(fields[field]!, new RegExp(`^(?:${letter})+ \\.\\.\\.$`, 'u'));
      ok(fields[field]!.length > 1_000, 'it still says much');
    }
  });
}

test('a text that fits is not cut', () => {
  const message = 'm'.repeat(4_000);
  equal(readError(errorResponse({ ...refusal, message }))['M'], message);
});

test("the refusal server's preamble: a length, the client's address, the ErrorResponse, what the client has said", () => {
  const error = errorResponse(refusal);
  const preamble = bytesOf(9 + error.length, '10.0.0.7\0', error);
  deepEqual(refusalPreamble(refusal, '10.0.0.7', clientHello), bytesOf(preamble, clientHello));
  deepEqual(refusalPreamble(refusal, '10.0.0.7', new Uint8Array(0)), preamble);
  deepEqual(readPreamble(preamble), { client: '10.0.0.7', error });
});

const authenticationOk = bytesOf('R', 8, 0);
const loginMessages = bytesOf(authenticationOk, 'S', 4 + 'a\0b\0'.length, 'a\0b\0', 'K', 12, 1, 2);

for (const sqlstate of ['57P01', '57P03']) {
  test(`a server that says ${sqlstate} before it is ready has turned the client away`, () => {
    const error = errorResponse({ ...refusal, sqlstate });
    for (const bytes of [error, bytesOf(authenticationOk, error), bytesOf(loginMessages, error)]) {
      ok(saysNotNow(bytes));
    }
  });
}

test('a server that is ready, asks for a password, refuses for another reason, or has sent half of it has not', () => {
  const ready = bytesOf('Z', 5, 'I');
  for (
    const bytes of [
      bytesOf(loginMessages, ready),
      bytesOf(loginMessages, ready, errorResponse(refusal)),
      bytesOf('R', 8, 3),
      bytesOf('N'),
      errorResponse({ ...refusal, sqlstate: '28P01', message: 'C57P03' }),
      errorResponse(refusal).subarray(0, 4),
      bytesOf('R', 0xffffffff, 0),
      bytesOf('S', 0, 0).fill(0, 1),
      new Uint8Array(0),
    ]
  ) ok(!saysNotNow(bytes));
});
