import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPassword } from '../../src/probe/passfile.ts';

const login = { host: 'db', port: '5432', database: 'app', user: 'anna' };

test('the first line that fits wins', () => {
  assert.equal(findPassword('db:5432:app:bert:no\ndb:5432:app:anna:one\n*:*:*:*:two', login), 'one');
});

test('a star alone fits anything, and a star among letters is a letter', () => {
  assert.equal(findPassword('*:*:*:*:all', login), 'all');
  assert.equal(findPassword('d*:*:*:*:all', login), undefined);
  assert.equal(findPassword('\\*:*:*:*:all', login), undefined);
});

test('each field must fit', () => {
  for (const line of ['x:5432:app:anna:p', 'db:5433:app:anna:p', 'db:5432:x:anna:p', 'db:5432:app:x:p']) {
    assert.equal(findPassword(line, login), undefined);
  }
});

test('a backslash takes the next character literally', () => {
  assert.equal(findPassword('\\:\\:1:5432:app:anna:a\\:b\\\\c', { ...login, host: '::1' }), 'a:b\\c');
  assert.equal(findPassword('db:5432:app:an\\\\na:p', { ...login, user: 'an\\na' }), 'p');
  // What JavaScript takes for the end of a line is none for libpq.
  for (const char of ['\u2028', '\u2029', '\x85', '\u{1f418}', ' ']) {
    assert.equal(findPassword(`db:5432:app:anna:a\\${char}b`, login), `a${char}b`);
  }
});

test('the password goes on to the end of the line, colons, blanks and all', () => {
  assert.equal(findPassword('db:5432:app:anna:a:b c \n', login), 'a:b c ');
});

test('comments, empty lines, half lines and lines of Windows do no harm', () => {
  assert.equal(findPassword('#db:5432:app:anna:no\r\n\r\ndb:5432\r\ndb:5432:app:anna:yes\r\n', login), 'yes');
});

test('an empty password is none, and so is an empty file', () => {
  assert.equal(findPassword('db:5432:app:anna:', login), undefined);
  assert.equal(findPassword('', login), undefined);
});
