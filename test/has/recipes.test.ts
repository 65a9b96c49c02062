import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseCandidates } from '../../src/cluster/candidate.ts';
import { settingNames } from '../../src/settings.ts';
import { faultNames } from '../ha/faults.ts';
import { managerNames } from '../ha/manager.ts';

/** docs/recipes.md, held to what the program and scripts/ha are. */
const text = readFileSync(new URL('../../docs/recipes.md', import.meta.url), 'utf8');
const tables = text.split('\n\n').filter((part) => part.startsWith('| fault |'));

test('every manager that scripts/ha runs has a recipe', () => {
  const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading?.toLowerCase());
  for (const name of managerNames) assert.ok(headings.includes(name), `there is no "## ${name}"`);
});

test('every fault has a row in every table', () => {
  // pg_auto_failover and repmgr share one.
  assert.equal(tables.length, managerNames.length - 1);
  for (const table of tables) {
    const rows = [...table.matchAll(/^\| ([a-z][a-z-]+) \|/gm)].map(([, fault]) => fault);
    assert.deepEqual(rows, ['fault', ...faultNames]);
  }
});

test('every setting that it names exists', () => {
  const named = [...text.matchAll(/`?\b(CANDIDATES|PG[A-Z]+|[A-Z]+(?:_[A-Z]+)+)\b/g)].map(([, name]) => name);
  assert.ok(named.length > 10);
  assert.deepEqual(named.filter((name) => !settingNames.some((setting) => setting === name)), []);
});

test('every list of candidates that it shows can be used', () => {
  const lists = [...text.matchAll(/CANDIDATES=([^\s`]+)/g)].map(([, list]) => list ?? '');
  assert.ok(lists.length > 2);
  for (const list of lists) assert.ok('candidates' in parseCandidates(list), list);
});
