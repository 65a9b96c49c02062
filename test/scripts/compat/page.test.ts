import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Table } from '../../../scripts/lib/compat/cells.ts';
import { readOptions } from '../../../scripts/lib/compat/options.ts';
import { tableText, withTables } from '../../../scripts/lib/compat/page.ts';
import { UsageError } from '../../../scripts/lib/usage.ts';

const table: Table = {
  server: '15.1',
  rows: [
    {
      program: 'one',
      version: '1',
      absent: undefined,
      outcomes: {
        plain: { verdict: 'passed', note: '', seconds: 1 },
        tls: { verdict: 'failed', why: 'a | b', alsoDirectly: false },
        cancel: { verdict: 'failed', why: 'c', alsoDirectly: true },
        copy: { verdict: 'none', why: 'it copies nothing' },
        failover: { verdict: 'passed', note: 'it reconnected', seconds: 1 },
      },
    },
    { program: 'other', version: undefined, absent: 'it is not installed', outcomes: {} },
  ],
};
const provenance = { date: '2026-01-02', gateway: '1.2.3', command: 'scripts/compat', system: 'Debian' };

test('a cell says what came of it, and whether the gateway is at fault', () => {
  const text = tableText(table);
  const row =
    '| one | 1 | passed | **failed** | failed, without the gateway too |  | not run | not run | passed |';
  assert.ok(text.includes(row), text);
  assert.ok(text.includes('* one, tls: a \\| b'), text);
  assert.ok(text.includes('* one: it reconnected'), text);
  assert.ok(text.includes('* other: it is not installed'), text);
});

test('only what is between the markers of the page is replaced', () => {
  const [begin, end] = ['<!-- made by scripts/compat: begin -->', '<!-- made by scripts/compat: end -->'];
  const page = withTables(`before\n${begin}\nold\n${end}\nafter\n`, [table], provenance);
  assert.match(page, /^before\n/);
  assert.match(page, /\nafter\n$/);
  assert.ok(page.includes('2026-01-02') && !page.includes('old'), page);
  assert.equal(withTables(page, [table], provenance), page);
  assert.throws(() => withTables('nothing', [table], provenance), /markers/);
});

test('a mistake on the command line is told', () => {
  assert.throws(() => readOptions(['--cells', 'plian']), UsageError);
  assert.throws(() => readOptions(['--versions', '9']), UsageError);
  assert.throws(() => readOptions(['--colour']), UsageError);
  assert.equal(readOptions(['--help']), 'help');
});
