import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseCandidates } from '../../src/cluster/candidate.ts';
import { settingNames } from '../../src/config/settings.ts';
import { faultNames } from '../bed/ha/faults.ts';
import { managerNames } from '../bed/ha/manager.ts';

/** docs/recipes/ and docs/benchmarks/faults.md, held to what the program and scripts/ha are. */
const docs = new URL('../../docs/', import.meta.url);
const pages = readdirSync(new URL('recipes/', docs)).map((name) => `recipes/${name}`);
const texts = pages.map((page) => readFileSync(new URL(page, docs), 'utf8'));
const recipes = texts.join('\n');

test('every manager that scripts/ha runs has a recipe', () => {
  const titles = texts.map((text) => /^# (.+)$/m.exec(text)?.[1]?.toLowerCase());
  for (const name of managerNames) assert.ok(titles.includes(name), `there is no "# ${name}"`);
});

test('every fault has a row in every table of what was measured', () => {
  const text = readFileSync(new URL('benchmarks/faults.md', docs), 'utf8');
  const tables = text.split('\n\n').filter((part) => part.startsWith('| fault |'));
  // pg_auto_failover and repmgr share one.
  assert.equal(tables.length, managerNames.length - 1);
  for (const table of tables) {
    const rows = [...table.matchAll(/^\| ([a-z][a-z-]+) \|/gm)].map(([, fault]) => fault);
    assert.deepEqual(rows, ['fault', ...faultNames]);
  }
});

test('every setting that a recipe names exists', () => {
  const named = [...recipes.matchAll(/`?\b(CANDIDATES|PG[A-Z]+|[A-Z]+(?:_[A-Z]+)+)\b/g)].map(([, name]) =>
    name
  );
  assert.ok(named.length > 10);
  assert.deepEqual(named.filter((name) => !settingNames.some((setting) => setting === name)), []);
});

test('every list of candidates that a recipe shows can be used', () => {
  const lists = [...recipes.matchAll(/CANDIDATES=([^\s`]+)/g)].map(([, list]) => list ?? '');
  assert.ok(lists.length > 2);
  for (const list of lists) assert.ok('candidates' in parseCandidates(list), list);
});
