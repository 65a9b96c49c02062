import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elect, noMemory } from '../../src/cluster/election.ts';
import { after, failing, now, primary, rules, standby } from './scene.ts';

const leap = 4_000_000_000;

describe('a leap of the timeline that no other server confirms', () => {
  test('says in the note whose word weighs more, and what to do', () => {
    const { findings } = elect([primary('a'), standby('b'), primary('c', leap)], after('a'), now, rules);
    assert.deepEqual([findings[2]?.standing, findings[2]?.note], [
      'distrusted',
      'says that it is on timeline 4000000000, which no other server confirms, where a and others are on timeline 1: ' +
      'it is not believed; rebuild it, or find out who answers there',
    ]);
  });

  test('is remembered with the timeline before it, and told with the way out', () => {
    const { memory, reason } = elect([failing(primary('a'), 2), primary('c', leap)], after('a'), now, rules);
    assert.deepEqual(memory, { ...after('c', leap), leaptFrom: 1 });
    assert.equal(
      reason,
      'c is primary on timeline 4000000000; no other server confirms the leap from timeline 1 to 4000000000: if that is ' +
        'false, stop the server that shows it, and it is forgotten after 10 s, or at once by a restart of the gateway',
    );
  });

  test('is remembered from the first election on', () => {
    const { memory } = elect([failing(standby('a')), primary('c', leap)], noMemory, now, rules);
    assert.equal(memory.leaptFrom, 1);
  });

  test('is confirmed by any other server that comes as far, and no leap any more', () => {
    const { memory } = elect(
      [primary('c', leap), standby('b', leap - 1)],
      { ...after('c', leap), leaptFrom: 1 },
      now,
      rules,
    );
    assert.deepEqual(memory, after('c', leap));
  });

  test('is not confirmed by another name of the same server', () => {
    const twin = primary('d', leap, { startedAt: primary('c').answer!.startedAt });
    const { primary: elected } = elect(
      [primary('a'), standby('b'), primary('c', leap), twin],
      after('a'),
      now,
      rules,
    );
    assert.equal(elected?.candidate.name, 'a');
  });

  test('keeps all others out for 10 s after its server was last heard of, and its end is told', () => {
    const at = (silentMs: number) =>
      elect(
        [primary('a'), failing(primary('c', leap, { at: now - silentMs }), 2)],
        { ...after('c', leap), leaptFrom: 1 },
        now,
        rules,
      );
    assert.deepEqual([10_000, 10_001].map((ms) => at(ms).primary?.candidate.name), [undefined, 'a']);
    assert.match(at(10_000).reason, /leap from timeline 1 to 4000000000: if that is false, stop the server/);
  });
});
