import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoginScan, type ScanResult } from '../../src/protocol/login-scan.ts';
import { authenticationOk, bytesOf, message, parameterStatus, readyForQuery } from '../data/packets.ts';

const standby = parameterStatus('in_hot_standby', 'on');
const primary = parameterStatus('in_hot_standby', 'off');
const encoding = parameterStatus('client_encoding', 'UTF8');

/** In pieces of `size` bytes; the index counts from the start of all. */
function readIn(size: number, all: Uint8Array): ScanResult {
  const scan = new LoginScan();
  for (let from = 0; from < all.length; from += size) {
    const reading = scan.read(all.subarray(from, from + size));
    if (typeof reading === 'object') return { standbyAt: from + reading.standbyAt };
    if (reading === 'done') return reading;
  }
  return 'more';
}

const logins: Record<string, readonly [Uint8Array, ScanResult]> = {
  'a standby says so': [
    bytesOf(authenticationOk, encoding, standby, readyForQuery),
    { standbyAt: authenticationOk.length + encoding.length + standby.length },
  ],
  'a primary is done when it is ready': [bytesOf(authenticationOk, encoding, primary, readyForQuery), 'done'],
  'a server before version 14 says nothing of it': [
    bytesOf(authenticationOk, encoding, readyForQuery),
    'done',
  ],
  'a login that goes on is not done': [bytesOf(authenticationOk, encoding), 'more'],
  'a password is asked for first': [
    bytesOf(message('R', bytesOf('\0\0\0\x0aSCRAM-SHA-256\0\0')), authenticationOk, standby),
    { standbyAt: 24 + authenticationOk.length + standby.length },
  ],
  'TLS and GSS are declined first': [
    bytesOf(bytesOf('NN'), authenticationOk, standby),
    { standbyAt: 2 + authenticationOk.length + standby.length },
  ],
  'under TLS nothing is to be seen': [bytesOf(bytesOf('S'), standby), 'done'],
  'under GSS nothing is to be seen': [bytesOf(bytesOf('G'), standby), 'done'],
  'direct TLS is none of our business': [Uint8Array.of(0x16, 3, 3, 0, 80), 'done'],
  'a refusal is not looked into': [bytesOf(message('E', bytesOf('SFATAL\0\0')), standby), 'done'],
  'an older protocol is agreed on first': [
    bytesOf(message('v', new Uint8Array(8)), authenticationOk, standby),
    { standbyAt: 13 + authenticationOk.length + standby.length },
  ],
  'a notice is no answer to a request for TLS': [
    bytesOf(authenticationOk, message('N', bytesOf('SNOTICE\0\0')), standby),
    { standbyAt: authenticationOk.length + 14 + standby.length },
  ],
  'a value that only looks like it': [
    bytesOf(authenticationOk, parameterStatus('in_hot_standby', 'no'), readyForQuery),
    'done',
  ],
  'a length that cannot be': [bytesOf(authenticationOk, Uint8Array.of(0x53, 0, 0, 0, 3), standby), 'done'],
};

for (const [name, [all, expected]] of Object.entries(logins)) {
  test(`${name}, whole and in pieces`, () => {
    for (let size = 1; size <= all.length; size++) {
      assert.deepEqual(readIn(size, all), expected, `pieces of ${size}`);
    }
  });
}
