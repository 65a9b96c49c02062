import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elect, noMemory } from '../../src/cluster/election.ts';
import { forget, withoutOldAnswer } from '../../src/cluster/forget.ts';
import { after, failing, now, primary, rules, standby, theirs } from './scene.ts';

describe('forgetting the timeline', () => {
  const memory = after('b', 2);
  const seen = [primary('a', 1), failing(primary('b', 2), 5)];

  test('lets a primary of an older one be elected, where the server of the newer one does not answer', () => {
    assert.equal(elect(seen, memory, now, rules).primary, undefined);
    const { primary: elected } = elect(seen.map(withoutOldAnswer), forget(memory, 'timeline'), now, rules);
    assert.equal(elected?.candidate.name, 'a');
  });

  test('takes nothing back that a server says now', () => {
    const shown = [primary('a', 1), standby('b', 2)];
    const { rule } = elect(shown.map(withoutOldAnswer), forget(memory, 'timeline'), now, rules);
    assert.equal(rule, 'noPrimary');
  });

  test('leaves the system', () => {
    const { rule } = elect([primary('a', 1, { system: theirs })], forget(memory, 'timeline'), now, rules);
    assert.equal(rule, 'noPrimary');
  });
});

describe('forgetting the system', () => {
  test('is to begin anew', () => {
    assert.equal(forget(after('b', 2), 'system'), noMemory);
    const seen = [primary('a', 1, { system: theirs })];
    assert.equal(elect(seen, after('a', 5), now, rules).primary, undefined);
    assert.equal(elect(seen, forget(after('a', 5), 'system'), now, rules).primary?.candidate.name, 'a');
  });
});
