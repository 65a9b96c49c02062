import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { table } from '../../src/cli/table.ts';

describe('a table', () => {
  test('has columns as wide as their widest cell, and two blanks between', () => {
    assert.equal(
      table(['A', 'LONG', 'C'], [['wide', 'x', 'y'], ['z', '', 'w']]),
      [
        'A     LONG  C',
        'wide  x     y',
        'z           w',
      ].join('\n'),
    );
  });

  test('ends no line in blanks', () => {
    assert.equal(table(['A', 'B'], [['x', '']]), 'A  B\nx');
  });

  test('without rows is its heading', () => assert.equal(table(['A', 'B'], []), 'A  B'));

  test('leaves room for a cell that is missing', () => {
    assert.equal(table(['A', 'B', 'C'], [['long'], ['x', 'y', 'z']]), 'A     B  C\nlong\nx     y  z');
  });
});
