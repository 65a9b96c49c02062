import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatLsn, parseLsn } from '../../src/cluster/lsn.ts';

describe('an LSN', () => {
  const known: readonly [string, bigint][] = [
    ['0/0', 0n],
    ['0/1', 1n],
    ['1/0', 1n << 32n],
    ['16/B374D848', 0x16_B374D848n],
    ['FFFFFFFF/FFFFFFFF', (1n << 64n) - 1n],
  ];
  for (const [text, lsn] of known) {
    test(`${text} is read and written`, () => {
      assert.equal(parseLsn(text), lsn);
      assert.equal(formatLsn(lsn), text);
    });
  }

  test('the second half counts as eight digits however it is written', () => {
    assert.equal(parseLsn('1/0000000A'), (1n << 32n) + 10n);
    assert.equal(parseLsn('1/a'), parseLsn('00000001/0000000A'));
    assert.ok(parseLsn('1/0') > parseLsn('0/FFFFFFFF'));
  });

  for (
    const text of ['', '0', '0/', '/0', '0/G', '0/0/0', '123456789/0', '0/123456789', ' 0/0', '0/0\n', '-1/0']
  ) {
    test(`${JSON.stringify(text)} is none`, () => assert.throws(() => parseLsn(text), /is not an LSN/));
  }
});
