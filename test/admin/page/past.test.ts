import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { InterruptionStatus } from '../../../src/admin/history.ts';
import { mostEvents, pastOf } from '../../../src/admin/page/past.ts';
import type { Entry } from '../../../src/control/journal.ts';
import type { Standing } from '../../../src/cluster/finding.ts';

const time = (seconds: number): string => new Date(1_700_000_000_000 + seconds * 1000).toISOString();

function entry(
  seconds: number,
  epoch: number,
  standings: Record<string, Standing>,
  change: Partial<Entry> = {},
): Entry {
  return {
    time: time(seconds),
    epoch,
    rule: 'onlyPrimary',
    primary: Object.keys(standings).find((name) => standings[name] === 'primary'),
    reason: 'it is so',
    splitBrain: false,
    candidates: Object.entries(standings).map(([name, standing]) => ({
      name,
      standing,
      note: `is ${standing}`,
    })),
    ...change,
  };
}

function interruption(began: number, ended: number | null): InterruptionStatus {
  return {
    began: time(began),
    ended: ended === null ? null : time(ended),
    lengthMs: 1000,
    from: 'a',
    to: 'b',
    epoch: 3,
    rule: 'onlyPrimary',
    reason: 'it is so',
    sessionsEnded: 1,
    holds: 2,
    refused: 0,
  };
}

const kinds = (journal: readonly Entry[], interruptions: readonly InterruptionStatus[] = []) =>
  pastOf(journal, interruptions).map((
    { kind, time: at },
  ) => [kind, (Date.parse(at) - 1_700_000_000_000) / 1000]);

const begun = entry(0, 1, { a: 'primary', b: 'standby' });

describe('what happened, as the page tells it', () => {
  test('is the first primary, at the start', () => {
    assert.deepEqual(kinds([begun]), [['primary', 0]]);
  });

  test('has a failover once: the journal has its loss and its end, and the interruption tells of both', () => {
    const lost = entry(10, 2, { a: 'down', b: 'standby' });
    const found = entry(11, 3, { a: 'down', b: 'primary' });
    assert.deepEqual(kinds([begun, lost, found], [interruption(9, 11.001)]), [
      ['interruption', 11.001],
      ['standings', 10],
      ['primary', 0],
    ]);
    assert.deepEqual(kinds([begun, lost], [interruption(9, null)]), [
      ['standings', 10],
      ['interruption', 9],
      ['primary', 0],
    ]);
  });

  test('begins when something is known', () => {
    const unknown = entry(0, 0, { a: 'unknown', b: 'unknown' }, { rule: 'firstRound' });
    const known = entry(1, 1, { a: 'primary', b: 'standby', c: 'standby' });
    assert.deepEqual(kinds([unknown, known]), [['primary', 1]]);
  });

  test('names the candidates that changed, and no others', () => {
    const [event] = pastOf([begun, entry(5, 1, { a: 'primary', b: 'down' })], []);
    assert.ok(event?.kind === 'standings');
    assert.deepEqual(event.changes.map(({ name, note }) => [name, note]), [['b', 'is down']]);
  });

  test('tells when a split brain began, and not that it goes on', () => {
    const split = (seconds: number, b: Standing) =>
      entry(seconds, 1, { a: 'primary', b }, { splitBrain: true });
    assert.deepEqual(kinds([begun, split(5, 'rival'), split(6, 'rival')]), [
      ['splitBrain', 5],
      ['standings', 5],
      ['primary', 0],
    ]);
  });

  test('is bounded, and has the latest', () => {
    const journal = Array.from({ length: 200 }, (_, index) => entry(index, index, { a: 'primary' }));
    const all = kinds(journal);
    assert.deepEqual([all.length, all[0]], [mostEvents, ['primary', 199]]);
  });
});
