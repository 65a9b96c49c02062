import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tables, withTables } from '../../../scripts/lib/compat/page.ts';
import type { Entry, ProgramRecord, SuiteRecord } from '../../../scripts/lib/compat/records.ts';

const provenance = { date: '2026-01-02', gateway: '1.2.3', system: 'Debian' };

const one: ProgramRecord = {
  ...provenance,
  server: '15.1',
  program: 'one',
  version: '1',
  absent: undefined,
  outcomes: {
    plain: { verdict: 'passed', note: '' },
    tls: { verdict: 'failed', why: 'a | b', alsoDirectly: false },
    cancel: { verdict: 'failed', why: 'c', alsoDirectly: true },
    copy: { verdict: 'none', why: 'it copies nothing' },
    kill: { verdict: 'passed', note: 'it *reconnected*' },
  },
};

const suite: SuiteRecord = {
  ...provenance,
  server: '15.1',
  suite: 'regress',
  way: 'plain',
  sources: '15.0',
  unexpected: { direct: 3, through: 4 },
  tests: 10,
  same: 8,
  unstable: ['stats'],
  different: ['copy'],
};

test('a cell says what came of it, and whether the gateway is at fault', () => {
  const text = tables([one]);
  const row =
    '| one | passed | **failed** (15) | failed (15), without the gateway too |  | not run | not run | passed | not run | not run |';
  assert.ok(text.includes(row), text);
  assert.ok(text.includes('* one, tls, PostgreSQL 15.1: a \\| b'), text);
  assert.ok(text.includes('| one | it \\*reconnected\\* |  |  |'), text);
});

test('each version of PostgreSQL is a column, with what passed of what was tried', () => {
  const passed: ProgramRecord = {
    ...one,
    server: '9.6',
    date: '2026-01-01',
    outcomes: { plain: { verdict: 'passed', note: '' } },
  };
  const absent: ProgramRecord = {
    ...one,
    server: '17.0',
    version: undefined,
    absent: 'it is too old',
    outcomes: {},
  };
  const text = tables([one, absent, passed]);
  assert.ok(text.includes('| program | its version | 9.6 | 15.1 | 17.0 | tried on |'), text);
  assert.ok(text.includes('| one | 1 | 1 of 1 | **2 of 4** |  | 2026-01-01 to 2026-01-02 |'), text);
  assert.ok(text.includes('* one, before PostgreSQL 17: it is too old'), text);
  // One that failed on a version has not passed, whatever it did before the others.
  assert.ok(text.includes('| one | passed | **failed** (15) |'), text);
});

test('a suite says which of its tests differ', () => {
  const text = tables([suite]);
  const row = '| regress | 15.1 | 15.0 | plain | 10 | 8 | 1 | **1** | 3 without, 4 through | 2026-01-02 |';
  assert.ok(text.includes(row), text);
  assert.match(text, /Different in regress, plain:\n\n\* copy/);
});

test('only what is between the markers of the page is replaced', () => {
  const [begin, end] = ['<!-- made by scripts/compat: begin -->', '<!-- made by scripts/compat: end -->'];
  const entries: Entry[] = [one, suite];
  const page = withTables(`before\n${begin}\nold\n${end}\nafter\n`, entries);
  assert.match(page, /^before\n/);
  assert.match(page, /\nafter\n$/);
  assert.ok(page.includes('2026-01-02') && !page.includes('old'), page);
  assert.equal(withTables(page, entries), page);
  assert.throws(() => withTables('nothing', entries), /markers/);
});
