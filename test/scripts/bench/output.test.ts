import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rangeText, ratioText, spreadText, valueText } from '../../../scripts/lib/bench/numbers.ts';
import { notAskedFor } from '../../../scripts/lib/bench/cells.ts';
import { pageOf } from '../../../scripts/lib/bench/page.ts';
import { spreadOf } from '../../../scripts/lib/bench/statistics.ts';
import { tableOf } from '../../../scripts/lib/bench/table.ts';
import { resultsOf } from '../../../scripts/lib/bench/results.ts';
import { metrics } from '../../../scripts/lib/bench/metrics.ts';
import { results, roundTrips } from './scene.ts';

test('the table has a column for each target and a line for each goal', () => {
  const lines = tableOf(results()).split('\n');
  assert.ok(lines.some((line) => /^median of the rounds +direct +binary +haproxy$/.test(line)));
  assert.ok(lines.some((line) => /^empty query, median, us +20\.0 +32\.0 +50\.0$/.test(line)));
  assert.ok(
    lines.some((line) =>
      /^met +added round trip +binary \(2 threads\) +\/ haproxy \(4 threads in 2 processes\) +at most 1 +0\.50x \(0\.40x to 0\.50x\)$/
        .test(line)
    ),
  );
  assert.ok(lines.includes('1 met, 60 not measured, of 61 goals, in 3 rounds'));
  assert.ok(lines.includes('  left out: pgbouncer: it is not installed'));
});

test('one round is a first look: the table and the page say that it gives no verdict, and colour none', () => {
  const samples = Object.entries(roundTrips).map(([target, [value = 0]]) => (
    { round: 0, target, metric: 'roundTripUs', value }
  ));
  const once = resultsOf({ ...results(), samples, rounds: 1 });
  const table = tableOf(once);
  assert.match(table, /^1 with fewer than 3 rounds, 60 not measured, of 61 goals, in 1 round$/m);
  assert.match(table, /^not enough rounds +added round trip +binary .*at most 1 +0\.50x/m);
  const page = pageOf(once);
  assert.match(page, /1 with fewer than 3 rounds, 60 not measured, of 61 goals, in 1 round/);
  for (const text of [table, page]) assert.doesNotMatch(text, /median of the rounds/i);
  assert.doesNotMatch(page, /<(?:tr|li) class="(?:ours )?(?:met|missed)"/);
});

test('the threads of each target are shown where they are known', () => {
  const table = tableOf(results());
  assert.match(table, /^ +no proxy +2 threads +4 threads in 2 processes$/m);
  assert.match(table, /^ {2}binary: pg_gateway; 2 threads$/m);
  assert.match(table, /^ {2}direct: PostgreSQL itself; no proxy$/m);
  const page = pageOf(results());
  assert.match(page, /<th>binary<small>2 threads<\/small>/);
  assert.match(page, /<th>haproxy<small>4 threads in 2 processes<\/small>/);
  assert.match(page, /binary \/ haproxy<small>2 threads \/ 4 threads in 2 processes<\/small>/);
  assert.match(page, /<span class="name">haproxy <small>4 threads in 2 processes<\/small>/);
  assert.match(page, /threads <b>as each does by itself/);
  assert.match(pageOf(results([], { threadsWanted: 3 })), /threads <b>3 for each/);
});

test('goals that are measured elsewhere, or not at all, are told in the table and on the page', () => {
  const table = tableOf(results());
  assert.match(
    table,
    /^not measured +added round trip +binary .*\/ original +at most 1 +it is not distributed/m,
  );
  assert.match(table, /^planned switchover.*: 0 errors\n {2}measured by: test\/e2e\/failover\.test\.ts: /m);
  const page = pageOf(results());
  assert.match(page, /it is not distributed: --original FOLDER/);
  assert.match(page, /measured by: <code>scripts\/failover --only promotions/);
});

const pgbouncer = {
  name: 'pgbouncer',
  label: 'pgbouncer',
  kind: 'peer',
  threads: undefined,
  processes: undefined,
} as const;

test('what was not measured says why, where its bar and its figure would be', () => {
  const absences = [
    { target: 'direct', metric: 'cpuUs16', why: 'there is no proxy' },
    { target: 'haproxy', metric: 'cpuUs16', why: 'failed: process 7 has <ended>' },
  ];
  const from = results([{ round: 0, target: 'binary', metric: 'cpuUs16', value: 4 }], {
    absences,
    targets: [...results().targets, { ...pgbouncer, absent: 'not installed' }],
  });
  const page = pageOf(from);
  const lineOf = (name: string, why: string) =>
    new RegExp(`class="name">${name} <[^/]*</small></span><span class="why" title="${why}">${why}</span>`);
  assert.match(page, lineOf('direct', 'there is no proxy'));
  assert.match(page, lineOf('haproxy', 'failed: process 7 has &lt;ended&gt;'));
  assert.match(page, lineOf('pgbouncer', 'not installed'));
  assert.match(page, /<td><i><\/i>pgbouncer<\/td><td>pgbouncer<\/td><td>not installed<\/td>/);
  assert.match(page, /<th>pgbouncer<small>not here<\/small>/);
  assert.match(page, /^<h1>pg_gateway beside haproxy<\/h1>|<h1>pg_gateway beside haproxy<\/h1>/);
  assert.doesNotMatch(page, /<td><\/td>|<ul class="chart"[^>]*><\/ul>|class="why"[^>]*><\//);
  const table = tableOf(from);
  const [, mark] = /^proxy CPU per transaction, 16 clients, us +(\[\d+\]) +4\.0/m.exec(table) ?? [];
  assert.ok(table.includes(`${mark} not measured: there is no proxy`));
});

test('what was not asked for has no line, and no card', () => {
  const absences = ['direct', 'binary', 'haproxy'].map((target) => (
    { target, metric: 'tps16', why: notAskedFor }
  ));
  const from = results([], { absences, targets: [...results().targets, { ...pgbouncer, absent: 'gone' }] });
  assert.match(tableOf(results()), /^transactions, 16 clients/m);
  assert.match(pageOf(results()), /<h3>transactions, 16 clients/);
  assert.doesNotMatch(tableOf(from), /^transactions, 16 clients/m);
  assert.doesNotMatch(pageOf(from), /<h3>transactions, 16 clients/);
});

test('a chart of nothing is one sentence that says why', () => {
  const absences = ['direct', 'binary', 'haproxy'].map((target) => (
    { target, metric: 'tps1', why: 'pgbench is not installed' }
  ));
  const page = pageOf(results([], { absences }));
  assert.match(
    page,
    /<h3>transactions, 1 client <small>.*?<\/small><\/h3><p class="why">not measured: pgbench is not installed/,
  );
});

test('without HAProxy the ratios are to the server itself, and the page says so', () => {
  const targets = results().targets.map((target) =>
    target.name === 'haproxy' ? { ...target, absent: 'not installed' } : target
  );
  const page = pageOf(results([], { targets }));
  assert.match(
    page,
    /<h2>Ratios to direct<\/h2><p>haproxy is not here: not installed\. 1x is as direct does it/,
  );
  assert.match(
    page,
    /<h3>added round trip, median <small>less is better<\/small><\/h3><p class="why">no ratio to direct: /,
  );
  assert.match(page, /<h1>pg_gateway<\/h1>/);
});

test('connecting through a pool is not compared with what opens connections', () => {
  const ready = ['direct', 'binary', 'haproxy', 'pgbouncer'].map((target) => (
    { round: 0, target, metric: 'readyMs', value: 2 }
  ));
  const targets = [...results().targets, { ...pgbouncer, absent: undefined }];
  assert.match(pageOf(results(ready, { targets })), /not comparable: it answers from its pool/);
});

test('the page warns where others were at work before the run', () => {
  const busy = (loadBefore: number, rounds: number) =>
    pageOf(results([], { rounds, machine: { ...results().machine, loadBefore } }));
  assert.match(busy(1.5, 2), /The machine was busy before the run began \(load 1\.5 on 4 cores\)/);
  assert.doesNotMatch(busy(0.5, 2), /was busy/);
  assert.doesNotMatch(busy(1.5, 3), /was busy/, 'each of three rounds has waited until it was quiet');
});

test('what others took of the machine before each round is told', () => {
  assert.match(tableOf(results()), /^taken by others before each round: 1, 0, 3 %$/m);
  assert.match(pageOf(results()), /taken by others before each round <b>1, 0, 3 %</);
});

test('a figure of fewer rounds than the others says of how many', () => {
  const values = [1, 2].map((value, round) => ({ round, target: 'binary', metric: 'burstMs', value }));
  const burst = pageOf(results([...values, { round: 0, target: 'haproxy', metric: 'burstMs', value: 3 }]));
  assert.match(burst, /<td>2<small>1 to 2, 2 rounds<\/small><\/td><td>3<small>once<\/small><\/td>/);
});

test('columns end at the same place, whatever a target did not measure', () => {
  const lines = tableOf(results()).split('\n');
  const ends = lines.filter((line) =>
    /haproxy$|^added round trip, median|^empty query/.test(line) && !line.includes('/ ')
  )
    .map((line) => line.length);
  assert.equal(ends.length, 4);
  assert.equal(new Set(ends).size, 1);
});

test('the page needs nothing from elsewhere', () => {
  const page = pageOf(results());
  assert.doesNotMatch(page, /<script|<link|\bsrc=|url\(|https?:/);
  assert.match(page, /prefers-color-scheme: dark/);
});

test('the page shows the verdict, ratios, goals, the machine, all figures, and what was left out, in this order', () => {
  const page = pageOf(results());
  const order = [
    '1 met, 60 not measured, of 61 goals, in 3 rounds',
    'Ratios to haproxy',
    '>Goals<',
    'Machine and targets',
    'All figures',
  ];
  const places = order.map((text) => page.indexOf(text));
  assert.ok(places.every((place) => place > 0), String(places));
  assert.deepEqual(places, places.toSorted((a, b) => a - b));
  assert.match(page, /4 cores, A &lt;fast&gt; &amp; &quot;good&quot; one/);
  assert.match(page, /<li>pgbouncer: it is not installed<\/li>/);
});

test('no chart has a coordinate that is not a number', () => {
  const odd = [
    { round: 0, target: 'direct', metric: 'copyOutGbs', value: 0 },
    { round: 0, target: 'binary', metric: 'copyOutGbs', value: 0 },
    { round: 0, target: 'binary', metric: 'sessionBytes', value: -120 },
  ];
  const page = pageOf(results(odd));
  assert.ok(page.includes('memory of the proxy per session'));
  assert.doesNotMatch(page, /NaN|Infinity|undefined|width="-/);
});

test('a text in the wrong place cannot become markup', () => {
  const page = pageOf(results([], { skipped: ['<img src=x>'], server: '<b>' }));
  assert.doesNotMatch(page, /<img|<b><b>/);
});

test('the JSON keeps every sample, with what follows from them', () => {
  const again = JSON.parse(JSON.stringify(results())) as ReturnType<typeof results>;
  const added = again.samples.filter(({ metric, target }) => metric === 'addedUs' && target === 'haproxy');
  assert.deepEqual(added.map(({ value }) => value), [20, 40, 30]);
  assert.deepEqual(again.rows.map(({ metric }) => metric.key), metrics.map(({ key }) => key));
  assert.deepEqual(again.rows[0]?.cells[0], { why: 'what the others are compared with' });
  assert.equal(again.goals.find(({ verdict }) => verdict !== 'not measured')?.verdict, 'met');
  assert.deepEqual([again.tally['met'], again.tally['not measured']], [1, 60]);
});

test('a ratio near 1 shows on which side of it it lies', () => {
  assert.deepEqual([0.5, 0.998, 1, 1.004, 1.2].map((ratio) => ratioText(ratio)), [
    '0.50x',
    '0.998x',
    '1.00x',
    '1.004x',
    '1.20x',
  ]);
});

test('a figure near its bound shows on which side of it it lies', () => {
  assert.deepEqual([0.854, 0.85, 0.8496].map((ratio) => ratioText(ratio, 0.85)), [
    '0.854x',
    '0.85x',
    '0.8496x',
  ]);
  assert.deepEqual([64.04, 64, 60].map((value) => valueText(value, { digits: 1 }, 64)), [
    '64.04',
    '64.0',
    '60.0',
  ]);
});

test('one figure has no range, and neither have figures that read alike', () => {
  const text = (value: number) => value.toFixed(1);
  assert.equal(spreadText(spreadOf([1])!, text), '1.0');
  assert.equal(spreadText(spreadOf([1, 2, 4])!, text), '2.0 (1.0 to 4.0)');
  assert.equal(spreadText(spreadOf([1, 1.01, 1])!, text), '1.0 (each time)');
  assert.equal(rangeText(spreadOf([1])!, text), 'once');
});

test('nothing that was measured once shows a range, in no chart and no table', () => {
  const samples = Object.entries(roundTrips).map(([target, [value = 0]]) => (
    { round: 0, target, metric: 'roundTripUs', value }
  ));
  const once = resultsOf({ ...results(), samples, rounds: 1 });
  for (const text of [pageOf(once), tableOf(once)]) assert.doesNotMatch(text, /\d(?:\.\d+)?x? to \d/);
  assert.doesNotMatch(pageOf(once), /class="(?:whisker|range)"/);
});
