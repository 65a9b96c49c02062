import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statusOf } from '../../src/admin/status-of.ts';
import { troubleOf } from '../../src/cli/health.ts';
import { snapshotOf } from '../admin/snapshot.ts';
import { failing, unasked } from '../cluster/scene.ts';

/** A gateway whose only candidate is down. */
const seen = [failing(unasked('a'))];
const trouble = (change: Parameters<typeof snapshotOf>[2]) =>
  troubleOf(statusOf(snapshotOf(seen, undefined, change)));

const silent = (silentMs: number) => ({ silentMs, isStuck: silentMs > 0 });

describe('health', () => {
  test('does not depend on the database', () => {
    assert.equal(trouble({}), undefined);
  });

  test('is bad while the gateway drains, and once a worker has not moved for ten seconds', () => {
    assert.equal(trouble({ isDraining: true }), 'it is draining');
    assert.equal(trouble({ workers: [silent(0), silent(9_999)] }), undefined);
    assert.equal(
      trouble({ workers: [silent(12_000), silent(0)] }),
      'a worker has not moved for 12 s: restart it',
    );
  });
});
