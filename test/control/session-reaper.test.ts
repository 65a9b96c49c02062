import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elect, noMemory } from '../../src/cluster/election.ts';
import { noPositions } from '../../src/cluster/lag.ts';
import type { Observation } from '../../src/cluster/observation.ts';
import { everyStandby, rotationOf } from '../../src/cluster/rotation.ts';
import { SessionReaper } from '../../src/control/session-reaper.ts';
import type { Log } from '../../src/log.ts';
import { failing, now, primary, rules } from '../cluster/scene.ts';

/** What is done and logged about these candidates, where their server has so many sessions. */
function reaped(observations: readonly Observation[], sessions: number, at = now): string[] {
  const lines: string[] = [];
  const log: Log = (event) => void lines.push(event);
  const ender = {
    sessionsOn: () => sessions,
    endDead: () => void lines.push('ended'),
    endStandbySessions: () => void lines.push('standby sessions ended'),
  };
  const reaper = new SessionReaper(1000, log);
  const { findings } = elect(observations, noMemory, now, rules);
  for (let time = 0; time < 2; time += 1) {
    reaper.reap(observations, rotationOf(findings, noPositions, everyStandby), at, ender);
  }
  return lines;
}

const oldPrimary = [primary('a', 1), primary('b', 2)];
const silent = [failing(primary('a'), 2, 'silent')];

describe('sessions that are taken from a server', () => {
  test('are logged once', () => {
    assert.deepEqual(reaped(oldPrimary, 2), ['standby sessions ended', 'standby_sessions_ended']);
    const dead = ['ended', 'dead_server_sessions_ended'];
    assert.deepEqual(reaped(silent, 2, now + 1000), dead);
  });

  test('are not logged if there were none; they are ended all the same, as new ones may have come', () => {
    assert.deepEqual(reaped(oldPrimary, 0), ['standby sessions ended']);
    assert.deepEqual(reaped(silent, 0, now + 1000), ['ended']);
  });
});
