import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row } from '../../../scripts/lib/compat/cells.ts';
import {
  merged,
  type ProgramRecord,
  readRecords,
  recordsText,
  type SuiteRecord,
} from '../../../scripts/lib/compat/records.ts';

const passed = { verdict: 'passed', note: '' } as const;
const failed = { verdict: 'failed', why: 'x', alsoDirectly: false } as const;

function record(outcomes: Row['outcomes'], changes: Partial<ProgramRecord> = {}): ProgramRecord {
  const kept = {
    date: '2026-01-01',
    gateway: '1',
    system: 'Debian',
    server: '15.1',
    program: 'psql',
    version: '15',
  };
  return { ...kept, absent: undefined, outcomes, ...changes };
}

test('a newer run takes the place of the older one, before the same server', () => {
  const [older, newer] = [record({ plain: failed }), record({ plain: passed }, { date: '2026-01-02' })];
  const other = record({ plain: failed }, { server: '16.1' });
  assert.deepEqual(merged([older, other], [newer]), [newer, other]);
});

test('cells that the newer run left out stay, and with them the older date', () => {
  const older = record({ plain: failed, tls: passed });
  const [both] = merged([older], [record({ plain: passed }, { date: '2026-01-02' })]);
  assert.deepEqual(both, record({ plain: passed, tls: passed }));
});

test('nothing stays of another version of the program or of the gateway', () => {
  const older = record({ tls: passed });
  for (const change of [{ version: '16' }, { gateway: '2' }]) {
    const newer = record({ plain: passed }, change);
    assert.deepEqual(merged([older], [newer]), [newer]);
  }
});

test('a suite in one way is not that in the other', () => {
  const suite: SuiteRecord = {
    date: '2026-01-01',
    gateway: '1',
    system: 'Debian',
    server: '15.1',
    sources: '15.0',
    suite: 'regress',
    way: 'plain',
    tests: 1,
    same: 1,
    unstable: [],
    different: [],
    unexpected: { direct: 0, through: 0 },
  };
  assert.equal(merged([suite], [{ ...suite, way: 'tls' }]).length, 2);
});

test('what is kept is read as it was written', () => {
  const records = [record({ plain: passed }), record({}, { program: 'x' })];
  assert.deepEqual(
    readRecords(recordsText(records)),
    readRecords(recordsText(readRecords(recordsText(records)))),
  );
  assert.equal(recordsText(records).split('\n').length, 3);
});
