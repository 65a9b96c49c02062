import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elect, type Memory, noMemory } from '../../src/cluster/election.ts';
import type { Observation } from '../../src/cluster/observation.ts';
import { Attention } from '../../src/control/attention.ts';
import { after, failing, now, primary, rules, standby, theirs, unasked } from '../cluster/scene.ts';

/** What is logged of each in turn. */
function watching() {
  const logged: string[] = [];
  const attention = new Attention((event, fields) =>
    void logged.push(`${fields?.['candidate']}: ${event} (${fields?.['why']})`)
  );
  return (observations: readonly Observation[], memory: Memory = noMemory): string[] => {
    attention.note(elect(observations, memory, now, rules));
    return logged.splice(0);
  };
}

describe('what an operator must look into', () => {
  test('is nothing on a good day', () => assert.deepEqual(watching()([primary('a'), standby('b')]), []));

  test('is a former primary that accepts writes', () => {
    const [line, ...more] = watching()([primary('a', 1), primary('b', 2)], after('b', 2));
    assert.match(
      line!,
      /^a: former_primary_writable \(claims to be/,
    );
    assert.deepEqual(more, []);
  });

  test('is a claim without a route, and it is not said which server is right', () => {
    const [line] = watching()([primary('a', 1), standby('b', 2)]);
    assert.match(line!, /^a: older_timeline_claimed \(/);
  });

  test('is a former primary also where its promoted standby was seen a moment before it was primary', () => {
    const see = watching();
    const [first] = see([primary('a', 1), standby('b', 2)], after('a', 1));
    assert.match(first!, /^a: older_timeline_claimed \(/);
    const [second, ...more] = see([primary('a', 1), primary('b', 2)], after('a', 1));
    assert.match(second!, /^a: former_primary_writable \(/);
    assert.deepEqual(more, []);
  });

  const others: readonly [string, Observation, RegExp][] = [
    ['of another cluster', primary('b', 1, { system: theirs }), /^b: candidate_foreign/],
    [
      'that rejects the probe',
      failing(unasked('b'), 1, 'credentials'),
      /^b: candidate_rejecting/,
    ],
    [
      'that does not answer',
      failing(unasked('b')),
      /^b: candidate_down \(refuses connections\)/,
    ],
  ];
  for (const [what, observation, expected] of others) {
    test(`is a candidate ${what}`, () => {
      const [line, ...more] = watching()([primary('a'), observation], after('a'));
      assert.match(line!, expected);
      assert.deepEqual(more, []);
    });
  }

  test('is logged once, and again when it has come back', () => {
    const see = watching();
    const [good, bad] = [[primary('a'), standby('b')], [primary('a'), failing(standby('b'))]];
    assert.deepEqual([good, bad, bad, good, bad].map((all) => see(all).length), [0, 1, 0, 0, 1]);
  });

  test('is a function that the probe may not call: each once, and again when it had been granted', () => {
    const logged: string[] = [];
    const attention = new Attention((event, fields) =>
      void logged.push(`${fields?.['candidate']}: ${event} ${fields?.['hidden']}, ${fields?.['remedy']}`)
    );
    const lack = (name: string) => ({ name, loss: 'it is not known', remedy: `grant ${name}` });
    const see = (lacks?: readonly string[]): string[] => {
      attention.noteHidden([unasked('b'), primary('a', 1, { lacks: lacks?.map(lack) })]);
      return logged.splice(0);
    };
    assert.deepEqual(see(), []);
    assert.deepEqual(see(['f()']), ['a: evidence_hidden f(), grant f()']);
    assert.deepEqual(see(['f()']), []);
    assert.deepEqual(see(['f()', 'g()']), ['a: evidence_hidden g(), grant g()']);
    assert.deepEqual(see(), []);
    assert.deepEqual(see(['g()']), ['a: evidence_hidden g(), grant g()']);
  });
});
