import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseRequireAuth } from '../../src/probe/require-auth.ts';

describe('PGREQUIREAUTH', () => {
  test('is a list of methods', () => {
    assert.deepEqual(parseRequireAuth('scram-sha-256'), ['scram-sha-256']);
    assert.deepEqual(parseRequireAuth('none, md5'), ['md5', 'none']);
  });

  test('is all but those of a list with "!"', () => {
    assert.deepEqual(parseRequireAuth('!none'), ['password', 'md5', 'scram-sha-256']);
    assert.deepEqual(parseRequireAuth('!password,!md5'), ['scram-sha-256', 'none']);
  });

  test("takes all of libpq's names, and those that no probe can do never fit", () => {
    assert.deepEqual(parseRequireAuth('gss,sspi,oauth,creds'), []);
    assert.equal(parseRequireAuth('!gss').length, 4);
  });

  for (
    const [text, complaint] of [
      ['', /has "" in it, which is none of password, md5/],
      ['scram', /has "scram" in it/],
      ['md5,', /has "" in it/],
      ['!!md5', /has "!md5" in it/],
      ['md5,!none', /mixes methods with and without "!"/],
      ['md5,none,md5', /names md5 twice/],
    ] as const
  ) {
    test(`cannot be ${JSON.stringify(text)}`, () => assert.throws(() => parseRequireAuth(text), complaint));
  }
});
