import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pagesOf } from '../../src/admin/pages.ts';
import { failing, primary, unasked } from '../cluster/scene.ts';
import { readExposition } from './exposition.ts';
import { question } from './question.ts';
import { snapshotOf } from './snapshot.ts';

function show(path: string, isDraining = false, snapshot = snapshotOf([primary('a')]), accept = '') {
  const page = pagesOf(() => ({ ...snapshot, isDraining }))[path]?.(question(path, { accept }), '');
  assert.ok(page, `there is no ${path}`);
  return page;
}

describe('the pages of the gateway', () => {
  test('/metrics has the type of the exposition format', () => {
    const { status, type, body } = show('/metrics');
    assert.equal(status, 200);
    assert.equal(type, 'text/plain; version=0.0.4; charset=utf-8');
    assert.equal(readExposition(body).get('pg_gateway_primary')?.samples[0]?.value, 1);
  });

  test('/metrics is OpenMetrics for those who ask for it, and has the figures of the process', () => {
    const { type, body } = show('/metrics', false, undefined, 'application/openmetrics-text; version=1.0.0');
    assert.equal(type, 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    assert.match(body, /# EOF\n$/);
    if (process.platform === 'linux') assert.match(body, /^process_resident_memory_bytes [1-9]/m);
  });

  test('/journal is JSON, oldest first', () => {
    const { status, type, body } = show('/journal');
    assert.deepEqual([status, type], [200, 'application/json']);
    assert.equal(JSON.parse(body)[0].primary, 'a');
  });

  test('/status is JSON', () => {
    const { status, type, body } = show('/status');
    assert.deepEqual([status, type], [200, 'application/json']);
    assert.equal(JSON.parse(body).route.primary.candidate, 'a');
  });

  test('/live fails with its reason once a worker has not moved for ten seconds', () => {
    const live = (silentMs: number) => {
      const workers = [{ silentMs: 0, isStuck: false }, { silentMs, isStuck: silentMs > 3_000 }];
      return show('/live', false, { ...snapshotOf([primary('a')]), workers });
    };
    assert.deepEqual([live(0).status, live(9_999).status, live(10_000).status], [200, 200, 503]);
    assert.equal(live(12_000).body, 'a worker has not moved for 12 s: restart the gateway\n');
  });

  test('/live is well whatever happens', () => {
    for (const isDraining of [false, true]) {
      assert.deepEqual([show('/live', isDraining).status, show('/live', isDraining).body], [200, 'alive\n']);
    }
  });

  test('/ready is well without a primary: a client that waits is held', () => {
    const without = snapshotOf([failing(unasked('a'))]);
    assert.equal(without.verdict?.primary, undefined);
    assert.equal(show('/ready', false, without).status, 200);
  });

  test('/ready tells the reason of the route', () => {
    assert.equal(show('/ready').body, 'ready; a is primary on timeline 1\n');
  });

  test('/ready is well while the gateway is paused, and says by whom', () => {
    const paused = { by: 'uid 7', since: new Date(0), until: new Date(60_000) };
    const { status, body } = show('/ready', false, { ...snapshotOf([primary('a')]), paused });
    assert.equal(status, 200);
    assert.equal(body, 'ready; paused by uid 7 until 1970-01-01T00:01:00.000Z; a is primary on timeline 1\n');
  });

  test('/ready is unwell while the gateway drains', () => {
    const { status, body } = show('/ready', true);
    assert.deepEqual([status, body], [503, 'draining\n']);
  });
});
