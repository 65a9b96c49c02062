import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { beside, fit } from '../../../src/cli/status/beside.ts';

const blocks = [['one', 'longer'], ['two'], ['three', '', 'end']];

describe('several gateways', () => {
  test('stand side by side where the terminal is wide enough', () => {
    assert.deepEqual(beside(blocks, 26), ['one       two    three', 'longer', '                 end']);
  });

  test('share a terminal that is wide, but not as wide as their longest lines', () => {
    const long = ['x'.repeat(200), 'short'];
    const cut = `${'x'.repeat(69)}...`;
    assert.deepEqual(beside([long, long], 148), [`${cut}    ${cut}`, `short${' '.repeat(71)}short`]);
    assert.deepEqual(beside([long, long], 147), [...long, '', ...long]);
  });

  test('stand one below the other where it is not, or where there is none', () => {
    const below = ['one', 'longer', '', 'two', '', 'three', '', 'end'];
    assert.deepEqual(beside(blocks, 25), below);
    assert.deepEqual(beside(blocks, undefined), below);
  });
});

test('a line is cut to the width of the terminal, and says so', () => {
  assert.deepEqual(['12345', '123456'].map((line) => fit(line, 5)), ['12345', '12...']);
});
