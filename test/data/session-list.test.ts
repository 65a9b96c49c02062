import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ListMember, SessionList } from '../../src/data/session-list.ts';

interface Member extends ListMember {
  readonly name: string;
}

const member = (name: string): Member => ({ name, listIndex: -1 });

function names(list: SessionList<Member>): string {
  const all: string[] = [];
  list.each(({ name }) => void all.push(name));
  return all.sort().join('');
}

test('a member is in the list until it is removed, once', () => {
  const list = new SessionList<Member>();
  const [a, b, c] = [member('a'), member('b'), member('c')];
  for (const one of [a, b, c]) list.add(one);
  list.remove(a);
  assert.deepEqual([names(list), list.size], ['bc', 2]);
  list.remove(a);
  list.remove(c);
  assert.deepEqual([names(list), list.size], ['b', 1]);
  list.add(a);
  list.remove(b);
  assert.equal(names(list), 'a');
});

test('each one is visited once, also if it is removed at that', () => {
  const list = new SessionList<Member>();
  for (const name of 'abcdefgh') list.add(member(name));
  const visited: string[] = [];
  list.each((one) => {
    visited.push(one.name);
    if ('aceh'.includes(one.name)) list.remove(one);
  });
  assert.equal(visited.sort().join(''), 'abcdefgh');
  assert.equal(names(list), 'bdfg');
});
