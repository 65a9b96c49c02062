import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elect, noMemory } from '../../src/cluster/election.ts';
import { Journal } from '../../src/control/journal.ts';
import { after, failing, now, primary, rules, standby, unasked } from '../cluster/scene.ts';

const won = elect([primary('a', 7), primary('b', 7), standby('c', 7)], after('a', 7), now, rules);
const lost = elect([failing(unasked('a'))], noMemory, now, rules);

describe('the journal', () => {
  test('says which candidate won and why, and the standing of each', () => {
    assert.deepEqual(new Journal().add(won, 4, new Date(1_700_000_000_500)), {
      time: '2023-11-14T22:13:20.500Z',
      epoch: 4,
      rule: 'splitBrainIncumbent',
      primary: 'a',
      timeline: 7,
      reason: won.reason,
      splitBrain: true,
      candidates: [
        { name: 'a', standing: 'primary', note: 'is primary on timeline 7' },
        { name: 'b', standing: 'rival', note: 'claims to be primary on timeline 7 too' },
        { name: 'c', standing: 'standby', note: 'is a standby on timeline 7' },
      ],
    });
  });

  test('names no primary where there is none', () => {
    const entry = new Journal().add(lost, 1);
    assert.equal(entry.primary, undefined);
    assert.equal(entry.timeline, undefined);
    assert.equal(entry.splitBrain, false);
  });

  test('can be written as JSON', () => {
    const entry = new Journal().add(won, 1);
    assert.deepEqual(JSON.parse(JSON.stringify(entry)), entry);
  });

  test('keeps the last hundred changes of the primary, oldest first', () => {
    const journal = new Journal();
    for (let epoch = 1; epoch <= 100; epoch += 1) journal.add(won, epoch);
    assert.deepEqual([journal.entries.length, journal.entries[0]?.epoch], [100, 1]);
    journal.add(won, 101);
    assert.deepEqual(
      journal.entries.map(({ epoch }) => epoch),
      Array.from({ length: 100 }, (_, index) => index + 2),
    );
  });

  test('keeps them apart from the standings of others, however often those change, and in their order', () => {
    const journal = new Journal();
    const at = (second: number) => new Date(second * 1000);
    journal.add(won, 1, at(1));
    journal.add(lost, 2, at(2));
    for (let second = 3; second < 10_000; second += 1) journal.add(won, 2, at(second));
    journal.add(won, 3, at(10_000));
    journal.add(won, 3, at(10_001));
    const times = journal.entries.map(({ time }) => Date.parse(time) / 1000);
    assert.deepEqual(times.slice(0, 3), [1, 2, 9901]);
    assert.deepEqual(times.slice(-3), [9999, 10_000, 10_001]);
    assert.deepEqual(times, times.toSorted((a, b) => a - b));
    assert.equal(times.length, 103);
  });
});
