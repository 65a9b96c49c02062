import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Promotion } from '../../../scripts/lib/failover/promotions.ts';
import { type Facts, reportOf, together } from '../../../scripts/lib/failover/report.ts';
import { tableOf } from '../../../scripts/lib/failover/table.ts';

const machine = {
  cores: 2,
  cpu: 'a cpu',
  kernel: '6',
  memoryGiB: 1,
  openFiles: 1,
  loadBefore: 0,
  loadAfter: 0,
};

function promotion(kind: Promotion['kind'], firstWriteMs: number): Promotion {
  const lastBackMs = firstWriteMs + 50;
  return {
    kind,
    pauseMs: 1,
    promotingMs: 1,
    doubtMs: 2,
    routedMs: firstWriteMs - 20,
    firstWriteMs,
    lastBackMs,
  };
}

function factsOf(more: Partial<Facts>): Facts {
  const nothing = { series: [], costs: [], alarms: [], logs: [], troubles: [] };
  return { startedAt: '', tookSeconds: 60, machine, seeds: [7], clients: 10, ...nothing, ...more };
}

const report = (more: Partial<Facts>) => reportOf(factsOf(more));

const verdicts = (of: ReturnType<typeof report>) => of.goals.map(({ what, isMet }) => `${what}: ${isMet}`);

test('kinds have rows of their own, and goals where something tells of trouble; so have all together', () => {
  const promotions = [...Array.from({ length: 99 }, () => promotion('kill', 100)), promotion('alive', 301)];
  const { rows, goals } = report({ series: [{ runtime: 'bun', promotions }] });
  assert.deepEqual(rows.map(({ kind, count, p50, p99, max }) => [kind, count, p50, p99, max]), [
    ['kill', 99, 100, 100, 100],
    ['alive', 1, 301, 301, 301],
    ['all', 100, 100, 100, 301],
  ]);
  assert.deepEqual(goals.map(({ what, isMet }) => [what, isMet]), [
    ['kill: promoted to first write, p50', false],
    ['kill: promoted to first write, the longest of 99', true],
    ['promoted to first write, p50', true],
    ['promoted to first write, p99', true],
  ]);
});

test('one in fifty that is late misses the goal', () => {
  const promotions = [...Array.from({ length: 49 }, () => promotion('alive', 150)), promotion('alive', 301)];
  assert.deepEqual(verdicts(report({ series: [{ runtime: 'bun', promotions }] })), [
    'promoted to first write, p50: true',
    'promoted to first write, p99: false',
  ]);
});

test('runs are put together as if they had been one, and another interval is a series without goals', () => {
  const run = (kind: Promotion['kind'], seed: number, loadAfter: number) =>
    factsOf({
      series: [
        { runtime: 'executable', promotions: [promotion(kind, 30)] },
        { runtime: 'executable', intervalMs: 100, promotions: [promotion(kind, 400)] },
      ],
      seeds: [seed],
      machine: { ...machine, loadAfter },
    });
  const { rows, goals, seeds, machine: { loadAfter } } = reportOf(
    together([run('kill', 1, 3), run('silence', 2, 1)]),
  );
  assert.deepEqual(rows.map(({ intervalMs, kind, count, max }) => [intervalMs, kind, count, max]), [
    [undefined, 'kill', 1, 30],
    [undefined, 'silence', 1, 30],
    [undefined, 'all', 2, 30],
    [100, 'kill', 1, 400],
    [100, 'silence', 1, 400],
    [100, 'all', 2, 400],
  ]);
  assert.ok(goals.every(({ isMet }) => isMet));
  assert.deepEqual([seeds, loadAfter], [[1, 2], 3]);
  assert.throws(() => together([factsOf({}), factsOf({ clients: 1 })]), /different numbers of clients/);
});

test('a busy machine is no failed probe and no other verdict', () => {
  const watch = {
    runtime: 'executable',
    minutes: 10,
    busyProcesses: 4,
    clients: 8,
    transactions: 60_000,
  } as const;
  const counted = { load: 9, probes: 7200, slow: 40, overdue: 3, failures: 1, verdicts: 0 };
  const alarmed = report({ alarms: [{ ...watch, ...counted }] });
  assert.deepEqual(verdicts(alarmed), [
    'failed probes on a busy machine: false',
    'other verdicts on a busy machine: true',
  ]);
  assert.match(tableOf(alarmed), /100 transactions a second.*40 of them after more than 25 ms; 3 overdue/);
});

test('what comes after the route is told apart from what comes before it', () => {
  const [row] = report({ series: [{ runtime: 'bun', promotions: [promotion('stop', 120)] }] }).rows;
  assert.deepEqual([row?.routedP50, row?.servedP50, row?.lastBackMax], [100, 20, 170]);
});

test('the table says what was missed, and quotes each line of a log', () => {
  const ours = [{ server: 'server2', process: 'client backend', text: 'FATAL:  no' }];
  const text = tableOf(report({
    costs: [{ runtime: 'node', share: 0.0099, seconds: 60, probes: 720 }, {
      runtime: 'deno',
      share: 0.0101,
      seconds: 60,
      probes: 720,
    }],
    logs: [{ runtime: 'executable', minutes: 10, sessions: 500, ours, others: 3 }],
  }));
  assert.match(text, /^met {5}probing at rest .* node .* 0\.99 % of a core/m);
  assert.match(text, /^missed {2}probing at rest .* deno .* 1\.01 % of a core/m);
  assert.match(text, /^missed {2}lines in PostgreSQL's logs/m);
  assert.match(text, /server2, client backend: FATAL: {2}no/);
});

test('lines in troubles are told for ten minutes, with how long they were counted', () => {
  const text = tableOf(report({
    troubles: [{ trouble: 'standby down', logging: 'noisiest', minutes: 4, lines: 6 }],
  }));
  assert.match(text, /^standby down +noisiest +6 +4 +15$/m);
});
