import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { elect } from '../../src/cluster/election.ts';
import { now, permutations } from './scene.ts';
import { circumstances, observationsOf, table } from './truth-table.ts';

describe('the truth table', () => {
  for (const [situation, said, before, elected, rule, alarm] of table) {
    test(`${situation}: ${elected}`, () => {
      const { memory, rules } = circumstances(before);
      for (const observations of permutations(observationsOf(said))) {
        const verdict = elect(observations, memory, now, rules);
        // Of two names of one server the first in the list is used.
        const names = said.includes('same as') ? ['a', 'b'] : [elected];
        assert.ok(names.includes(verdict.primary?.candidate.name ?? 'none'), verdict.reason);
        assert.deepEqual([verdict.rule, verdict.splitBrain ? 'yes' : '-'], [rule, alarm], verdict.reason);
      }
    });
  }

  test('has each situation once', () => {
    assert.equal(new Set(table.map(([situation]) => situation)).size, table.length);
    assert.equal(new Set(table.map(([, said, before]) => `${said} | ${before}`)).size, table.length);
  });

  test('is that of docs/situations.md', () => {
    const docs = readFileSync(new URL('../../docs/situations.md', import.meta.url), 'utf8');
    const lines = docs.split('\n').filter((line) => line.startsWith('| ') && line.split(' | ').length === 6);
    const rows = lines.map((line) => line.slice(2, -2).split(' | '))
      .filter(([first]) => first !== 'situation' && first !== '---');
    assert.deepEqual(rows, table);
  });
});
