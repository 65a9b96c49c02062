import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { indexPage } from '../../../scripts/lib/site/index-page.ts';
import { testsPage } from '../../../scripts/lib/site/tests-page.ts';
import { type Suite, toJUnit } from '../../../scripts/lib/test/report.ts';

const subject = {
  repository: 'https://example.org/pg_gateway',
  version: '1.2.3',
  revision: '0123456789abcdef0123456789abcdef01234567',
  madeAt: new Date('2026-11-27T10:20:30Z'),
};
const suite = (stage: string, ...outcomes: Suite['outcomes']): Suite => (
  { stage, file: 'test/a.test.ts', seconds: 2.5, outcomes }
);
const passed = { name: 'one', state: 'passed', detail: '' } as const;
const failed = { name: 'a < b', state: 'failed', detail: '1 !== 0\n  at "x"' } as const;
const skipped = { name: 'page', state: 'skipped', detail: '' } as const;

/** What a reader sees of it, without the sheet of styles. */
const textOf = (html: string): string =>
  html.replace(/<style>.*<\/style>/s, '').replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');

describe('the page of the tests', () => {
  const suites = [
    suite('unit-node', passed, failed, { ...skipped, detail: 'there is no chromium' }),
    suite('unit-bun', passed, skipped),
  ];
  const html = testsPage(suites, subject);

  test('tells what failed before anything else, as text', () => {
    assert.match(html, /Failed.*a &lt; b.*1 !== 0\n {2}at &quot;x&quot;.*Stages/s);
    assert.doesNotMatch(testsPage([suite('unit-node', passed)], subject), /<h2>Failed/);
  });

  test('counts each stage and all of them', () => {
    assert.match(textOf(html), /2 passed, 1 failed, 2 skipped/);
    assert.match(textOf(html), /unit-node 1 1 1 2\.5 s unit-bun 1 0 1 2\.5 s/);
  });

  test('says of a step that counts no tests that it succeeded', () => {
    assert.match(textOf(testsPage([suite('build')], subject)), /build succeeded 2\.5 s/);
  });

  test('has one reason for all that are skipped by it, also where the runner did not tell', () => {
    assert.match(textOf(html), /there is no chromium 2 unit-node, test\/a\.test\.ts : page unit-bun/);
    assert.match(textOf(testsPage([suite('unit-bun', skipped)], subject)), /the runner does not tell/);
  });

  test('says of which commit it is', () => {
    assert.match(
      html,
      /href="https:\/\/example\.org\/pg_gateway\/commit\/0123456789abcdef0123456789abcdef01234567"/,
    );
    assert.match(textOf(html), /pg_gateway 1\.2\.3, commit 0123456789ab , 2026-11-27 10:20 UTC/);
  });
});

describe('the first page', () => {
  const bench = {
    startedAt: '2026-11-27T09:00:00Z',
    rounds: 3,
    isQuick: true,
    targets: [{ name: 'haproxy', kind: 'peer' }, {
      name: 'pgbouncer',
      kind: 'peer',
      absent: 'not installed',
    }],
    machine: { cores: 4, cpu: 'a processor' },
  };

  test('leads to both, and tells how they stand', () => {
    const html = indexPage([suite('unit-node', passed)], bench, subject);
    assert.deepEqual([...html.matchAll(/href="([\w/]+\.html)"/g)].map(([, to]) => to), [
      'tests.html',
      'bench/index.html',
    ]);
    assert.match(textOf(html), /1 passed, 0 failed/);
    assert.match(textOf(html), /3 short rounds on 4 cores \(a processor\), beside haproxy, 2026-11-27/);
    assert.match(html, /class="passed"/);
    assert.match(indexPage([suite('unit-node', failed)], bench, subject), /class="failed"/);
  });

  test('says what there is none of, and has no link to it', () => {
    const html = indexPage(undefined, undefined, subject);
    assert.match(textOf(html), /This run has left no results\..*This run has measured nothing\./);
    assert.doesNotMatch(html, /href="[\w/]+\.html"/);
  });
});

test('scripts/site makes what the first page links to, and nothing else is left in the folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'site-'));
  try {
    const junit = join(folder, 'junit.xml');
    const out = join(folder, 'out');
    writeFileSync(junit, toJUnit([suite('unit-node', passed)]));
    mkdirSync(out);
    writeFileSync(join(out, 'old.html'), 'of last week');
    const main = join(import.meta.dirname, '../../../scripts/lib/site/main.ts');
    const args = [main, '--junit', junit, '--bench', join(folder, 'none'), '--out', out];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.deepEqual(readdirSync(out), ['index.html', 'tests.html']);
    const [to] = /(?<=href=")\w+\.html/.exec(readFileSync(join(out, 'index.html'), 'utf8'))!;
    assert.equal(to, 'tests.html');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
