import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Observation } from '../../src/cluster/observation.ts';
import { everyStandby } from '../../src/cluster/rotation.ts';
import { noRoute } from '../../src/contract/messages.ts';
import { Controller } from '../../src/control/controller.ts';
import type { Lease } from '../../src/control/leases.ts';
import type { Log } from '../../src/log.ts';
import { failing, now, primary, rules, standby, unasked } from '../cluster/scene.ts';

/** A controller, and all that it does, in order. */
function controlling(hasStandbyPort = true) {
  const acts: string[] = [];
  let leases: readonly Lease[] = [];
  const log: Log = (event) => void acts.push(`log ${event}`);
  const dataPlane = {
    renewLeases: (given: readonly Lease[]) => {
      acts.push('leases');
      leases = given;
    },
    publish: () => void acts.push('publish'),
    sessionsOn: () => 1,
    endDead: () => void acts.push('end dead'),
    endStandbySessions: () => void acts.push('end standby sessions'),
  };
  const prober = { setFast: (isFast: boolean) => void acts.push(isFast ? 'fast' : 'slow') };
  const options = { rules, rotation: everyStandby, hasStandbyPort, deadAfterMs: 1000, probeMs: 1800 };
  const controller = new Controller(options, dataPlane, prober, log);
  /** What is done because these are known now. */
  const decide = (observations: readonly Observation[], at = now): string[] => {
    controller.decide(observations, at);
    return acts.splice(0);
  };
  return { controller, decide, leases: () => leases };
}

describe('the order of decisions', () => {
  test('is leases, route, record, pace; and only what is new is published and logged', () => {
    const { decide } = controlling();
    assert.deepEqual(decide([primary('a'), standby('b')]), ['leases', 'publish', 'log verdict', 'slow']);
    assert.deepEqual(decide([primary('a'), standby('b')]), ['leases', 'slow']);
  });

  test('ends sessions last, after the route that avoids their server', () => {
    const { decide } = controlling();
    const acts = decide([primary('a', 1), primary('b', 2)]);
    assert.ok(acts.indexOf('publish') < acts.indexOf('end standby sessions'), acts.join(', '));
    assert.equal(acts.at(-1), 'log standby_sessions_ended');
    const b = primary('b', 2, { host: '192.0.2.2' });
    const dead = decide([failing(primary('a', 1), 2, 'silent'), b], now + 1000);
    assert.ok(dead.includes('end dead'), dead.join(', '));
  });

  test('ends no sessions of a standby port that is not there', () => {
    const acts = controlling(false).decide([primary('a', 1), primary('b', 2)]);
    assert.ok(!acts.includes('end standby sessions'), acts.join(', '));
  });

  test('is fast without a primary, and while it is in doubt', () => {
    const { decide } = controlling();
    assert.equal(decide([standby('a')]).at(-1), 'fast');
    assert.equal(decide([primary('a')]).at(-1), 'slow');
    assert.equal(decide([failing(primary('a'))]).at(-1), 'fast');
    assert.equal(decide([failing(primary('a'), 9, 'full')]).at(-1), 'slow');
  });
});

describe('the lease of a server', () => {
  const until = (observation: Observation) => {
    const { decide, leases } = controlling();
    decide([observation]);
    return leases().map(({ until }) => until - now);
  };

  test('ends with its last answer, whatever failed since: so does one that cannot be asked from here', () => {
    assert.deepEqual(until(primary('a')), [4990]);
    assert.deepEqual(until(failing(primary('a'), 9, 'local')), [4990]);
    assert.deepEqual(until(failing(primary('a'), 9, 'silent')), [4990]);
  });

  test('is renewed by a rejection, for as long as the next one may take', () => {
    assert.deepEqual(until(failing(primary('a'), 9, 'full')), [15_000]);
    assert.deepEqual(until(failing(failing(primary('a'), 1, 'starting'), 9, 'full')), [4990]);
  });
});

describe('what a controller knows', () => {
  test('is nothing before the first observation', () => {
    const { controller } = controlling();
    assert.equal(controller.verdict, undefined);
    assert.equal(controller.route, noRoute);
    assert.deepEqual(controller.rotation, []);
    assert.equal(controller.isIncumbent('a'), false);
  });

  test('is the last decision, and the winner of the last election that had one', () => {
    const { controller, decide } = controlling();
    decide([primary('a'), standby('b')]);
    decide([failing(primary('a'), 2), standby('b')]);
    assert.equal(controller.route.primary, undefined);
    assert.equal(controller.verdict?.rule, 'noPrimary');
    assert.ok(controller.isIncumbent('a'));
    assert.ok(!controller.isIncumbent('b'));
  });

  test('is a journal of what was new, by the rule that decided', () => {
    const { controller, decide } = controlling();
    decide([unasked('a')]);
    decide([primary('a')]);
    decide([primary('a')]);
    assert.deepEqual(controller.journal.entries.map(({ rule, epoch }) => [rule, epoch]), [
      ['firstRound', 0],
      ['onlyPrimary', 1],
    ]);
    assert.equal(controller.verdicts, 2);
  });

  test('raises its voice for a split brain and without a primary', () => {
    const { decide } = controlling();
    assert.ok(decide([primary('a'), primary('b')]).includes('log split_brain'));
    assert.ok(decide([standby('a'), standby('b')]).includes('log no_primary'));
  });
});

describe('a candidate that is primary and standby in turns', () => {
  /** Twenty changes a second, for `seconds`. */
  const flip = (seconds: number, turn: (isPrimary: boolean) => readonly Observation[]) => {
    const { controller, decide } = controlling();
    decide([primary('a'), standby('b')]);
    let lines = 0;
    for (let change = 1; change <= seconds * 20; change += 1) {
      const acts = decide(turn(change % 2 === 0), now + change * 50);
      lines += acts.filter((act) => act.startsWith('log ')).length;
    }
    return { controller, lines };
  };

  test('fills neither the log nor the journal of the primary', () => {
    const at = (seconds: number) => ({ at: now + seconds * 1000 });
    const { controller, lines } = flip(
      120,
      (isPrimary) => [primary('a', 2, at(120)), (isPrimary ? primary : standby)('b', 1, at(120))],
    );
    assert.ok(controller.verdicts > 1000, `${controller.verdicts} verdicts`);
    assert.ok(lines <= 100, `${lines} lines`);
    assert.deepEqual([controller.journal.entries[0]?.primary, controller.journal.entries[0]?.timeline], [
      'a',
      1,
    ]);
  });

  test('fills no log where it is the only one', () => {
    const { lines } = flip(
      120,
      (isPrimary) => [(isPrimary ? primary : standby)('a', 1, { at: now + 120_000 })],
    );
    assert.ok(lines <= 100, `${lines} lines`);
  });
});

describe('after a time in which the gateway itself did not run', () => {
  const later = now + 60_000;
  const fresh = { at: later + 5 };
  const old = [primary('a'), standby('b')];

  test('only leases are renewed until each candidate was asked again', () => {
    const { controller, decide } = controlling();
    decide(old);
    const { route } = controller;
    controller.stalled(later);
    assert.deepEqual(decide(old, later), ['leases']);
    assert.deepEqual(decide([primary('a', 1, fresh), standby('b')], later + 5), ['leases']);
    assert.equal(controller.route, route);
    assert.deepEqual(decide([primary('a', 1, fresh), standby('b', 1, fresh)], later + 5), ['leases', 'slow']);
    assert.equal(controller.route, route);
  });

  test('a failure since counts as asked', () => {
    const { controller, decide } = controlling();
    decide(old);
    controller.stalled(later);
    const gone = {
      ...standby('b'),
      failures: 1,
      failure: { at: later, kind: 'refused', message: 'no' },
    } as const;
    assert.ok(decide([primary('a', 1, fresh), gone], later + 5).includes('log verdict'));
    assert.equal(controller.route.epoch, 1);
  });

  test('what does not answer in the time of a probe is judged without it', () => {
    const { controller, decide } = controlling();
    decide(old);
    controller.stalled(later);
    assert.deepEqual(decide(old, later + 1799), ['leases']);
    assert.ok(decide(old, later + 1800).includes('log no_primary'));
  });

  test('a silence that began before is counted from then on', () => {
    const { controller, decide } = controlling();
    const silent = failing(primary('a'), 1, 'silent');
    decide([silent]);
    controller.stalled(later);
    const still = { ...silent, failures: 2, failure: { ...silent.failure!, at: later } };
    assert.ok(!decide([still], later + 5).includes('end dead'));
    assert.ok(!decide([still], later + 999).includes('end dead'));
    assert.ok(decide([still], later + 1000).includes('end dead'));
  });

  test('before the first verdict there is nothing to keep', () => {
    const { controller, decide } = controlling();
    controller.stalled(now);
    assert.ok(decide([unasked('a')]).includes('publish'));
  });
});
