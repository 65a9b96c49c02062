/** Split brains of larger clusters, at random, and two gateways that look at one cluster at different times. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elect, type Memory, noMemory, type Rules } from '../../src/cluster/election.ts';
import { type Observation, withAnswer } from '../../src/cluster/observation.ts';
import { Dice, history, type Moment } from './history.ts';
import { ballotsOf, newestShown } from './reckoning.ts';
import { answer, failing, now, ours, primary, rules, standby } from './scene.ts';

/** Two or three primaries of one timeline and up to six standbys, some of which follow them. */
function contest(dice: Dice): Observation[] {
  const rivals = ['a', 'b', 'c'].slice(0, dice.between(2, 3));
  const standbys = ['d', 'e', 'f', 'g', 'h', 'i'].slice(0, dice.between(0, 6));
  const voters = standbys.map((name, index) => {
    const seen = standby(name, dice.chance(90) ? 2 : 1, {
      at: now - 10 * index - dice.between(1, 9),
      upstream: dice.chance(90) ? { host: `${dice.oneOf([...rivals, 'd'])}.example`, port: 5432 } : undefined,
      startedAt: dice.chance(80) ? name : dice.oneOf(standbys),
    });
    return dice.chance(10) ? failing(seen) : seen;
  });
  return dice.shuffled([...rivals.map((name) => primary(name, 2)), ...voters]);
}

test('in every contest the strict majority of the latest ballots elects, and nothing less does', () => {
  let [elected, undecided] = [0, 0];
  for (let seed = 1; seed <= 5000; seed += 1) {
    const dice = new Dice(seed);
    const scene = { observations: contest(dice), now, rules, before: noMemory, dice };
    const verdict = elect(scene.observations, noMemory, now, rules);
    const ballots = ballotsOf({ ...scene, verdict });
    const winner = ballots.find((server) =>
      2 * ballots.filter((other) => other === server).length > ballots.length
    );
    assert.equal(
      verdict.primary?.answer.startedAt,
      winner,
      `seed ${seed}, the ballots: ${ballots.join(', ')}`,
    );
    assert.equal(verdict.rule, winner === undefined ? 'splitBrain' : 'standbysVote');
    if (winner !== undefined) elected += 1;
    else if (ballots.length > 0) undecided += 1;
  }
  assert.ok(elected > 1000 && undecided > 500, `${elected} elected, ${undecided} undecided`);
});

/** What an election after each of `moments` leaves. */
function memoryAfter(moments: readonly Moment[], rules: Rules): Memory {
  return moments.reduce(
    (memory, { observations, now }) => elect(observations, memory, now, rules).memory,
    noMemory,
  );
}

/** The same past seen by a slower gateway: each candidate's answer arrives up to five moments late. */
function delayed(moments: readonly Moment[], dice: Dice): Moment[] {
  const seen = moments[0]!.observations.map(() => 0);
  return moments.map(({ now }, index) => ({
    now,
    observations: seen.map((before, column) => {
      seen[column] = Math.max(before, index - dice.between(0, 5));
      return moments[seen[column]]!.observations[column]!;
    }),
  }));
}

/** All candidates have just answered what they last answered; one that never did is a standby. */
function calm({ observations, now }: Moment, change: (before: Observation) => Observation): Moment {
  const fresh = observations.map((before) => {
    const { candidate: { name } } = before;
    return change(withAnswer(before, { ...before.answer ?? answer(name, { inRecovery: true }), at: now }));
  });
  return { now, observations: fresh };
}

describe('two gateways that saw the same past at different times', () => {
  /** Compares what both elect in the end, and returns how often both, one and none elected a primary. */
  function compare(change: (dice: Dice) => (before: Observation) => Observation): number[] {
    const seen = [0, 0, 0];
    for (let seed = 1; seed <= 3000; seed += 1) {
      const dice = new Dice(seed);
      const { rules: given, moments } = history(dice);
      const rules = { ...given, system: ours };
      const end = calm(moments.at(-1)!, change(dice));
      const [one, other] = [moments, delayed(moments, dice)].map((past) =>
        elect(end.observations, memoryAfter(past, rules), end.now, rules)
      ) as [ReturnType<typeof elect>, ReturnType<typeof elect>];
      const elected = [one, other].filter(({ primary }) => primary !== undefined);
      const servers = new Set(elected.map(({ primary }) => primary?.answer.startedAt));
      seen[2 - elected.length]! += 1;
      // Each may keep the rival that it had: then both raise the alarm.
      const isAlarm = one.splitBrain && other.splitBrain;
      assert.ok(servers.size < 2 || isAlarm, `seed ${seed}: ${[...servers].join(' and ')}`);
      const newest = Math.max(one.memory.timeline, other.memory.timeline);
      if (elected.length === 1 && !isAlarm) {
        // One of them has had a primary on a newer timeline than any server shows now.
        assert.ok(newest > newestShown(end.observations, ours), `seed ${seed}: only one elects`);
      }
    }
    return seen;
  }

  test('never route to two servers once all is quiet, unless both raise the alarm', () => {
    const [both = 0, one = 0] = compare(() => (before) => before);
    assert.ok(both > 500 && one > 0, `${both} and ${one}`);
  });

  test('route to the same server once it is promoted to a new timeline', () => {
    const [both] = compare((dice) => {
      const promoted = dice.oneOf(['a', 'b']);
      return (before) =>
        before.candidate.name === promoted
          ? withAnswer(before, answer(promoted, { at: before.answer!.at, timeline: 4 }))
          : before;
    });
    assert.equal(both, 3000);
  });

  test('of the same past, in the same order, always come to the same verdict', () => {
    for (let seed = 1; seed <= 1000; seed += 1) {
      const { rules, moments } = history(new Dice(seed));
      let [one, other] = [noMemory, noMemory];
      for (const { observations, now } of moments) {
        const verdict = elect(observations, one, now, rules);
        const another = elect(structuredClone(observations), other, now, rules);
        assert.deepEqual(another, verdict, `seed ${seed}`);
        [one, other] = [verdict.memory, another.memory];
      }
    }
  });
});
