import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ListMember, SessionList } from '../../src/data/session-list.ts';

interface Member extends ListMember {
  readonly name: string;
}

const rethrow = (_: unknown, error: unknown): never => {
  throw error;
};

const member = (name: string): Member => ({ name, listIndex: -1 });

function names(list: SessionList<Member>): string {
  const all: string[] = [];
  list.each(({ name }) => void all.push(name));
  return all.sort().join('');
}

test('a member is in the list until it is removed, once', () => {
  const list = new SessionList<Member>(rethrow);
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
  const list = new SessionList<Member>(rethrow);
  for (const name of 'abcdefgh') list.add(member(name));
  const visited: string[] = [];
  list.each((one) => {
    visited.push(one.name);
    if ('aceh'.includes(one.name)) list.remove(one);
  });
  assert.equal(visited.sort().join(''), 'abcdefgh');
  assert.equal(names(list), 'bdfg');
});

test('what is thrown for one is told, and keeps it from no other', () => {
  const thrown: string[] = [];
  const list = new SessionList<Member>(({ name }, error) => void thrown.push(`${name}: ${error}`));
  for (const name of 'abc') list.add(member(name));
  const visited: string[] = [];
  list.each(({ name }) => {
    if (name === 'b') throw new Error('a fault');
    visited.push(name);
  });
  assert.deepEqual(visited.sort(), ['a', 'c']);
  assert.deepEqual(thrown, ['b: Error: a fault']);
});
