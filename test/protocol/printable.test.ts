import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isPrintable, oneLine, printable } from '../../src/protocol/printable.ts';

describe('the text of others', () => {
  test('stays as it is where it is short and can be shown', () => {
    for (const text of ['', 'starting up', 'naïve ﬁ 😀', 'x'.repeat(20)]) {
      assert.equal(printable(text, 20), text);
      assert.ok(isPrintable(text, 20));
    }
  });

  test('can neither begin a line nor steer a terminal', () => {
    const steering = [
      '\n',
      '\r\n',
      '\0',
      '\x1b[2J',
      '\x9b31m',
      '\x7f',
      '\u2028',
      '\u2029',
      '\u202e',
      '\u200b',
      '\ud800',
    ];
    for (const text of steering) {
      const shown = printable(`a${text}b`, 100);
      assert.match(shown, /^a [^\p{C}\p{Zl}\p{Zp}]*b$/u, JSON.stringify(text));
      assert.equal(oneLine(`a${text}b`), shown);
      assert.ok(!isPrintable(text, 100), JSON.stringify(text));
    }
  });

  test('is cut, and says so within the limit', () => {
    assert.equal(printable('x'.repeat(21), 20), `${'x'.repeat(17)}...`);
    assert.ok(!isPrintable('x'.repeat(21), 20));
    for (const text of ['x'.repeat(1_000_000), '\n'.repeat(1_000_000), '😀'.repeat(500_000)]) {
      for (const most of [3, 4, 5, 50]) {
        const shown = printable(text, most);
        assert.ok(shown.length <= most && shown.endsWith('...'), shown);
        assert.ok(shown.isWellFormed(), shown);
      }
    }
  });
});
