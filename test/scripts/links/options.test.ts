import assert from 'node:assert/strict';
import { test } from 'node:test';
import { help, type Options, readOptions } from '../../../scripts/lib/links/options.ts';

const read = (...args: string[]): Options => readOptions(args) as Options;

test('without options: a hundred gigabytes, four copies at a time', () => {
  assert.deepEqual(read(), {
    bytes: 100e9,
    minutes: 600,
    sessions: 4,
    legBytes: 400e6,
    seed: 1,
    out: undefined,
  });
});

test('all of it can be had otherwise', () => {
  const args = [
    '--gb',
    '2',
    '--minutes',
    '3',
    '--sessions',
    '8',
    '--megabytes',
    '50',
    '--seed',
    '7',
    '--out',
    'x.md',
  ];
  assert.deepEqual(read(...args), {
    bytes: 2e9,
    minutes: 3,
    sessions: 8,
    legBytes: 50e6,
    seed: 7,
    out: 'x.md',
  });
});

test('a mistake is a sentence, and the help has each option', () => {
  assert.throws(() => read('--gb', '0'), /--gb 0 is not a whole number from 1/);
  assert.throws(() => read('--sessions', '41'), /from 1 to 40/);
  assert.throws(() => read('--minute', '1'), /--minute/);
  assert.equal(readOptions(['--help']), 'help');
  for (const name of ['gb', 'minutes', 'sessions', 'megabytes', 'seed', 'out']) {
    assert.match(help, new RegExp(`--${name} `));
  }
});
