/**
 * One candidate whose every probe ends in any way at all, beside an honest primary and an honest standby. fast-check cuts down what
 * breaks a promise to the shortest past.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { elect, type Memory, noMemory, type Rules } from '../../src/cluster/election.ts';
import { longestStep } from '../../src/cluster/leap.ts';
import {
  type Answer,
  failureKinds,
  type Observation,
  withAnswer,
  withFailure,
} from '../../src/cluster/observation.ts';
import { answer, candidate, ours, rules, theirs, unasked } from './scene.ts';

const options = { seed: 7, numRuns: 1_000 } as const;
const timeline = 20;

/** What its next probe brings, and how long after the one before. */
interface Turn {
  readonly afterMs: number;
  readonly said: Partial<Answer> | { readonly failure: (typeof failureKinds)[number] };
  /** The honest primary's probe fails, too. */
  readonly isPrimaryQuiet: boolean;
}

const place = (name: string): Pick<Answer, 'host' | 'startedAt'> => {
  const number = 1 + ['primary', 'standby', 'liar'].indexOf(name);
  return { host: `192.0.2.${number}`, startedAt: `${1_000_000 + number} 5432 *` };
};

const starts = [
  place('liar').startedAt,
  place('primary').startedAt,
  place('standby').startedAt,
  '2000000 5432 *',
  '1 1 ',
];

/**
 * All but a timeline up to sixteen beyond the primary's: that is what a promotion looks like, and is believed
 * (docs/security.md, "A candidate that lies").
 */
const timelines = fc.oneof(
  fc.integer({ min: 1, max: timeline }),
  fc.integer({ min: timeline + longestStep + 1, max: 2 ** 32 - 1 }),
  fc.constant(undefined),
);

const lie: fc.Arbitrary<Partial<Answer>> = fc.record({
  system: fc.constantFrom(ours, ours, theirs, undefined),
  timeline: timelines,
  startedAt: fc.constantFrom(...starts),
  inRecovery: fc.boolean(),
  readOnly: fc.boolean(),
  upstream: fc.constantFrom(
    undefined,
    { host: candidate('liar').host, port: 5432 },
    { host: candidate('primary').host, port: 5432 },
  ),
  mark: fc.constantFrom(
    undefined,
    { own: 'liar', since: 0, seen: ['liar'] },
    { own: 'liar', since: 0, seen: ['liar', 'primary'] },
  ),
});

const turns = (isPrimaryQuiet: fc.Arbitrary<boolean>): fc.Arbitrary<readonly Turn[]> =>
  fc.array(
    fc.record({
      afterMs: fc.integer({ min: 10, max: 3_000 }),
      said: fc.oneof(
        { weight: 4, arbitrary: lie },
        { weight: 1, arbitrary: fc.record({ failure: fc.constantFrom(...failureKinds) }) },
      ),
      isPrimaryQuiet,
    }),
    { minLength: 1, maxLength: 40 },
  );

/** The verdicts of a gateway that has elected the honest primary before the liar is heard of, each with what it was about. */
function* verdicts(past: readonly Turn[], rules: Rules) {
  let now = 1_000;
  let memory: Memory = noMemory;
  const honest = (name: 'primary' | 'standby', before: Observation): Observation =>
    withAnswer(
      before,
      answer(name, {
        ...place(name),
        at: now,
        timeline,
        inRecovery: name === 'standby',
        mark: { own: name, since: 0, seen: [name] },
        ...(name === 'standby' && { upstream: { host: candidate('primary').host, port: 5432 } }),
      }),
    );
  let primary = honest('primary', unasked('primary'));
  let standby = honest('standby', unasked('standby'));
  let liar = unasked('liar');
  ({ memory } = elect([primary, standby], memory, now, rules));
  for (const { afterMs, said, isPrimaryQuiet } of past) {
    now += afterMs;
    standby = honest('standby', standby);
    primary = isPrimaryQuiet
      ? withFailure(primary, { at: now, kind: 'silent', message: 'is silent' })
      : honest('primary', primary);
    liar = 'failure' in said
      ? withFailure(liar, { at: now, kind: said.failure, message: 'fails' })
      : withAnswer(liar, answer('liar', { ...place('liar'), at: now, tookMs: 1, ...said }));
    const verdict = elect([liar, primary, standby], memory, now, rules);
    memory = verdict.memory;
    yield verdict;
  }
}

test('whatever one candidate says, short of a promotion, the honest primary stays', () => {
  const property = fc.property(turns(fc.constant(false)), (past) => {
    for (const { primary, reason } of verdicts(past, rules)) {
      assert.equal(primary?.candidate.name, 'primary', reason);
    }
  });
  fc.assert(property, options);
});

test('whatever one candidate says, also while the primary is silent, no server of another system is elected', () => {
  for (const system of [undefined, ours]) {
    const property = fc.property(turns(fc.boolean()), (past) => {
      for (const { primary, reason } of verdicts(past, { ...rules, system })) {
        assert.notEqual(primary?.answer.system, theirs, reason);
      }
    });
    fc.assert(property, options);
  }
});
