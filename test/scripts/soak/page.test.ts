import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markdownOf, pageOf } from '../../../scripts/lib/soak/page.ts';
import { niceAbove, pictureOf, thinned, ticksOf } from '../../../scripts/lib/soak/picture.ts';
import { verdictOf } from '../../../scripts/lib/soak/verdict.ts';
import { good } from './scene.ts';

test('the page says what was measured, by which command, and where the drawing is', () => {
  const page = pageOf(good, verdictOf(good));
  assert.match(page, /`scripts\/soak --minutes 2 --seed 1`/);
  assert.match(page, /\]\(\.\.\/images\/soak\.svg\)/);
  assert.match(page, /^\| met \| acknowledged writes that are gone \| 0 \| none \|$/m);
  assert.match(page, /^\| kill -9 of the primary \| 1 \| 100, 100 \| 0\.9, 0\.9 \| 3\.0, 3\.0 \|$/m);
  assert.match(page, /`CONNECTION_CLOSED` 1/);
  assert.match(page, /^\| at rest, before \| 80\.0 \| 78\.0 \| 21 \| 6 \|$/m);
});

test('what is missed stands below the table with its time', () => {
  const facts = { ...good, troubles: [{ second: 61, kind: 'copies', code: 'X', message: 'a | b' }] };
  const text = markdownOf(facts, verdictOf(facts));
  assert.match(text, /^\| \*\*missed\*\* \| errors of clients/m);
  assert.match(text, /^\* 01:01 copies: X, a \\\| b$/m);
});

test('a run of which there is nothing yet is told and drawn all the same', () => {
  const nothing = { ...good, seconds: 0, samples: [], troubles: [], failovers: [], counted: undefined };
  assert.doesNotMatch(markdownOf(nothing, verdictOf(nothing)), /NaN|undefined|Infinity/);
  assert.doesNotMatch(pictureOf(nothing), /NaN|undefined|Infinity/);
});

test('the drawing has a line for each failover, and a panel for each figure', () => {
  const drawing = pictureOf(good);
  assert.match(drawing, /<line class="kill" x1="287.5" x2="287.5"/);
  for (const title of ['Resident memory', 'Descriptors', 'Clients', 'Errors', 'Processors', 'Load average']) {
    assert.match(drawing, new RegExp(`<text class="title"[^>]*>${title}`));
  }
  assert.doesNotMatch(drawing, /NaN|undefined|Infinity/);
});

test('of many points the peaks stay', () => {
  const points = Array.from({ length: 10_000 }, (_, at) => [at, at === 5000 ? 99 : at % 2] as const);
  const kept = thinned(points);
  assert.ok(kept.length <= 1000);
  assert.ok(kept.some(([at, value]) => at === 5000 && value === 99));
});

test('scales end at round figures', () => {
  assert.deepEqual([0.031, 1, 104, 255, 999].map(niceAbove), [0.04, 1, 200, 300, 1000]);
  assert.deepEqual(ticksOf(3600).slice(0, 3), [0, 300, 600]);
  assert.deepEqual(ticksOf(120).at(-1), 120);
});
