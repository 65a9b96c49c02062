import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Observation } from '../../src/cluster/observation.ts';
import { UnaskedLogins } from '../../src/control/unasked-logins.ts';
import { primary, standby } from '../cluster/scene.ts';

const unasked = (observation: Observation): Observation => ({
  ...observation,
  answer: { ...observation.answer!, letInUnasked: true },
});

/** Whom the log names in turn. */
function watching(listenHost: string) {
  const named: unknown[] = [];
  const logins = new UnaskedLogins([listenHost], (event, fields) => {
    assert.equal(event, 'login_unasked');
    named.push(fields?.['candidate']);
  });
  return (...observations: Observation[]): unknown[] => {
    logins.note(observations);
    return named.splice(0);
  };
}

describe('a server that lets the probe in and asks for nothing', () => {
  test('is logged once, and one that asks is not', () => {
    const note = watching('0.0.0.0');
    assert.deepEqual(note(unasked(primary('a')), standby('b')), ['a']);
    assert.deepEqual(note(primary('a'), unasked(standby('b'))), ['b']);
    assert.deepEqual(note(unasked(primary('a')), unasked(standby('b'))), []);
  });

  test('is no concern where only this machine reaches the gateway', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) {
      assert.deepEqual(watching(host)(unasked(primary('a'))), [], host);
    }
    for (const host of ['::', '10.0.0.1', 'gateway.example']) {
      assert.deepEqual(watching(host)(unasked(primary('a'))), ['a'], host);
    }
  });
});
