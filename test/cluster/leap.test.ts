import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elect, noMemory } from '../../src/cluster/election.ts';
import { after, failing, now, ours, outcome, primary, rules, standby } from './scene.ts';

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

  test('says beside whom others are where the primary hides its timeline', () => {
    const hidden = { timeline: undefined };
    const verdict = elect(
      [primary('a', 1, hidden), standby('b'), primary('c', leap)],
      after('a'),
      now,
      rules,
    );
    assert.match(
      verdict.findings[2]?.note ?? '',
      /^says that it is on timeline 4000000000, which no other server confirms, where others beside a are on timeline 1:/,
    );
    assert.deepEqual(verdict.memory, after('a'));
  });

  test('stays what it was while its server hides its timeline or its system, and goes with it', () => {
    const before = { ...after('c', leap), leaptFrom: 1 };
    for (const hidden of [{ timeline: undefined }, { system: undefined }]) {
      const still = elect([standby('b'), primary('c', leap, hidden)], before, now, rules);
      assert.deepEqual([still.primary?.candidate.name, still.memory], ['c', before]);
    }
    const next = elect(
      [primary('a', 1, { timeline: undefined }), failing(primary('c', leap), 2)],
      before,
      now,
      rules,
    );
    assert.deepEqual(next.memory, after('a'));
  });

  test('is not believed against a primary that has hidden its timeline since the gateway started', () => {
    const seen = [primary('a', 1, { timeline: undefined }), standby('b', 100), primary('c', leap)];
    const verdict = elect(seen, after('a', 0), now, rules);
    assert.deepEqual(outcome(verdict).standings, { a: 'primary', b: 'standby', c: 'distrusted' });
  });

  test('is remembered with the timeline of those that show their system, and told with what there is', () => {
    const hidden = { system: undefined };
    const seen = [failing(standby('a')), primary('c', leap), standby('d', 10, hidden)];
    assert.equal(elect(seen, noMemory, now, rules).memory.leaptFrom, 1);
    const all = [standby('a', 1, hidden), standby('c', 40, hidden)];
    assert.match(elect(all, noMemory, now, { ...rules, system: ours }).reason, /leap from timeline 1 to 40:/);
  });

  test('is not made by an old timeline that was remembered while the primary hides its own', () => {
    const seen = [primary('a', 1, { timeline: undefined }), standby('b', 90), standby('c', 90)];
    const verdict = elect(seen, after('a'), now, rules);
    assert.deepEqual(outcome(verdict).standings, { a: 'primary', b: 'standby', c: 'standby' });
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
