/** Several primaries at once, probes that fail, answers that grow old, and servers with two names. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elect, noMemory } from '../../src/cluster/election.ts';
import {
  after,
  answer,
  failing,
  now,
  outcome,
  permutations,
  primary,
  rules,
  standby,
  unasked,
} from './scene.ts';
import type { Memory, Rules, Verdict } from '../../src/cluster/election.ts';
import type { FailureKind, Observation } from '../../src/cluster/observation.ts';

/** The one verdict of every order of the candidates. */
function inEveryOrder(given: readonly Observation[], memory: Memory, change: Partial<Rules> = {}): Verdict {
  const verdicts = permutations(given).map((order) => elect(order, memory, now, { ...rules, ...change }));
  for (const verdict of verdicts) assert.deepEqual(outcome(verdict), outcome(verdicts[0]!));
  return verdicts[0]!;
}

describe('two primaries on one timeline', () => {
  const two = [primary('a', 3), primary('b', 3), standby('c', 3)];

  test('the incumbent stays and the alarm is raised', () => {
    const verdict = inEveryOrder(two, after('b', 3));
    assert.deepEqual(outcome(verdict), {
      rule: 'splitBrainIncumbent',
      primary: 'b',
      splitBrain: true,
      standings: { a: 'rival', b: 'primary', c: 'standby' },
    });
    assert.match(
      verdict.reason,
      /^split brain: (a, b|b, a) all claim to be primary on timeline 3; b stays because it was primary before; stop the others$/,
    );
    assert.match(verdict.findings.find(({ standing }) => standing === 'rival')!.note, /on timeline 3 too/);
  });

  test('without an incumbent none is elected', () => {
    const verdict = inEveryOrder(two, noMemory);
    assert.equal(verdict.primary, undefined);
    assert.equal(verdict.rule, 'splitBrain');
    assert.equal(verdict.splitBrain, true);
    assert.match(
      verdict.reason,
      /^split brain: (a, b|b, a) all claim.*none of them was primary before, and no majority of standbys .*; stop all but one$/,
    );
  });

  test('an incumbent that is not among them does not count', () => {
    assert.equal(inEveryOrder(two, after('c', 2)).primary, undefined);
    assert.equal(inEveryOrder([...two, primary('d', 2)], after('d', 2)).rule, 'splitBrain');
  });

  test('with SPLIT_BRAIN=refuse even the incumbent is refused, and stays the incumbent', () => {
    const verdict = inEveryOrder(two, after('a', 3), { splitBrain: 'refuse' });
    assert.equal(verdict.primary, undefined);
    assert.equal(verdict.rule, 'splitBrain');
    assert.equal(verdict.splitBrain, true);
    assert.match(verdict.reason, /SPLIT_BRAIN=refuse; stop all but one$/);
    assert.deepEqual(verdict.memory, after('a', 3));
  });

  test('with SPLIT_BRAIN=refuse one on a newer timeline is no split brain', () => {
    const verdict = inEveryOrder([...two, primary('d', 4)], after('a', 3), { splitBrain: 'refuse' });
    assert.equal(verdict.primary?.candidate.name, 'd');
    assert.equal(verdict.splitBrain, false);
  });

  test('the alarm ends with the rival', () => {
    assert.equal(inEveryOrder([primary('a', 3), standby('b', 3)], after('a', 3)).splitBrain, false);
    assert.equal(inEveryOrder([primary('a', 3), failing(primary('b', 3))], after('a', 3)).splitBrain, false);
  });

  test('an older primary beside them is stale, and named in no alarm', () => {
    const verdict = inEveryOrder([...two, primary('d', 2)], after('a', 2));
    assert.equal(outcome(verdict).standings['d'], 'stale');
    assert.doesNotMatch(verdict.reason, /\bd\b/);
    assert.match(verdict.findings.find(({ standing }) => standing === 'stale')!.note, /older timeline 2$/);
  });
});

describe('an incumbent whose probes fail', () => {
  for (const failAfter of [1, 2, 3]) {
    test(`with FAIL_AFTER=${failAfter} it is withdrawn by failure number ${failAfter}`, () => {
      for (let failures = 1; failures <= failAfter + 1; failures += 1) {
        const verdict = inEveryOrder([failing(primary('a'), failures), standby('b')], after('a'), {
          failAfter,
        });
        const stays = failures < failAfter;
        assert.equal(verdict.primary?.candidate.name, stays ? 'a' : undefined, `after ${failures} failures`);
        assert.equal(verdict.rule, stays ? 'incumbentInDoubt' : 'noPrimary');
        assert.equal(outcome(verdict).standings['a'], stays ? 'doubtful' : 'down');
      }
    });
  }

  test('in doubt, it stays with a reason', () => {
    const verdict = inEveryOrder([failing(primary('a')), standby('b')], after('a'));
    assert.equal(verdict.reason, 'a stays primary on timeline 1 although its last probe failed');
    assert.equal(verdict.primary?.standing, 'doubtful');
    assert.equal(verdict.primary?.note, 'was primary on timeline 1, and now: refuses connections');
  });

  test('a rival on the same timeline does not push it out, and raises the alarm', () => {
    const verdict = inEveryOrder([failing(primary('a')), primary('b')], after('a'));
    assert.deepEqual(outcome(verdict), {
      rule: 'splitBrainIncumbent',
      primary: 'a',
      splitBrain: true,
      standings: { a: 'doubtful', b: 'rival' },
    });
  });

  test('one on a newer timeline pushes it out at once', () => {
    const verdict = inEveryOrder([failing(primary('a', 1)), primary('b', 2)], after('a', 1));
    assert.equal(verdict.primary?.candidate.name, 'b');
    assert.equal(verdict.rule, 'newestTimeline');
  });

  test('no other candidate has this credit', () => {
    const verdict = inEveryOrder([failing(primary('a')), standby('b')], after('b'), { failAfter: 3 });
    assert.equal(verdict.primary, undefined);
    assert.equal(outcome(verdict).standings['a'], 'down');
  });

  const lapsed: readonly [string, Observation][] = [
    ['a standby', standby('a')],
    ['read-only', primary('a', 1, { readOnly: true })],
    ['foreign', primary('a', 1, { system: 'another' })],
    ['on an older timeline', primary('a', 0)],
  ];
  for (const [what, last] of lapsed) {
    test(`it has no credit if it was ${what} at last: there is no primary to doubt`, () => {
      const { findings, rule } = inEveryOrder([failing(last), standby('b')], after('a', 1), { failAfter: 3 });
      const finding = findings.find(({ candidate }) => candidate.name === 'a');
      assert.equal(rule, 'noPrimary');
      assert.equal(finding?.standing, 'down');
      assert.equal(finding?.note, 'refuses connections');
    });
  }
});

describe('the age of an answer', () => {
  const old = (name: string, ageMs: number) => primary(name, 1, { at: now - ageMs });

  test('it counts up to the greatest age, and not a millisecond longer', () => {
    assert.equal(elect([old('a', 5000)], after('a'), now, rules).primary?.candidate.name, 'a');
    assert.equal(elect([old('a', 5001)], after('a'), now, rules).primary, undefined);
  });

  test('of an old answer the finding says how old it is, and keeps nothing of it', () => {
    const [finding] = elect([old('a', 5100)], after('a'), now, rules).findings;
    assert.equal(finding?.note, 'has not been heard of for 5.1 s');
    assert.equal(finding?.answer, undefined);
    assert.equal(finding?.standing, 'down');
  });

  test('of an old answer with a failure after it the finding says the failure', () => {
    const verdict = elect([failing(old('a', 5100))], after('a'), now, { ...rules, failAfter: 9 });
    assert.equal(verdict.findings[0]?.note, 'refuses connections');
    assert.equal(verdict.primary, undefined);
  });

  test('all that is left are old answers: that is no question of the system', () => {
    assert.equal(elect([old('a', 9000)], noMemory, now, rules).rule, 'noPrimary');
  });
});

describe('a server that cannot be asked', () => {
  const standingOf = (kind: FailureKind, before = unasked('a')): string | undefined =>
    outcome(elect([failing(before, 2, kind), primary('b')], after('b'), now, rules)).standings['a'];

  test('is not down where PostgreSQL itself says no', () => {
    for (const kind of ['starting', 'full', 'credentials', 'untrusted', 'error'] as const) {
      assert.equal(standingOf(kind), 'rejecting', kind);
      assert.equal(standingOf(kind, standby('a')), 'rejecting', kind);
      assert.equal(standingOf(kind, standby('a', 1, { at: now - 9000 })), 'rejecting', kind);
    }
  });

  test('is down where nothing answers, or not as PostgreSQL does', () => {
    const kinds = [
      'unresolved',
      'silent',
      'unreachable',
      'refused',
      'disconnected',
      'slow',
      'notPostgres',
      'malformed',
    ] as const;
    for (const kind of kinds) assert.equal(standingOf(kind), 'down', kind);
  });

  test('is unknown where the fault is ours', () => assert.equal(standingOf('local'), 'unknown'));

  test('is what it was where the fault is ours, with the reason, until its answer is too old', () => {
    const [finding] =
      elect([failing(standby('a'), 9, 'local'), primary('b')], after('b'), now, rules).findings;
    assert.equal(finding?.standing, 'standby');
    assert.equal(finding?.note, 'is a standby on timeline 1, and now: refuses connections');
    assert.equal(standingOf('local', standby('a', 1, { at: now - 5001 })), 'unknown');
  });
});

describe('an incumbent that rejects the probe', () => {
  const rejecting = failing(primary('a'), 9, 'full');

  test('stays, with a reason and what it says', () => {
    const verdict = inEveryOrder([rejecting, standby('b')], after('a'), { failAfter: 1 });
    assert.equal(verdict.primary?.standing, 'rejecting');
    assert.equal(verdict.primary?.note, 'was primary on timeline 1, and now: refuses connections');
    assert.equal(
      verdict.reason,
      'a stays primary on timeline 1: it is up and only rejects the probe, and no other claims the role',
    );
    assert.deepEqual(verdict.memory, after('a'));
  });

  test('stays for 10 s longer than an answer counts, as it is asked that seldom', () => {
    const held = [15_000, 15_001].map((ms) => elect([rejecting], after('a'), now + ms, rules).rule);
    assert.deepEqual(held, ['incumbentRejecting', 'noPrimary']);
  });

  test('is in doubt when it then fails, and withdrawn by FAIL_AFTER of those', () => {
    const outcomes = [1, 2].map((times) =>
      elect([failing(rejecting, times, 'silent')], after('a'), now, rules).rule
    );
    assert.deepEqual(outcomes, ['incumbentInDoubt', 'noPrimary']);
  });

  test('does not stay if it may have been started again since it answered', () => {
    for (const kind of ['refused', 'starting', 'notPostgres'] as const) {
      const restarted = failing(failing(primary('a'), 1, kind), 9, 'full');
      assert.equal(elect([restarted], after('a'), now, rules).rule, 'noPrimary', kind);
    }
  });

  test('may be a pooler whose server is gone, or an impostor, where it says anything else', () => {
    for (const kind of ['error', 'untrusted'] as const) {
      assert.equal(elect([failing(primary('a'), 2, kind)], after('a'), now, rules).rule, 'noPrimary', kind);
    }
  });
});

describe('two names of one server', () => {
  const twin = (name: string, timeline = 1) => primary(name, timeline, { startedAt: answer('a').startedAt });

  test('are one claim and no split brain', () => {
    for (const order of permutations([primary('a'), twin('b'), standby('c')])) {
      const verdict = elect(order, noMemory, now, rules);
      const first = order.find(({ answer }) => !answer?.inRecovery)?.candidate.name;
      assert.equal(verdict.rule, 'onlyPrimary');
      assert.equal(verdict.splitBrain, false);
      assert.equal(verdict.primary?.candidate.name, first);
      const other = verdict.findings.find(({ standing }) => standing === 'alias');
      assert.equal(other?.note, `is another name of ${first}`);
    }
  });

  test('the name of the incumbent wins', () => {
    for (const incumbent of ['a', 'b']) {
      assert.equal(
        inEveryOrder([primary('a'), twin('b')], after(incumbent)).primary?.candidate.name,
        incumbent,
      );
    }
  });

  test('the other name takes over when the first cannot be asked any more', () => {
    const verdict = inEveryOrder([failing(primary('a'), 2), twin('b')], after('a'));
    assert.equal(verdict.primary?.candidate.name, 'b');
    assert.equal(verdict.splitBrain, false);
  });

  test('a third server beside them is a split brain', () => {
    const verdict = inEveryOrder([primary('a'), twin('b'), primary('c')], after('b'));
    assert.equal(verdict.rule, 'splitBrainIncumbent');
    assert.equal(verdict.primary?.candidate.name, 'b');
    assert.match(verdict.reason, /\bb\b.*\bc\b|\bc\b.*\bb\b/);
  });

  test('one start on two timelines is two servers', () => {
    const verdict = inEveryOrder([primary('a', 1), twin('b', 2)], noMemory);
    assert.equal(verdict.primary?.candidate.name, 'b');
    assert.equal(verdict.rule, 'newestTimeline');
  });

  test('a candidate that was never asked has no other name', () => {
    assert.equal(
      outcome(elect([primary('a'), unasked('b')], after('a'), now, rules)).standings['b'],
      'unknown',
    );
  });
});

describe('a primary that hides its system or its timeline', () => {
  const hidden = { system: undefined, timeline: undefined };

  test('is a primary like others: a candidate that is found later does not withdraw it', () => {
    const first = elect([primary('a', 0, hidden)], noMemory, now, rules);
    assert.equal(first.primary?.candidate.name, 'a');
    const next = elect([primary('a', 0, hidden), unasked('b')], first.memory, now, rules);
    assert.deepEqual([next.rule, next.primary?.candidate.name], ['onlyPrimary', 'a']);
    assert.match(next.reason, /^a is primary on a timeline that it hides from the probe$/);
  });

  test('leaves what is known of our system as it was', () => {
    const system = answer('a').system;
    const before = after('a', 5);
    assert.deepEqual(elect([primary('a', 0, hidden)], before, now, rules).memory, before);
    // Or a stranger that hides its system would keep ours out for good.
    const stranger = elect([primary('b', 9, { system: undefined })], before, now, rules);
    assert.deepEqual(stranger.memory, { system, incumbent: 'b', timeline: 5 });
    assert.equal(elect([primary('a', 5)], stranger.memory, now, rules).rule, 'onlyPrimary');
    const alone = elect([primary('b', 9, { system: undefined })], noMemory, now, rules);
    assert.equal(alone.memory.timeline, 9);
  });

  test('is told from another that hides nothing, in words', () => {
    const verdict = inEveryOrder([primary('a', 0, { timeline: undefined }), primary('b', 3)], after('a', 3));
    assert.deepEqual([verdict.rule, verdict.splitBrain], ['splitBrain', true]);
    assert.match(
      verdict.reason,
      /all claim to be primary; a cannot win, for what it hides .* explain names$/,
    );
  });

  test('is another name of a server that shows both', () => {
    const verdict = inEveryOrder(
      [primary('a', 3), primary('b', 0, { ...hidden, startedAt: answer('a').startedAt })],
      after('a', 3),
    );
    assert.deepEqual([verdict.splitBrain, verdict.primary?.candidate.name], [false, 'a']);
  });
});
