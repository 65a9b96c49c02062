/** What must hold in every past, however unlikely. A failure says its seed: give it to `Dice` to see it again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elect, type Memory, noMemory, type Rules, type Verdict } from '../../src/cluster/election.ts';
import type { Observation } from '../../src/cluster/observation.ts';
import { Dice, history, type Moment } from './history.ts';
import { outcome } from './scene.ts';

const seeds = 3000;

interface Scene extends Moment {
  readonly rules: Rules;
  readonly before: Memory;
  readonly verdict: Verdict;
  readonly dice: Dice;
}

/** Plays all pasts, shows each election to `check`, and returns how many it looked at. */
function everyElection(check: (scene: Scene) => boolean): number {
  let seen = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const dice = new Dice(seed);
    const { rules, moments } = history(dice);
    let memory = noMemory;
    moments.forEach((moment, place) => {
      const verdict = elect(moment.observations, memory, moment.now, rules);
      try {
        if (check({ ...moment, rules, before: memory, verdict, dice })) seen += 1;
      } catch (error) {
        throw new Error(`seed ${seed}, moment ${place}: ${(error as Error).message}`, { cause: error });
      }
      memory = verdict.memory;
    });
  }
  return seen;
}

/** The same about every primary that is elected. A check that saw too few has proved nothing. */
function everyPrimary(check: (primary: NonNullable<Verdict['primary']>, scene: Scene) => void): void {
  const seen = everyElection((scene) => {
    if (scene.verdict.primary === undefined) return false;
    check(scene.verdict.primary, scene);
    return true;
  });
  assert.ok(seen > 10_000, `only ${seen} primaries were elected`);
}

const serverOf = ({ primary }: Verdict): string => `${primary?.answer.timeline} ${primary?.answer.startedAt}`;
const observed = (observations: readonly Observation[], name: string): Observation =>
  observations.find(({ candidate }) => candidate.name === name) as Observation;

describe('in every past', { timeout: 120_000 }, () => {
  test('the primary is a candidate, with its own last answer', () => {
    everyPrimary(({ candidate, answer }, { observations }) => {
      assert.equal(answer, observed(observations, candidate.name).answer);
    });
  });

  test('the primary is never foreign, and the system never changes once there was one', () => {
    everyPrimary(({ answer }, { rules, before, verdict }) => {
      assert.equal(answer.system, verdict.memory.system);
      if (rules.system !== undefined) assert.equal(answer.system, rules.system);
      if (before.system !== undefined) assert.equal(answer.system, before.system);
    });
  });

  test('the primary is never in recovery and never read-only', () => {
    everyPrimary(({ answer }) => assert.deepEqual([answer.inRecovery, answer.readOnly], [false, false]));
  });

  test('the primary is never on an older timeline than one before it', () => {
    everyPrimary(({ answer }, { before, verdict }) => {
      assert.ok(answer.timeline >= before.timeline, `${answer.timeline} after ${before.timeline}`);
      assert.equal(verdict.memory.timeline, answer.timeline);
    });
  });

  test('the primary is never elected on evidence that is too old', () => {
    everyPrimary(({ answer }, { now, rules }) => {
      assert.ok(now - answer.at <= rules.maxAgeMs, `${now - answer.at} ms`);
    });
  });

  test('a primary whose last probe failed is the incumbent, and has failed less often than FAIL_AFTER', () => {
    everyPrimary(({ candidate }, { observations, before, rules }) => {
      const { failures } = observed(observations, candidate.name);
      if (failures === 0) return;
      assert.equal(candidate.name, before.incumbent);
      assert.ok(failures < rules.failAfter, `${failures} failures`);
    });
  });

  test('a split brain elects the incumbent or, where it is to be refused, nobody', () => {
    const seen = everyElection(({ verdict: { splitBrain, primary }, before, rules }) => {
      if (splitBrain && rules.splitBrain === 'refuse') assert.equal(primary, undefined);
      if (splitBrain && primary) assert.equal(primary.candidate.name, before.incumbent);
      return splitBrain;
    });
    assert.ok(seen > 1000, `only ${seen} split brains`);
  });

  test('an incumbent that answers as the primary it was gives way only to a newer timeline or a split brain', () => {
    const seen = everyElection(({ observations, before, verdict, now, rules }) => {
      const { answer, failures } = observed(observations, before.incumbent ?? '') ?? {};
      const stands = answer !== undefined && failures === 0 && now - answer.at <= rules.maxAgeMs &&
        answer.system === before.system && answer.timeline >= before.timeline && !answer.inRecovery &&
        !answer.readOnly;
      if (!stands || verdict.primary?.candidate.name === before.incumbent) return stands;
      if (verdict.primary) assert.ok(verdict.primary.answer.timeline > answer.timeline);
      else assert.equal(verdict.rule, 'splitBrain');
      return true;
    });
    assert.ok(seen > 5000, `only ${seen} such incumbents`);
  });

  test('the order of the candidates decides nothing but which of two names of a server is used', () => {
    everyElection(({ observations, before, now, rules, verdict, dice }) => {
      const other = elect(dice.shuffled(observations), before, now, rules);
      assert.equal(serverOf(other), serverOf(verdict));
      assert.deepEqual({ ...other.memory, incumbent: '' }, { ...verdict.memory, incumbent: '' });
      const { standings, primary, ...short } = outcome(other);
      const { standings: standingsBefore, primary: primaryBefore, ...shortBefore } = outcome(verdict);
      assert.deepEqual(short, shortBefore);
      if (primary === primaryBefore) assert.deepEqual(standings, standingsBefore);
      return true;
    });
  });

  test('the same evidence elects the same primary again', () => {
    everyElection(({ observations, now, rules, verdict }) => {
      const again = elect(observations, verdict.memory, now, rules);
      assert.equal(again.primary?.candidate.name, verdict.primary?.candidate.name);
      assert.deepEqual(again.memory, verdict.memory);
      return true;
    });
  });

  test('who elects nobody remembers nothing new', () => {
    everyElection(({ before, verdict }) => {
      if (verdict.primary === undefined) assert.equal(verdict.memory, before);
      return true;
    });
  });
});
