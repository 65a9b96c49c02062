import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ListMember, SessionList } from '../../src/data/session-list.ts';

interface Guest extends ListMember {
  readonly name: string;
}

const guest = (name: string): Guest => ({ name, listIndex: -1 });

function names(roster: SessionList<Guest>): string {
  const all: string[] = [];
  roster.each(({ name }) => void all.push(name));
  return all.sort().join('');
}

test('whoever is added is there until it is removed, once', () => {
  const roster = new SessionList<Guest>();
  const [a, b, c] = [guest('a'), guest('b'), guest('c')];
  for (const one of [a, b, c]) roster.add(one);
  roster.remove(a);
  assert.deepEqual([names(roster), roster.size], ['bc', 2]);
  roster.remove(a);
  roster.remove(c);
  assert.deepEqual([names(roster), roster.size], ['b', 1]);
  roster.add(a);
  roster.remove(b);
  assert.equal(names(roster), 'a');
});

test('each one is visited once, also if it is removed at that', () => {
  const roster = new SessionList<Guest>();
  for (const name of 'abcdefgh') roster.add(guest(name));
  const visited: string[] = [];
  roster.each((one) => {
    visited.push(one.name);
    if ('aceh'.includes(one.name)) roster.remove(one);
  });
  assert.equal(visited.sort().join(''), 'abcdefgh');
  assert.equal(names(roster), 'bdfg');
});
