import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { closeReasons } from '../../src/contract/counters.ts';
import { noRoute, type Route } from '../../src/contract/messages.ts';
import type { Refusal } from '../../src/data/refusals.ts';
import {
  halfPacket,
  networkFailure,
  noPrimary,
  noStandby,
  notUnderstood,
  sessionEnded,
  shuttingDown,
  tooManyHeld,
  tooManySessions,
  unreachable,
} from '../../src/data/refusals.ts';

const route: Route = { ...noRoute, reason: 'a is a standby', detail: 'a: standby\nb: silent' };
const refused = networkFailure({ code: 'ECONNREFUSED', message: 'connect failed' });
const timedOut = networkFailure({ code: 'ETIMEDOUT', message: 'connect took longer than 800 ms' });

const refusals: Record<string, Refusal> = {
  notUnderstood: notUnderstood({ kind: 'garbage', protocol: 'unknown', why: 'it is late' }),
  halfPacket: halfPacket(30_000),
  noPrimary: noPrimary(route, 10_000),
  noStandby: noStandby(route, 10_000, false),
  unreachable: unreachable(route, 'primary', 10_000, refused),
  tooManyHeld: tooManyHeld(route, 'primary', 7),
  tooManySessions: tooManySessions(100),
  shuttingDown,
  sessionEnded,
};

test('what another host of the list may cure is 57P03, so that libpq goes on to it', () => {
  const codes = Object.fromEntries(Object.entries(refusals).map(([name, { sqlstate }]) => [name, sqlstate]));
  deepEqual(codes, {
    notUnderstood: '08P01',
    halfPacket: '57014',
    noPrimary: '57P03',
    noStandby: '57P03',
    unreachable: '57P03',
    tooManyHeld: '57P03',
    tooManySessions: '53300',
    shuttingDown: '57P03',
    sessionEnded: '57P01',
  });
});

test('every refusal names the gateway, and counts as a reason that there is', () => {
  for (const [name, { message, reason }] of Object.entries(refusals)) {
    match(message, /pg_gateway/, name);
    equal(closeReasons.includes(reason), true, name);
  }
});

test('a client that waited is told for how long, and one that did not is not', () => {
  match(noPrimary(route, 10_000).message, /\(waited 10 s\): a is a standby$/);
  equal(noPrimary(route, 10_000).reason, 'holdTimeout');
  doesNotMatch(noPrimary(route, 0).message, /waited/);
  equal(noPrimary(route, 0).reason, 'refused');
  match(unreachable(route, 'primary', 2_500, refused).message, /\(waited 2\.5 s\): connect failed$/);
  doesNotMatch(unreachable(route, 'primary', 0, refused).message, /waited/);
});

test('an unreachable primary counts by how it was unreachable', () => {
  equal(unreachable(route, 'primary', 0, refused).reason, 'connectRefused');
  equal(unreachable(route, 'primary', 0, timedOut).reason, 'connectTimeout');
});

test('the last verdict on each candidate is the detail wherever a primary is missing', () => {
  for (const name of ['noPrimary', 'unreachable', 'tooManyHeld']) {
    equal(refusals[name]!.detail, route.detail, name);
  }
});

test('the hint names the setting that sets the limit', () => {
  const settings = { halfPacket: 'STARTUP_TIMEOUT_MS', noPrimary: 'HOLD_MS', tooManyHeld: 'MAX_HELD' };
  for (const [name, setting] of Object.entries({ ...settings, tooManySessions: 'MAX_SESSIONS' })) {
    match(refusals[name]!.hint!, new RegExp(setting), name);
  }
});
