import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ratioText } from '../../scripts/benches/numbers.ts';
import { pageOf } from '../../scripts/benches/page.ts';
import { tableOf } from '../../scripts/benches/table.ts';
import { resultsOf } from '../../scripts/benches/results.ts';
import { results, roundTrips } from './scene.ts';

test('the table has a column for each target and a line for each goal', () => {
  const lines = tableOf(results()).split('\n');
  assert.ok(lines.some((line) => /^ +direct +binary +haproxy$/.test(line)));
  assert.ok(lines.some((line) => /^empty query, median, us +20\.0 +32\.0 +50\.0$/.test(line)));
  assert.ok(
    lines.some((line) =>
      /^met +added round trip +binary +\/ haproxy +at most 0\.6 +0\.50x \(0\.40x to 0\.50x\)$/.test(line)
    ),
  );
  assert.ok(lines.includes('1 met, 19 not measured, of 20 goals, in 3 rounds'));
  assert.ok(lines.includes('  left out: pgbouncer: it is not installed'));
});

test('one round is a first look: the table and the page say that it gives no verdict, and colour none', () => {
  const samples = Object.entries(roundTrips).map(([target, [value = 0]]) => (
    { round: 0, target, metric: 'roundTripUs', value }
  ));
  const once = resultsOf({ ...results(), samples, rounds: 1 });
  const table = tableOf(once);
  assert.match(table, /^1 with fewer than 3 rounds, 19 not measured, of 20 goals, in 1 round$/m);
  assert.match(table, /^not enough rounds +added round trip +binary +\/ haproxy +at most 0\.6 +0\.50x/m);
  const page = pageOf(once);
  assert.match(page, /1 with fewer than 3 rounds, 19 not measured, of 20 goals, in 1 round/);
  assert.doesNotMatch(page, /<(?:tr|g) class="(?:ours )?(?:met|missed)"/);
});

test('the threads of each target are shown where they are known', () => {
  const table = tableOf(results());
  assert.match(table, /^threads +2 +4$/m);
  assert.match(table, /^ {2}binary: pg_gateway; 2 threads$/m);
  assert.match(table, /^ {2}direct: PostgreSQL itself$/m);
  const page = pageOf(results());
  assert.match(page, /<th>binary<small>2 threads<\/small>/);
  assert.match(page, /<th>direct<\/th>/);
  assert.match(page, /threads <b>as each does by itself/);
  assert.match(pageOf(results([], { threadsWanted: 3 })), /threads <b>3 for each/);
});

test('goals that are measured elsewhere, or not at all, are told in the table and on the page', () => {
  const table = tableOf(results());
  assert.match(
    table,
    /^not measured +added round trip +binary +\/ original +at most 0\.6 +not available here/m,
  );
  assert.match(table, /^planned switchover.*: 0 errors\n {2}measured by: test\/e2e\/failover\.test\.ts: /m);
  const page = pageOf(results());
  assert.match(page, /not available here: it is not distributed/);
  assert.match(page, /measured by: <code>scripts\/failover --only promotions/);
});

test('columns end at the same place, whatever a target did not measure', () => {
  const lines = tableOf(results()).split('\n');
  const ends = lines.filter((line) =>
    /haproxy$|^added round trip, median|^empty query/.test(line) && !line.includes('/ ')
  )
    .map((line) => line.length);
  assert.equal(ends.length, 3);
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
    '1 met, 19 not measured, of 20 goals, in 3 rounds',
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
  assert.deepEqual(again.rows.map(({ metric }) => metric.key), ['addedUs', 'roundTripUs']);
  assert.equal(again.goals[0]?.verdict, 'met');
  assert.deepEqual([again.tally['met'], again.tally['not measured']], [1, 19]);
});

test('a ratio near 1 shows on which side of it it lies', () => {
  assert.deepEqual([0.5, 0.998, 1, 1.004, 1.2].map(ratioText), [
    '0.50x',
    '0.998x',
    '1.00x',
    '1.004x',
    '1.20x',
  ]);
});
