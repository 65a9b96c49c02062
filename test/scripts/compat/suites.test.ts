import assert from 'node:assert/strict';
import { test } from 'node:test';
import { archivesIn } from '../../../scripts/lib/compat/suites/apt.ts';
import { compare } from '../../../scripts/lib/compat/suites/comparison.ts';

const results = (all: Readonly<Record<string, string>>) => new Map(Object.entries(all));

test('a test is the same where it prints what any run without the gateway prints', () => {
  const direct = [results({ int: '1', stats: 'a' }), results({ int: '1', stats: 'b' })];
  const both = { tests: 2, same: 2, unstable: [], different: [] };
  assert.deepEqual(compare(direct, results({ int: '1', stats: 'b' })), both);
});

test('what differs without the gateway, too, is not counted against it', () => {
  const direct = [results({ stats: 'a' }), results({ stats: 'b' })];
  const { unstable, different } = compare(direct, results({ stats: 'c' }));
  assert.deepEqual([unstable, different], [['stats'], []]);
});

test('another byte counts, and so does a test that printed nothing', () => {
  const direct = [results({ int: '1', text: 'x', stats: 'a' }), results({ int: '1', text: 'x', stats: 'b' })];
  assert.deepEqual(compare(direct, results({ int: '1 ' })).different, ['int', 'stats', 'text']);
});

test('of the archives of a machine only those of Debian are asked, for their sources, too', () => {
  const said =
    'Debian|http://one/|bookworm|main\nOther|http://two/|x|main\nDebian|http://one/|bookworm|main\n';
  assert.deepEqual(archivesIn(said), ['deb http://one/ bookworm main', 'deb-src http://one/ bookworm main']);
});
