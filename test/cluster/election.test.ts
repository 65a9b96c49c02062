import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elect, type Memory, noMemory, type Rules, type Verdict } from '../../src/cluster/election.ts';
import type { Observation } from '../../src/cluster/observation.ts';
import {
  after,
  failing,
  now,
  ours,
  type Outcome,
  outcome,
  permutations,
  primary,
  rules,
  standby,
  theirs,
  unasked,
} from './scene.ts';

interface Scenario {
  readonly sentence: string;
  readonly given: readonly Observation[];
  readonly memory?: Memory;
  readonly rules?: Partial<Rules>;
  readonly expected: Partial<Outcome>;
  readonly reason: RegExp;
}

/** All that a verdict says: the reason, and where that is about all candidates, why each has its standing. */
function said({ rule, reason, findings }: Verdict): string {
  return rule !== 'noPrimary' || findings.length === 0
    ? reason
    : [reason, ...findings.map(({ candidate, note }) => `${candidate.name} ${note}`)].join('; ');
}

/** Each scenario must come out in every order of its candidates. */
function play(scenarios: readonly Scenario[]): void {
  for (const { sentence, given, memory = noMemory, rules: change, expected, reason } of scenarios) {
    test(sentence, () => {
      for (const observations of permutations(given)) {
        const verdict = elect(observations, memory, now, { ...rules, ...change });
        const seen = { splitBrain: false, ...expected };
        const { standings, ...short } = outcome(verdict);
        assert.deepEqual('standings' in expected ? { ...short, standings } : short, {
          primary: undefined,
          ...seen,
        });
        assert.match(said(verdict), reason);
        assert.equal(verdict.primary?.answer, given.find(isOf(expected.primary))?.answer);
      }
    });
  }
}

const isOf = (name: string | undefined) => ({ candidate }: Observation): boolean => candidate.name === name;

describe('a new system at the old addresses', () => {
  const anew = primary('a', 1, { system: theirs });

  test('is named in the reason, with what to do', () => {
    const reasonWith = (change: Partial<Rules>) =>
      elect([anew], after('a', 5), now, { ...rules, ...change }).reason;
    const facts =
      `a is foreign; all that answer belong to system ${theirs}, not to ${ours}: if that is the right one now`;
    assert.equal(
      reasonWith({}),
      `${facts}, run pg_gateway forget-system, or set SYSTEM_IDENTIFIER=${theirs}`,
    );
    assert.equal(reasonWith({ system: ours }), `${facts}, set SYSTEM_IDENTIFIER=${theirs}`);
  });

  test('is elected when it has been there for as long as no answer of the old one can count', () => {
    const first = elect([anew], after('a', 5), now, { ...rules, maxAgeMs: 60_000 });
    const at = (ms: number) => elect([anew], first.memory, now + ms, { ...rules, maxAgeMs: 60_000 });
    assert.deepEqual(
      [59_980, 60_000].map((ms) => at(ms).rule),
      ['noPrimary', 'noPrimary'],
      'its answer is too old',
    );
    const again = primary('a', 1, { system: theirs, at: now + 50_000 });
    const rulesOf = [59_999, 60_000].map((ms) =>
      elect([again], first.memory, now + ms, { ...rules, maxAgeMs: 60_000 }).rule
    );
    assert.deepEqual(rulesOf, ['noPrimary', 'newSystem']);
  });

  test('begins anew when one of ours has answered in between', () => {
    const first = elect([anew, standby('b', 1, { system: theirs })], after('a', 5), now, rules);
    const between = elect([anew, standby('b', 5)], first.memory, now + 100, rules);
    assert.equal(first.memory.moved?.since, now);
    assert.equal(between.memory.moved, undefined);
  });
});

describe('the first election', () => {
  play([
    {
      sentence: 'waits until all were asked once, and names those it waits for',
      given: [primary('a'), unasked('b'), failing(unasked('c'))],
      expected: { rule: 'firstRound' },
      reason: /^waiting for the first probe of b$/,
    },
    {
      sentence: 'waits even if only one candidate is left to ask and all others failed',
      given: [failing(unasked('a')), unasked('b')],
      expected: { rule: 'firstRound', standings: { a: 'down', b: 'unknown' } },
      reason: /waiting for the first probe of b/,
    },
    {
      sentence: 'does not wait for one that failed',
      given: [primary('a'), failing(unasked('b'))],
      expected: { rule: 'onlyPrimary', primary: 'a', standings: { a: 'primary', b: 'down' } },
      reason: /^a is primary on timeline 1$/,
    },
  ]);

  test('a later election does not wait for one that was not asked', () => {
    const verdict = elect([primary('a'), unasked('b')], after('a'), now, rules);
    assert.equal(verdict.primary?.candidate.name, 'a');
    assert.deepEqual(outcome(verdict).standings, { a: 'primary', b: 'unknown' });
    assert.equal(verdict.findings[1]?.note, 'has not been probed yet');
  });

  test('leaves the system, the name and the timeline to later ones', () => {
    const { memory } = elect([primary('a', 3), standby('b', 3)], noMemory, now, rules);
    assert.deepEqual(memory, { system: ours, incumbent: 'a', timeline: 3 });
  });

  test('leaves nothing if it elects none', () => {
    assert.equal(elect([standby('a')], noMemory, now, rules).memory, noMemory);
  });
});

describe('the primary is', () => {
  play([
    {
      sentence: 'the only one that is out of recovery',
      given: [standby('a'), primary('b'), standby('c')],
      expected: {
        rule: 'onlyPrimary',
        primary: 'b',
        standings: { a: 'standby', b: 'primary', c: 'standby' },
      },
      reason: /^b is primary on timeline 1$/,
    },
    {
      sentence: 'none while all are standbys, and the reason names each',
      given: [standby('a', 2), standby('b', 3)],
      expected: { rule: 'noPrimary', standings: { a: 'standby', b: 'standby' } },
      reason:
        /^(a, b|b, a) are standbys;(?=.*a is a standby on timeline 2)(?=.*b is a standby on timeline 3)/,
    },
    {
      sentence: 'none while all are down, and the reason names each',
      given: [failing(unasked('a')), failing(primary('b'))],
      expected: { rule: 'noPrimary', standings: { a: 'down', b: 'down' } },
      reason: /^(a, b|b, a) are down;(?=.*a refuses connections)(?=.*b refuses connections)/,
    },
    {
      sentence: 'never a read-only one',
      given: [primary('a', 1, { readOnly: true }), standby('b')],
      expected: { rule: 'noPrimary', standings: { a: 'readOnly', b: 'standby' } },
      reason: /a is out of recovery but read-only/,
    },
    {
      sentence: 'none if a read-only one on a newer timeline shows that the writable one is an old primary',
      given: [primary('a', 2, { readOnly: true }), primary('b')],
      expected: { rule: 'noPrimary', standings: { a: 'readOnly', b: 'stale' } },
      reason: /b claims to be primary on timeline 1, but a, read-only, is on timeline 2 already/,
    },
    {
      sentence: 'the one on the newest timeline, wherever it stands in the list',
      given: [primary('a', 2), primary('b', 3), primary('c', 1)],
      expected: { rule: 'newestTimeline', primary: 'b', standings: { a: 'stale', b: 'primary', c: 'stale' } },
      reason: /^b is primary: its timeline 3 is newer than that of (a, c|c, a)$/,
    },
    {
      sentence: 'the one on the newest timeline, against the incumbent',
      given: [primary('a', 1), primary('b', 2)],
      memory: after('a', 1),
      expected: { rule: 'newestTimeline', primary: 'b', standings: { a: 'stale', b: 'primary' } },
      reason: /^b is primary: its timeline 2 is newer than that of a$/,
    },
    {
      sentence: 'timelines are numbers: 10 is newer than 9',
      given: [primary('a', 9), primary('b', 10)],
      expected: { rule: 'newestTimeline', primary: 'b' },
      reason: /^b is primary/,
    },
    {
      sentence: 'none on an older timeline than one that was primary before',
      given: [primary('a', 1), failing(primary('b', 2), 2)],
      memory: after('b', 2),
      expected: { rule: 'noPrimary', standings: { a: 'stale', b: 'down' } },
      reason: /a claims to be primary on timeline 1, older than timeline 2 that was primary before/,
    },
    {
      sentence: 'a new server on the timeline of the one that is gone',
      given: [failing(primary('a', 2), 2), primary('b', 2)],
      memory: after('a', 2),
      expected: { rule: 'onlyPrimary', primary: 'b', standings: { a: 'down', b: 'primary' } },
      reason: /^b is primary/,
    },
    {
      sentence: 'not an incumbent that has become a standby, at once',
      given: [standby('a', 1), standby('b', 1)],
      memory: after('a', 1),
      expected: { rule: 'noPrimary', standings: { a: 'standby', b: 'standby' } },
      reason: /a is a standby on timeline 1/,
    },
    {
      sentence: 'not an incumbent that has become read-only, at once',
      given: [primary('a', 1, { readOnly: true }), standby('b', 1)],
      memory: after('a', 1),
      expected: { rule: 'noPrimary', standings: { a: 'readOnly', b: 'standby' } },
      reason: /a is out of recovery but read-only/,
    },
    {
      sentence: 'none if there is no candidate',
      given: [],
      expected: { rule: 'noPrimary', standings: {} },
      reason: /^there is no candidate$/,
    },
  ]);
});

describe('which system is ours', () => {
  const foreign = (name: string, timeline = 1) => primary(name, timeline, { system: theirs });
  play([
    {
      sentence: 'that of most candidates, and the others are foreign, whatever their timeline',
      given: [primary('a', 1), standby('b', 1), foreign('c', 9)],
      expected: {
        rule: 'onlyPrimary',
        primary: 'a',
        standings: { a: 'primary', b: 'standby', c: 'foreign' },
      },
      reason: /^a is primary/,
    },
    {
      sentence: 'not known if there are as many of each, and none is elected',
      given: [primary('a'), foreign('b')],
      expected: { rule: 'unknownSystem', standings: { a: 'unknown', b: 'unknown' } },
      reason: /different systems.*SYSTEM_IDENTIFIER/,
    },
    {
      sentence: 'a candidate that failed or whose answer is too old has no vote',
      given: [
        primary('a'),
        foreign('b'),
        failing(foreign('c')),
        standby('d', 1, { system: theirs, at: now - 5001 }),
        standby('e'),
      ],
      expected: { rule: 'onlyPrimary', primary: 'a' },
      reason: /^a is primary/,
    },
    {
      sentence: 'a vote counts until its answer is older than the greatest age',
      given: [primary('a', 1, { at: now - 5000 }), foreign('b')],
      expected: { rule: 'unknownSystem' },
      reason: /SYSTEM_IDENTIFIER/,
    },
    {
      sentence: 'the configured one, against a majority',
      given: [primary('a'), foreign('b', 9), standby('c', 9, { system: theirs })],
      rules: { system: ours },
      expected: {
        rule: 'onlyPrimary',
        primary: 'a',
        standings: { a: 'primary', b: 'foreign', c: 'foreign' },
      },
      reason: /^a is primary/,
    },
    {
      sentence: 'the configured one, even where no candidate belongs to it',
      given: [foreign('a')],
      rules: { system: ours },
      expected: { rule: 'noPrimary', standings: { a: 'foreign' } },
      reason: new RegExp(`a belongs to system ${theirs}, not to ${ours}`),
    },
    {
      sentence: 'the configured one, against the one that was served before',
      given: [primary('a'), foreign('b')],
      memory: { ...after('b'), system: theirs },
      rules: { system: ours },
      expected: { rule: 'onlyPrimary', primary: 'a', standings: { a: 'primary', b: 'foreign' } },
      reason: /^a is primary/,
    },
    {
      sentence: 'the one that was served before, against a later majority',
      given: [failing(primary('a'), 2), foreign('b'), foreign('c')],
      memory: after('a'),
      expected: { rule: 'noPrimary', standings: { a: 'down', b: 'foreign', c: 'foreign' } },
      reason: /b belongs to system/,
    },
    {
      sentence: 'not that of an incumbent whose server was replaced by a foreign one',
      given: [foreign('a', 5), standby('b')],
      memory: after('a'),
      expected: { rule: 'noPrimary', standings: { a: 'foreign', b: 'standby' } },
      reason: /a belongs to system/,
    },
  ]);

  test('is remembered from the configuration too', () => {
    const { memory } = elect([primary('a')], noMemory, now, { ...rules, system: ours });
    assert.equal(memory.system, ours);
  });
});
