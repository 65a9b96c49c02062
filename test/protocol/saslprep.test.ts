import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { saslPrepared } from '../../src/protocol/saslprep.ts';

describe('a password for SCRAM', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['of ASCII stays', 'a\x07 b\x7f', 'a\x07 b\x7f'],
    ['has a space for a no-break space', 'pass\u00a0word', 'pass word'],
    ['has a space for a space without width, as PostgreSQL looks at spaces first', 'a\u200bb', 'a b'],
    ['loses a soft hyphen (RFC 4013, example 1)', 'I\u00adX', 'IX'],
    ['is composed (RFC 4013, example 4)', '\u00aa', 'a'],
    ['is composed (RFC 4013, example 5)', '\u2168', 'IX'],
    ['is composed where a letter has its accent behind it', 'u\u0308', '\u00fc'],
    ['stays if it would be empty', '\u00ad', '\u00ad'],
    ['stays with a control character', '\u2168\x07', '\u2168\x07'],
    ['stays with what Unicode 3.2 did not know', '\u2168😀', '\u2168😀'],
    ['stays with a prohibited character that normalization would mend', '\u2168\u0340', '\u2168\u0340'],
    ['stays with letters of both directions', '\u2168\u0627', '\u2168\u0627'],
    [
      'stays with a right-to-left letter that is not at both ends (RFC 4013, example 8)',
      '\u06271\u00a0',
      '\u06271\u00a0',
    ],
    ['is composed with right-to-left letters at both ends', '\u0627\u00a0\u0627', '\u0627 \u0627'],
  ];
  for (const [what, password, expected] of cases) {
    test(what, () => assert.equal(saslPrepared(password), expected));
  }
});
