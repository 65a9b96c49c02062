import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noMemory, type Rules } from '../../src/cluster/election.ts';
import type { Observation } from '../../src/cluster/observation.ts';
import { everyStandby } from '../../src/cluster/rotation.ts';
import { Controller } from '../../src/control/controller.ts';
import {
  Evidence,
  type EvidenceLimits,
  evidenceLimits,
  type Outcome,
  outcomeOf,
} from '../../src/control/evidence.ts';
import {
  type EvidenceFile,
  evidenceFile,
  readEvidence,
  writeEvidence,
} from '../../src/control/evidence-file.ts';
import { masked } from '../../src/control/evidence-mask.ts';
import { replay } from '../../src/control/replay.ts';
import { Router } from '../../src/control/router.ts';
import { Dice, history } from '../cluster/history.ts';
import { failing, now, primary, rules, standby } from '../cluster/scene.ts';

const seeds = 80;
const nothing = () => {};

function controlling(by: Rules): Controller {
  const options = {
    rules: by,
    rotation: everyStandby,
    hasStandbyPort: false,
    deadAfterMs: 1000,
    probeMs: 1800,
  };
  const ender = { sessionsOn: () => 0, endDead: nothing, endStandbySessions: nothing };
  return new Controller(
    options,
    { renewLeases: nothing, publish: nothing, ...ender },
    { setFast: nothing },
    nothing,
  );
}

/** As it comes out of a file. */
function saved(evidence: Evidence): EvidenceFile {
  const file = evidenceFile(evidence.decisions, { version: '1.2.3', clockMs: 200_000, date: new Date(0) });
  return readEvidence(writeEvidence(file));
}

function differences(file: EvidenceFile): unknown[] {
  return replay(file).decisions.filter(({ isSame }) => !isSame);
}

/** A past as it is recorded, and its verdicts one after another, each that differs from the one before. */
function record(seed: number): { evidence: Evidence; verdicts: readonly string[] } {
  const dice = new Dice(seed);
  const { rules, moments } = history(dice);
  const controller = controlling(rules);
  const outcomes: string[] = [];
  const decide = (observations: readonly Observation[], at: number): void => {
    controller.decide(observations, at);
    outcomes.push(textOf(outcomeOf(controller.verdict!)));
  };
  moments.forEach(({ observations, now }, index) => {
    if (dice.chance(3)) controller.forget(dice.oneOf(['timeline', 'system'] as const));
    if (dice.chance(3)) reconfigure(controller, { ...rules, failAfter: dice.between(1, 3) });
    decide(observations, now);
    // The evidence stays, and its age grows, as between two probes.
    if (index % 2 === 0) decide(observations, now + 1);
  });
  return { evidence: controller.evidence, verdicts: withoutRepetition(outcomes) };
}

function textOf({ rule, primary, splitBrain, standings }: Outcome): string {
  // An incumbent is elected by another rule than one that became it just now: that is nothing new.
  return [primary ?? rule, splitBrain, ...standings].join(' ');
}

function withoutRepetition(texts: readonly string[]): readonly string[] {
  return texts.filter((text, index) => text !== texts[index - 1]);
}

function reconfigure(controller: Controller, by: Rules): void {
  const options = {
    rules: by,
    rotation: everyStandby,
    hasStandbyPort: false,
    deadAfterMs: 1000,
    probeMs: 1800,
  };
  controller.reconfigure(options);
}

describe('the evidence of every past', { timeout: 120_000 }, () => {
  test('is decided once more as it was, and has every verdict', () => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const { evidence, verdicts } = record(seed);
      const file = saved(evidence);
      assert.deepEqual(differences(file), [], `seed ${seed}`);
      assert.deepEqual(
        withoutRepetition(replay(file).decisions.map(({ now }) => textOf(now))),
        verdicts,
        `seed ${seed}`,
      );
    }
  });

  test('is decided as it was without names and addresses, none of which is left', () => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const { moments } = history(new Dice(seed));
      const controller = controlling(history(new Dice(seed)).rules);
      for (const { observations, now } of moments) controller.decide(observations.map(real), now);
      const text = writeEvidence(masked(saved(controller.evidence)));
      assert.doesNotMatch(text, /example|corp|192\.0\.2|fails/, `seed ${seed}`);
      const differing = differences(readEvidence(text));
      assert.deepEqual(differing, [], `seed ${seed}`);
    }
  });

  test('is one chain: no election needs to be told what the ones before it left', () => {
    for (let seed = 1; seed <= 2 * seeds; seed += 1) {
      const { rules, moments } = history(new Dice(seed));
      const controller = controlling(rules);
      for (const { observations, now } of moments) controller.decide(observations, now);
      const told = saved(controller.evidence).entries.flatMap(({ memory }, index) => memory ? [index] : []);
      assert.deepEqual(told, [0], `seed ${seed}`);
    }
  });

  test('can lose its beginning and all in between', () => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const { evidence } = record(seed);
      const small = new Evidence({ recent: 12, changes: 9 });
      let epoch = 0;
      const router = new Router(rules);
      for (const decided of evidence.decisions) {
        router.memory = decided.before;
        router.reconfigure(decided.rules, everyStandby);
        const decision = router.decide(decided.observations, decided.at);
        small.note(decided, decision.isNewVerdict, decision.route.epoch !== epoch);
        epoch = decision.route.epoch;
      }
      assert.ok(small.decisions.length < 25);
      assert.deepEqual(differences(saved(small)), [], `seed ${seed}`);
    }
  });
});

/** Under a name as it is in the field: there it has a port. */
function real(observation: Observation): Observation {
  const named = (name: string) => `${name}.corp:5432`;
  const { candidate, answer } = observation;
  return {
    ...observation,
    candidate: { ...candidate, name: named(candidate.name) },
    answer: answer && { ...answer, startedAt: `1700000000 5432 ${answer.startedAt}.corp` },
  };
}

describe('the ring of evidence', () => {
  /** `seconds` of answers four times a second, of which `turn` may make something else. */
  const hours = (
    controller: Controller,
    from: number,
    seconds: number,
    turn: (at: number) => readonly Observation[] = (at) => [primary('a', 1, { at }), standby('b', 1, { at })],
  ): void => {
    for (let step = 0; step < seconds * 4; step += 1) {
      controller.decide(turn(from + step * 250), from + step * 250);
    }
  };

  test('takes nothing for hours in which all say the same', () => {
    const controller = controlling(rules);
    hours(controller, now, 3600);
    assert.equal(controller.evidence.decisions.length, 1);
  });

  test('has an entry for other rules, though nothing follows from them', () => {
    const controller = controlling(rules);
    const decide = () => controller.decide([primary('a'), standby('b')], now);
    decide();
    reconfigure(controller, { ...rules, failAfter: 7 });
    decide();
    decide();
    assert.deepEqual(saved(controller.evidence).entries.map(({ rules }) => rules?.failAfter), [2, 7]);
  });

  test('has an entry for what is remembered anew, though nothing else is new', () => {
    const evidence = new Evidence();
    const observations = [primary('a')];
    const { verdict } = new Router(rules).decide(observations, now);
    const decided = {
      at: now,
      observations,
      rules,
      before: noMemory,
      after: noMemory,
      outcome: outcomeOf(verdict),
    };
    for (const after of [noMemory, noMemory, verdict.memory]) {
      evidence.note({ ...decided, after }, false, false);
    }
    assert.deepEqual(evidence.decisions.map(({ after }) => after), [noMemory, verdict.memory]);
  });

  test('takes no more for a server that stays down', () => {
    const controller = controlling(rules);
    let down = failing(standby('b'));
    hours(controller, now, 3600, (at) => [primary('a', 1, { at }), down = failing(down)]);
    assert.ok(controller.evidence.decisions.length <= 100, `${controller.evidence.decisions.length}`);
  });

  test('keeps a change of the primary and what led to it through twenty minutes of a standby that comes and goes', () => {
    const controller = controlling(rules);
    const at = now;
    hours(controller, at, 10);
    const lost = [1, 2, 3].map((
      times,
    ) => [
      failing(primary('a', 1, { at: at + 9750 }), times, 'silent'),
      standby('b', 1, {
        at: at + 9750,
      }),
    ]);
    lost.forEach((observations, index) => controller.decide(observations, at + 10_000 + index));
    controller.decide([lost[2]![0]!, primary('b', 2, { at: at + 11_000 })], at + 11_000);
    let isDown = false;
    hours(controller, at + 12_000, 1200, (at) => {
      isDown = !isDown;
      const b = primary('b', 2, { at });
      return [isDown ? failing(standby('a', 2, { at })) : standby('a', 2, { at }), b];
    });
    const { decisions } = controller.evidence;
    assert.ok(decisions.length * 2 <= evidenceLimits.recent + evidenceLimits.changes, `${decisions.length}`);
    const file = saved(controller.evidence);
    assert.deepEqual(differences(file), []);
    const primaries = file.entries.map(({ outcome }) => outcome.primary ?? 'nobody');
    assert.deepEqual(primaries.filter((name, index) => name !== primaries[index - 1]), ['a', 'nobody', 'b']);
    // So another FAIL_AFTER can be tried.
    assert.ok(file.entries.some(({ outcome }) => outcome.rule === 'incumbentInDoubt'));
  });

  test('holds no more than its limits, however many candidates there are', () => {
    const limits: EvidenceLimits = { recent: 100, changes: 50 };
    const evidence = new Evidence(limits);
    const observations = Array.from({ length: 64 }, (_, index) => primary(`c${index}`));
    const verdict = new Router(rules).decide(observations, now).verdict;
    const decided = {
      observations,
      rules,
      before: verdict.memory,
      after: verdict.memory,
      outcome: outcomeOf(verdict),
    };
    for (let at = 0; at < 100; at += 1) evidence.note({ ...decided, at }, true, true);
    assert.deepEqual(evidence.decisions.map(({ at }) => at), [99]);
  });
});

describe('another rule', () => {
  test('tells what clients would have felt', () => {
    const controller = controlling(rules);
    const b = (at: number) => standby('b', 1, { at });
    controller.decide([primary('a', 1, { at: now }), b(now)], now);
    const lost = (times: number) => failing(primary('a', 1, { at: now }), times, 'silent');
    for (const [index, times] of [1, 2, 3].entries()) {
      controller.decide([lost(times), b(now + 1000 * index)], now + 1000 * (index + 1));
    }
    controller.decide([primary('a', 1, { at: now + 4000 }), b(now + 4000)], now + 4000);
    const file = saved(controller.evidence);
    const as = replay(file);
    assert.deepEqual([as.then, as.now], [as.now, { changes: 0, withoutRouteMs: 2000, longestMs: 2000 }]);
    const patient = replay(file, (rules) => ({ ...rules, failAfter: 4 }));
    assert.deepEqual(patient.now, { changes: 0, withoutRouteMs: 0, longestMs: 0 });
    assert.equal(patient.decisions.filter(({ isSame }) => !isSame).length, 2);
  });
});

test('a file of evidence with more in its head than we know is written as it was read', () => {
  const controller = controlling(rules);
  controller.decide([primary('a')], now);
  const text = writeEvidence({ ...saved(controller.evidence), ...{ newest: '16/B374D848' } });
  assert.ok(text.includes('"newest":"16/B374D848"'));
  assert.equal(writeEvidence(readEvidence(text)), text);
});

describe('a file of evidence that cannot be read', () => {
  const controller = controlling(rules);
  controller.decide([primary('a'), standby('b')], now);
  const good = JSON.parse(writeEvidence(saved(controller.evidence)));
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['that is cut off', JSON.stringify(good).slice(0, -20), /^is no JSON, perhaps cut off: save it again/],
    [
      'that would steer a terminal',
      '\x1b]0;x\x07\n',
      /^is no JSON, perhaps cut off: save it again \(\P{Cc}*\)$/u,
    ],
    [
      'of a newer format without a version',
      JSON.stringify({ ...good, format: 2, version: { toString: 1 } }),
      /has format 2, .*which it tells no version/,
    ],
    ['of another program', '{"some": "JSON"}', /^is no evidence of a pg_gateway: save one with/],
    [
      'of a newer format',
      JSON.stringify({ ...good, format: 2, version: '9.0' }),
      /has format 2, .*up to 1: .* 9\.0,/,
    ],
    ['without its clock', JSON.stringify({ ...good, clockMs: null }), /^is broken: its head is not whole/],
    [
      'of the last day that a date can hold',
      JSON.stringify({ ...good, savedAt: '+275760-09-13T00:00:00.000Z' }),
      /^is broken: its head is not whole/,
    ],
    [
      'with a time that no clock has',
      JSON.stringify({ ...good, entries: [{ ...good.entries[0], at: 1e300 }] }),
      /entry 1 of 1/,
    ],
    [
      'without rules',
      JSON.stringify({ ...good, entries: [{ ...good.entries[0], rules: undefined }] }),
      /entry 1 of 1/,
    ],
    [
      'with an answer that no server gives',
      JSON.stringify(good).replace('"timeline":1,"startedAt"', '"timeline":"1","startedAt"'),
      /^is broken: entry 1 of 1 is not whole; save it again/,
    ],
  ];
  for (const [what, text, message] of cases) {
    test(`${what} is told so`, () => {
      assert.throws(() => readEvidence(text), { message });
    });
  }
});
