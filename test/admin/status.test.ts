import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { most, statusOf } from '../../src/admin/status-of.ts';
import { maxCandidates } from '../../src/cluster/candidate.ts';
import { standings } from '../../src/cluster/finding.ts';
import { failureKinds } from '../../src/cluster/observation.ts';
import { journalLength } from '../../src/control/journal.ts';
import { after, failing, now, primary, standby, unasked } from '../cluster/scene.ts';
import { counted, paths, snapshotOf } from './snapshot.ts';

const micros = '1700000000123456';
const lacks = [{ name: 'f()', loss: 'it is not known', remedy: undefined }];
const three = [
  primary('a', 3, { lsn: 1n << 40n, tookMs: 4.26, startedAt: micros }),
  standby('b', 3, { at: now - 250, lsn: 200n, replayedLsn: 100n, lacks }),
  failing(standby('c'), 2, 'silent'),
];
const counters = [counted({ active: 3, accepted: 9, held: 1, holds: 4, fenced: 2 }), counted({ active: 1 })];
const sessions = [{ server: { host: 'fd00::1', port: 5432 }, sessions: 3 }];

const standbyPort = { fallback: true, maxLagMs: 100, maxLagBytes: undefined, lagFenceMs: undefined };

const paused = { by: 'uid 7', since: new Date(1_700_000_000_000), until: new Date(1_700_000_060_000) };

describe('/status', () => {
  const status = statusOf(snapshotOf(three, undefined, { counters, sessions }));

  test('tells the route, since when, and why', () => {
    assert.deepEqual(status.route, {
      epoch: 7,
      since: '2023-11-14T22:14:20.500Z',
      sinceMs: 40_000,
      primary: { candidate: 'a', address: '192.0.2.1:5432' },
      standbys: [],
      rule: 'onlyPrimary',
      reason: 'a is primary on timeline 3',
      splitBrain: false,
    });
  });

  test('tells what each candidate said, and how long ago', () => {
    const [a, b, c] = status.candidates;
    assert.deepEqual(a, {
      name: 'a',
      standing: 'primary',
      note: 'is primary on timeline 3',
      answer: {
        ageMs: 10,
        tookMs: 4.3,
        address: '192.0.2.1:5432',
        system: '7000000000000000001',
        timeline: 3,
        lsn: '100/0',
        replayedLsn: '0/64',
        inRecovery: false,
        readOnly: false,
        startedAt: '2023-11-14T22:13:20.123Z',
        lacks: [],
      },
      failures: 0,
      failure: null,
      silentMs: null,
      lag: null,
      standbyPort: null,
    });
    assert.deepEqual([b?.standing, b?.answer?.ageMs, b?.answer?.lsn], ['standby', 250, '0/C8']);
    assert.deepEqual(b?.answer?.lacks, [{ ...lacks[0], remedy: null }]);
    assert.deepEqual(c?.failure, { ageMs: 0, kind: 'silent', message: 'refuses connections' });
    assert.deepEqual([c?.standing, c?.failures, c?.silentMs], ['down', 2, 0]);
  });

  test('tells of clients: how many, where, and how they ended', () => {
    const { active, accepted, held, holds, sessions, closes } = status.clients;
    assert.deepEqual({ active, accepted, held, holds }, { active: 4, accepted: 9, held: 1, holds: 4 });
    assert.deepEqual(sessions, [{ server: '[fd00::1]:5432', sessions: 3 }]);
    assert.equal(closes.fenced, 2);
  });

  test('tells which workers do not move, and since when', () => {
    const workers = [{ silentMs: 200, isStuck: false }, { silentMs: 40_000.4, isStuck: true }];
    assert.deepEqual(statusOf(snapshotOf(three, undefined, { workers })).workers, [
      { stuckSince: null, stuckMs: null },
      { stuckSince: '2023-11-14T22:14:20.500Z', stuckMs: 40_000 },
    ]);
  });

  test('tells how far standbys are behind, and with a standby port which ones get its clients', () => {
    const [a, b] = statusOf(snapshotOf(three, undefined, { standbyPort })).candidates;
    assert.deepEqual([a?.lag, a?.standbyPort], [null, { weight: 0, out: 'is primary on timeline 3' }]);
    assert.deepEqual([b?.lag, b?.standbyPort], [
      { ms: 250, bytes: 100 },
      { weight: 0, out: 'lags by more than MAX_LAG_MS=100' },
    ]);
    assert.deepEqual(status.candidates.map(({ standbyPort }) => standbyPort), [null, null, null]);
    assert.equal(status.standbyPort, null);
  });

  test('tells nothing where nothing is known yet', () => {
    const { route, candidates, rules } = statusOf(
      snapshotOf([unasked('a')], undefined, { verdict: undefined }),
    );
    assert.deepEqual([route.primary, route.rule, rules.system], [null, null, null]);
    assert.deepEqual(candidates, [{
      name: 'a',
      standing: 'unknown',
      note: 'has not been judged yet',
      answer: null,
      failures: 0,
      failure: null,
      silentMs: null,
      lag: null,
      standbyPort: null,
    }]);
  });

  test('is bounded, however many candidates there are and whatever they say', () => {
    const many = Array.from({ length: 300 }, (_, index) => failing(unasked(`server${index}`)));
    const long = many.map((of) => ({ ...of, failure: { ...of.failure!, message: 'x'.repeat(100_000) } }));
    const snapshot = snapshotOf(long);
    const journal = Array.from({ length: 100 }, () => snapshot.journal[0]!);
    const bytes = JSON.stringify(statusOf({ ...snapshot, journal })).length;
    assert.ok(bytes < 1024 * 1024, `${bytes} bytes`);
  });

  test('has no text that is longer than it promises, and none that steers a terminal', () => {
    const long = `\x1b[2J${'x'.repeat(60_000)}`;
    const liar = primary('b', 3, { system: long, startedAt: long, upstream: { host: long, port: 1 } });
    const failed = failing(unasked('c'));
    const observations = [...three, liar, { ...failed, failure: { ...failed.failure!, message: long } }];
    const texts = (value: unknown): readonly string[] =>
      typeof value === 'string'
        ? [value]
        : typeof value === 'object' && value !== null
        ? Object.values(value).flatMap(texts)
        : [];
    for (const text of texts(statusOf(snapshotOf(observations)))) {
      assert.ok(text.length <= most.textLength && !/\p{Cc}/u.test(text), text.slice(0, 100));
    }
  });

  test('has the bounds that the documents tell', () => {
    const text = (path: string) =>
      readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8').replace(/\s+/g, ' ');
    const bounds =
      `at most ${most.candidates} candidates, the last ${most.entries} changes, and ${most.textLength} characters`;
    assert.ok(text('docs/status.md').includes(bounds), bounds);
    assert.ok(text('docs/discovery.md').includes(`${maxCandidates} addresses are probed at the most`));
    const kinds = `the last ${journalLength} changes of the primary and the last ${journalLength} others`;
    assert.ok(text('docs/operations.md').includes(kinds), kinds);
    assert.ok(text('docs/status.md').includes(kinds), kinds);
    assert.equal(most.candidates, maxCandidates);
  });

  test('has the codes that docs/status.md lists', () => {
    const docs = readFileSync(new URL('../../docs/status.md', import.meta.url), 'utf8').split('\n');
    const codes = { 'candidates[].standing': standings, 'candidates[].failure.kind': failureKinds };
    for (const [field, all] of Object.entries(codes)) {
      const [, ...cells] = docs.find((line) => line.startsWith(`| \`${field}\` |`))!.split('|').slice(1);
      assert.deepEqual([...cells.join('|').matchAll(/`([^`]+)`/g)].map(([, code]) => code), [...all], field);
    }
  });

  test('has exactly the fields that docs/status.md describes', () => {
    const [docs = ''] = readFileSync(new URL('../../docs/status.md', import.meta.url), 'utf8').split(
      '## `/history`',
    );
    const described = [...docs.matchAll(/^\| `([^`]+)` \|/gm)].map(([, path]) => path);
    const full = statusOf(
      snapshotOf([...three, failing(unasked('d'))], after('a', 3), {
        ...{ counters, sessions, standbyPort, paused },
        drill: { kind: 'no-primary', until: now + 1 },
      }),
    );
    const journal = full.journal.map((entry) => ({ ...entry, drill: 'fence' }));
    const found = paths({ ...full, journal, route: { ...full.route, standbys: ['x'] } })
      .map((path) => path.replace(/^clients\.closes\..*/, 'clients.closes'));
    const nullable = new Set([
      'candidates[].answer',
      'candidates[].failure',
      'candidates[].lag',
      'route.primary',
    ]);
    assert.deepEqual(
      [...new Set(found)].filter((path) => !nullable.has(path)).toSorted(),
      described.toSorted(),
    );
  });
});
