import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { descriptorBudget, sessionsEvent } from '../../src/config/descriptor-budget.ts';

const wanted = { openFiles: 1_000_000, workers: 1, maxSessions: 10_000, maxHeld: 1_000 };

test('with files enough, or an unknown limit, all get what was asked for', () => {
  const asked = { maxSessions: 10_000, maxClients: 10_100, maxRefusals: 1_100 };
  deepEqual(descriptorBudget(wanted), asked);
  deepEqual(descriptorBudget({ ...wanted, openFiles: undefined }), asked);
});

test('the files that clients and refusals can take together are never more than there are', () => {
  for (const openFiles of [256, 1_024, 4_096, 20_000, 22_000, 65_536]) {
    for (const workers of [0, 1, 2, 8]) {
      for (const maxHeld of [1, 1_000, 100_000]) {
        const budget = descriptorBudget({ ...wanted, openFiles, workers, maxHeld });
        const { maxSessions, maxClients, maxRefusals } = budget;
        const most = 2 * maxClients + maxRefusals;
        ok(most < openFiles, `${JSON.stringify({ openFiles, workers, maxHeld, ...budget })} takes ${most}`);
        ok(maxSessions >= 1 && maxSessions < maxClients, 'a client is served, and one above is refused');
        ok(maxRefusals >= 10);
      }
    }
  }
});

test('those who wait may be many more than those who are refused at a time', () => {
  deepEqual(descriptorBudget({ ...wanted, maxHeld: 10_000 }), descriptorBudget(wanted));
  equal(descriptorBudget({ ...wanted, maxHeld: 10 }).maxRefusals, 110);
});

test('a session that does not fit costs no other', () => {
  equal(descriptorBudget({ ...wanted, openFiles: 21_432, maxSessions: 9_950 }).maxSessions, 9_950);
  equal(descriptorBudget({ ...wanted, openFiles: 21_432, maxSessions: 9_951 }).maxSessions, 9_950);
});

test('fewer files never mean more sessions', () => {
  let last = 0;
  for (let openFiles = 200; openFiles < 40_000; openFiles += 100) {
    const { maxSessions } = descriptorBudget({ ...wanted, openFiles });
    ok(maxSessions >= last, `${maxSessions} with ${openFiles} files`);
    last = maxSessions;
  }
  equal(last, wanted.maxSessions);
});

test('fewer sessions than were asked for are a warning, and fewer than our guess only if they are few', () => {
  const eventOf = (openFiles: number, maxSessions: number, isSet: boolean) =>
    sessionsEvent(descriptorBudget({ ...wanted, openFiles, maxSessions }), maxSessions, isSet);
  equal(eventOf(20_000, 10_000, false), 'fewer_sessions');
  equal(eventOf(20_000, 10_000, true), 'too_few_sessions');
  equal(eventOf(64, 10_000, false), 'too_few_sessions');
  equal(eventOf(1_024, 10_000, false), 'too_few_sessions');
  equal(eventOf(1_024, 100, true), undefined);
  equal(eventOf(1_000_000, 10_000, false), undefined);
});
