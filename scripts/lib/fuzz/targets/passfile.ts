/** The password file: whatever is in it, the first line that fits wins, and what is written by the book is found. */
import { findPassword } from '../../../../src/probe/passfile.ts';
import { bytesOfText, must, mustEqual, type Target, textOf } from '../target.ts';

const login = { host: 'db1', port: '5432', database: 'postgres', user: 'anna' };

export const passfile: Target = {
  name: 'passfile',
  files: ['src/probe/passfile.ts'],
  seeds: bytesOfText(
    'db1:5432:postgres:anna:secret\n',
    '# comment\n*:*:*:*:se\\:cr\\\\et\r\n',
    'db\\1:5432:*:anna:\u{1f418}\n\n::::\n',
    'db1:5432:postgres:bob:x\ndb1:5432:postgres:anna:y',
  ),
  words: ['\\', ':', '*', '#', '\n', '\r\n', 'db1', '\u2028', '\\\u2028', 'anna'],
  share: 20,
  check(bytes) {
    const text = textOf(bytes);
    const found = findPassword(text, login);
    must(
      found === undefined || (found.length > 0 && found.length <= text.length),
      'a password is from the file',
    );
    // As libpq's documentation says it: a backslash before each character is always right.
    const password = [...text].filter((char) => char !== '\n' && char !== '\r').join('');
    const line = `db1:5432:postgres:anna:${[...password].map((char) => `\\${char}`).join('')}`;
    mustEqual(
      findPassword(line, login),
      password || undefined,
      'a password that is written by the book is found',
    );
  },
};
