import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageOf } from '../../scripts/benches/page.ts';
import { tableOf } from '../../scripts/benches/table.ts';
import { results } from './scene.ts';

test('the table has a column for each target and a line for each goal', () => {
  const lines = tableOf(results()).split('\n');
  assert.ok(lines.some((line) => /^ +direct +binary +haproxy$/.test(line)));
  assert.ok(lines.some((line) => /^empty query, median, us +20\.0 +32\.0 +50\.0$/.test(line)));
  assert.ok(
    lines.some((line) =>
      /^met +added round trip +binary +\/ haproxy +0\.50x \(0\.40x to 0\.50x\)/.test(line)
    ),
  );
  assert.ok(lines.includes('  left out: pgbouncer: it is not installed'));
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

test('the page shows the machine, the verdict, ratios before figures, and what was left out', () => {
  const page = pageOf(results());
  assert.match(page, /1 of 1 goals met/);
  assert.match(page, /4 cores, A &lt;fast&gt; &amp; &quot;good&quot; one/);
  assert.ok(page.indexOf('Ratios to haproxy') > 0);
  assert.ok(page.indexOf('Ratios to haproxy') < page.indexOf('All figures'));
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
  assert.equal(again.goals[0]?.met, true);
});
