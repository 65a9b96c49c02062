/** What must hold in every past, however unlikely. A failure says its seed: give it to `Dice` to see it again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elect, noMemory, type Verdict } from '../../src/cluster/election.ts';
import type { Observation } from '../../src/cluster/observation.ts';
import { Dice, history } from './history.ts';
import { ballotsOf, doubts, followedByAll, newestShown, type Scene, systemOfAll } from './reckoning.ts';
import { outcome } from './scene.ts';

const seeds = 3000;

/** Plays all pasts, shows each election to `check`, and returns how many it looked at. */
function everyElection(check: (scene: Scene) => boolean): number {
  let seen = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const dice = new Dice(seed);
    const { rules, moments } = history(dice);
    let memory = noMemory;
    moments.forEach((moment, index) => {
      const verdict = elect(moment.observations, memory, moment.now, rules);
      try {
        if (check({ ...moment, rules, before: memory, verdict, dice })) seen += 1;
      } catch (error) {
        throw new Error(`seed ${seed}, moment ${index}: ${(error as Error).message}`, { cause: error });
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

  test('the primary is never foreign, and the system changes only when all have belonged to another for 10 s', () => {
    let [agreed, since, changes] = ['', 0, 0];
    everyElection((scene) => {
      const { rules, before, verdict: { primary, rule, memory }, now } = scene;
      const system = systemOfAll(scene) ?? '';
      if (system !== agreed || before === noMemory) since = now;
      agreed = system;
      if (primary === undefined) return true;
      assert.equal(primary.answer.system, memory.system);
      if (rules.system !== undefined) assert.equal(primary.answer.system, rules.system);
      if (before.system === undefined || primary.answer.system === before.system) {
        assert.notEqual(rule, 'newSystem');
        return true;
      }
      assert.equal(primary.answer.system, agreed);
      assert.ok(now - since >= 10_000, `for ${now - since} ms`);
      assert.match(rule, /^(newSystem|standbysVote)$/);
      changes += 1;
      return true;
    });
    assert.ok(changes > 20, `only ${changes} changes`);
  });

  test('the primary is never in recovery and never read-only', () => {
    everyPrimary(({ answer }) => assert.deepEqual([answer.inRecovery, answer.readOnly], [false, false]));
  });

  test('the primary is never on an older timeline than one before it, unless all have followed it for 10 s', () => {
    let [followed, since, returns, refusals] = ['', 0, 0, 0];
    everyElection((scene) => {
      const { before, verdict: { primary, rule, memory }, now } = scene;
      const leader = followedByAll(scene) ?? '';
      if (leader !== followed || before === noMemory) since = now;
      followed = leader;
      const isOlder = leader !== '' && Number(leader.split(' ')[0]) < before.timeline;
      if (isOlder && now - since >= 10_000) {
        assert.equal(rule, 'everybodyFollows');
        assert.equal(serverOf(scene.verdict), leader);
        returns += 1;
      } else {
        assert.notEqual(rule, 'everybodyFollows');
        if (isOlder) refusals += 1;
        if (primary && rule !== 'newSystem') assert.ok(primary.answer.timeline! >= before.timeline);
      }
      if (primary) assert.equal(memory.timeline, primary.answer.timeline);
      return true;
    });
    assert.ok(returns > 50 && refusals > 1000, `${returns} returns, ${refusals} refusals`);
  });

  test('the primary is never elected on evidence that is too old', () => {
    everyPrimary(({ candidate, answer }, { observations, now, rules }) => {
      const { rejectedAt = -Infinity } = observed(observations, candidate.name);
      const age = now - Math.max(answer.at, rejectedAt + 10_000);
      assert.ok(age <= rules.maxAgeMs, `${age} ms`);
    });
  });

  test('a primary whose last probe failed is the incumbent, and has failed less often than FAIL_AFTER', () => {
    everyPrimary(({ candidate }, { observations, before, rules }) => {
      const { failure, rejectedAt } = observed(observations, candidate.name);
      const against = doubts(observed(observations, candidate.name));
      if (failure === undefined || (against === 0 && rejectedAt === undefined)) return;
      assert.equal(candidate.name, before.incumbent);
      assert.ok(against < rules.failAfter, `${against} failures`);
    });
  });

  test('a primary that only rejects the probe has not started since, and no other one claims its role', () => {
    let rejecting = 0;
    everyPrimary(({ candidate, answer }, { observations, verdict: { rule, findings } }) => {
      if (rule !== 'incumbentRejecting') return;
      rejecting += 1;
      const { rejectedAt, isRestarted } = observed(observations, candidate.name);
      assert.ok(rejectedAt !== undefined && rejectedAt > answer.at && !isRestarted);
      assert.ok(findings.every(({ standing }) => !/^(primary|doubtful|rival|alias)$/.test(standing)));
    });
    assert.ok(rejecting > 200, `only ${rejecting} of them`);
  });

  test('a fault of this machine decides nothing that the same past without it would not', () => {
    let local = 0;
    everyElection(({ observations, before, now, rules, verdict }) => {
      const without = observations.map((seen) => {
        if (seen.failure?.kind !== 'local' || doubts(seen) > 0 || seen.answer === undefined) return seen;
        local += 1;
        return { ...seen, failures: seen.failures - 1, harmless: (seen.harmless ?? 0) - 1 };
      });
      const other = elect(without, before, now, rules);
      assert.equal(serverOf(other), serverOf(verdict));
      return true;
    });
    assert.ok(local > 1000, `only ${local} of them`);
  });

  test('no candidate has the standing of the primary but the one that is elected', () => {
    everyPrimary(({ candidate }, { verdict: { findings, rule } }) => {
      const standing = findings.filter(({ standing }) => standing === 'primary' || standing === 'doubtful');
      const elected = rule === 'incumbentRejecting' ? [] : [candidate];
      assert.deepEqual(standing.map((finding) => finding.candidate), elected);
    });
  });

  test('a split brain elects the incumbent, or the one that standbys follow, or none with splitBrain: refuse', () => {
    let votes = 0;
    const seen = everyElection((scene) => {
      const { verdict: { splitBrain, primary, rule, findings }, before, rules } = scene;
      if (!splitBrain) return false;
      if (rules.splitBrain === 'refuse') assert.equal(primary, undefined);
      if (primary === undefined || primary.candidate.name === before.incumbent) return true;
      assert.equal(rule, 'standbysVote');
      votes += 1;
      const ballots = ballotsOf(scene);
      const mine = ballots.filter((server) => server === primary.answer.startedAt).length;
      assert.ok(2 * mine > ballots.length, `${mine} of ${ballots.length}`);
      assert.ok(
        !findings.some(({ candidate, standing }) =>
          candidate.name === before.incumbent && /^(primary|alias|rival)$/.test(standing)
        ),
      );
      return true;
    });
    assert.ok(seen > 1000, `only ${seen} split brains`);
    assert.ok(votes > 20, `only ${votes} votes`);
  });

  test('an incumbent that answers as the primary it was gives way only to a newer timeline or a split brain', () => {
    const seen = everyElection(({ observations, before, verdict, now, rules }) => {
      const incumbent = observed(observations, before.incumbent ?? '');
      const { answer, failures } = incumbent ?? {};
      const stands = answer !== undefined && failures === 0 && now - answer.at <= rules.maxAgeMs &&
        answer.system === before.system && answer.timeline! >= before.timeline && !answer.inRecovery &&
        !answer.readOnly;
      if (!stands || verdict.primary?.candidate.name === before.incumbent) return stands;
      if (verdict.primary) assert.ok(verdict.primary.answer.timeline! > answer.timeline!);
      else if (verdict.rule !== 'splitBrain') {
        assert.ok(newestShown(observations, answer.system) > answer.timeline!);
      }
      return true;
    });
    assert.ok(seen > 5000, `only ${seen} such incumbents`);
  });

  test('the primary is never on an older timeline than any server of its system has shown at last', () => {
    everyPrimary(({ answer }, { observations }) => {
      const newest = newestShown(observations, answer.system);
      assert.ok(answer.timeline! >= newest, `${answer.timeline}, and another is on ${newest}`);
    });
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

  test('without new evidence the primary stays until that evidence is too old', () => {
    const seen = everyElection(({ observations, now, rules, verdict, dice }) => {
      const oldest = Math.min(
        ...observations.map(({ answer }) => answer && now - answer.at <= rules.maxAgeMs ? answer.at : now),
      );
      const later = now + dice.next() * (oldest + rules.maxAgeMs - now);
      const then = elect(observations, verdict.memory, later, rules);
      // What all follow becomes primary by waiting: that is no primary that went; nor is one of another system.
      if (then.rule !== 'everybodyFollows' && then.rule !== 'newSystem') {
        assert.equal(serverOf(then), serverOf(verdict));
      }
      return later > now;
    });
    assert.ok(seen > 10_000, `only ${seen} times was there a later moment`);
  });

  test('two gateways that see the same and remember the same route to the same server', () => {
    everyElection(({ observations, before, now, rules, verdict, dice }) => {
      const another = elect(
        dice.shuffled(observations).map((seen) => ({ ...seen })),
        { ...before },
        now,
        rules,
      );
      assert.deepEqual([serverOf(another), another.splitBrain], [serverOf(verdict), verdict.splitBrain]);
      return true;
    });
  });

  test('an election without a winner remembers nothing new but the server that all follow, and the system of all', () => {
    everyElection(({ before, verdict }) => {
      if (verdict.primary !== undefined) return true;
      const { followed: _, moved: __, ...rest } = verdict.memory;
      const { followed: ___, moved: ____, ...restBefore } = before;
      assert.deepEqual(rest, restBefore);
      return true;
    });
  });
});
