import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elect, noMemory } from '../../src/cluster/election.ts';
import type { Answer } from '../../src/cluster/observation.ts';
import { isOneServer, type Mark, withMarks } from '../../src/cluster/same-server.ts';
import { after, answer, now, outcome, primary, rules, standby, theirs } from './scene.ts';

/** Two that say the same start at two addresses. */
const one = (change: Partial<Answer> = {}): Answer => answer('a', change);
const other = (change: Partial<Answer> = {}): Answer => answer('a', { host: '192.0.2.2', ...change });
const mark = (own: string, seen: readonly string[], since = now - 1000): { readonly mark: Mark } => ({
  mark: { own, seen, since },
});

describe('two candidates with the same start', () => {
  test('are one server at one address', () => {
    assert.equal(isOneServer(one(), one()), true);
    assert.equal(isOneServer(one(), one({ startedAt: 'later' })), false);
  });

  test('may be one where one of them hides its system, and are not in two systems', () => {
    const marks = [mark('A', ['A', 'B']), mark('B', ['B', 'A'])] as const;
    assert.equal(isOneServer(one({ system: undefined, ...marks[0] }), other(marks[1])), true);
    assert.equal(isOneServer(one({ system: undefined }), other()), undefined);
    assert.equal(isOneServer(one({ system: theirs, ...marks[0] }), other(marks[1])), false);
  });

  test('are not known to be one at two addresses', () =>
    assert.equal(isOneServer(one(), other()), undefined));

  test('are one when each has shown the mark of the other', () => {
    assert.equal(isOneServer(one(mark('A', ['A', 'B'])), other(mark('B', ['B', 'A']))), true);
  });

  test('are not one when only one of them has shown the mark of the other', () => {
    assert.notEqual(isOneServer(one(mark('A', ['A'], now)), other(mark('B', ['B', 'A'], now))), true);
  });

  test('are two when a mark that was there was not shown', () => {
    assert.equal(isOneServer(one(mark('A', ['A'])), other(mark('B', ['A', 'B']))), false);
  });

  test('are not known to be two when the mark came after the question', () => {
    assert.equal(isOneServer(one(mark('A', ['A'])), other(mark('B', ['A', 'B'], now - 10))), undefined);
  });

  test('are two when one was asked for longer than 10 s and the other has shown nothing', () => {
    assert.equal(isOneServer(one(mark('A', ['A'], now - 10_010)), other()), undefined);
    assert.equal(isOneServer(one(mark('A', ['A'], now - 10_011)), other()), false);
  });
});

describe('what a session knows of marks', () => {
  const first = withMarks(undefined, { own: 'A', seen: ['A'] }, 100);

  test('begins with its own, and grows by those that it sees', () => {
    assert.deepEqual(first, { own: 'A', since: 100, seen: ['A'] });
    assert.deepEqual(withMarks(first, { own: 'A', seen: ['B', 'A'] }, 200), {
      own: 'A',
      since: 100,
      seen: ['A', 'B'],
    });
  });

  test('is the same value where nothing is new', () => {
    assert.equal(withMarks(first, { own: 'A', seen: ['A'] }, 200), first);
    const asked = withMarks(first, undefined, 300);
    assert.equal(withMarks(asked, undefined, 400), asked);
  });

  test('keeps what was seen when it is asked without a mark, which cannot be seen then', () => {
    const asked = withMarks(first, undefined, 300);
    assert.deepEqual(asked, { own: 'A', since: Infinity, seen: ['A'] });
    assert.deepEqual(withMarks(asked, { own: 'A', seen: ['A'] }, 400), { own: 'A', since: 400, seen: ['A'] });
  });

  test('is bounded', () => {
    const seen = Array.from({ length: 1000 }, (_, number) => String(number));
    assert.equal(withMarks(first, { own: 'A', seen }, 200)?.seen.length, 200);
  });
});

describe('a candidate that says the start of the primary', () => {
  const copy = (change: Partial<Answer> = {}) =>
    primary('b', 1, { startedAt: answer('a').startedAt, host: '192.0.2.2', ...change });
  const shown = copy(mark('B', ['B']));

  test('is a rival without an alarm as long as it is not known to be another server', () => {
    const verdict = elect([copy(), primary('a'), standby('c')], after('a'), now, rules);
    assert.deepEqual(outcome(verdict), {
      rule: 'onlyPrimary',
      primary: 'a',
      splitBrain: false,
      standings: { a: 'primary', b: 'rival', c: 'standby' },
    });
    assert.equal(
      verdict.findings[0]?.note,
      'says that it started when a did, and has not shown yet whether it is another name of it',
    );
  });

  test('is not elected because it is listed first, whatever it is', () => {
    const verdict = elect([copy(), primary('a')], noMemory, now, rules);
    assert.deepEqual([verdict.rule, verdict.reason], [
      'firstRound',
      'waiting until it is seen whether b, a are one server',
    ]);
  });

  test('is no reason for SPLIT_BRAIN=refuse before it is known to be another server', () => {
    const refuse = { ...rules, splitBrain: 'refuse' } as const;
    assert.equal(elect([copy(), primary('a')], after('a'), now, refuse).primary?.candidate.name, 'a');
    const known = elect([shown, primary('a', 1, mark('A', ['A']))], after('a'), now, refuse);
    assert.deepEqual([known.rule, known.splitBrain], ['splitBrain', true]);
  });

  test('has no say in the vote of the standby whose start it says', () => {
    const upstream = (host: string) => ({ upstream: { host: `${host}.example`, port: 5432 } });
    const voters = [standby('c', 1, upstream('a')), standby('d', 1, upstream('a'))];
    const liar = standby('e', 1, {
      startedAt: answer('c').startedAt,
      host: '192.0.2.3',
      at: now,
      ...upstream('b'),
    });
    const verdict = elect([primary('a'), primary('b'), ...voters, liar], noMemory, now, rules);
    assert.match(verdict.reason, /a is elected because 2 of 3 standbys stream from it/);
  });
});
