import { deepEqual, equal } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type LoginNames, loginNames, startupBytes } from '../../src/protocol/login-names.ts';
import { bytesOf, clientHello, firstPacket, protocol30, sslRequest, startup } from '../data/packets.ts';

const startupOf = (...parts: string[]): Uint8Array =>
  firstPacket(protocol30, bytesOf(`${parts.join('\0')}\0\0`));

function readLoginNames(bytes: Uint8Array): LoginNames | undefined {
  const length = startupBytes(bytes);
  return length === 0 ? undefined : loginNames(bytes.subarray(0, length));
}

describe('the names of a login', () => {
  test('are those of the startup packet, whatever stands between and behind them', () => {
    const packet = startupOf(
      'user',
      'ann',
      'options',
      '-c geqo=off',
      'database',
      'shop',
      'application_name',
      'web',
    );
    deepEqual(readLoginNames(bytesOf(packet, 'Q...')), { user: 'ann', database: 'shop', application: 'web' });
    deepEqual(readLoginNames(startupOf('user', 'ann')), {
      user: 'ann',
      database: undefined,
      application: undefined,
    });
  });

  test('are as long as PostgreSQL keeps them, and nothing in them steers a terminal', () => {
    equal(readLoginNames(startupOf('user', 'x'.repeat(5_000)))?.user?.length, 63);
    equal(readLoginNames(startupOf('user', 'a\x1b[2Jb\nc'))?.user, 'a [2Jb c');
  });

  test('are not there before the packet is whole, nor in what is no startup packet', () => {
    for (let length = 0; length < startup.length; length++) {
      equal(readLoginNames(startup.subarray(0, length)), undefined, `of ${length} bytes`);
    }
    for (const other of [sslRequest, clientHello, new Uint8Array(64)]) {
      equal(readLoginNames(other), undefined);
    }
  });

  test('of a packet that ends in the middle of a pair are those before it', () => {
    deepEqual(readLoginNames(firstPacket(protocol30, bytesOf('user\0ann\0database')))?.user, 'ann');
  });
});
