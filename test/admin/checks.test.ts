import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pagesOf } from '../../src/admin/pages.ts';
import type { Snapshot } from '../../src/admin/snapshot.ts';
import { candidateAt } from '../../src/cluster/candidate.ts';
import { rejectedPaceMs } from '../../src/cluster/finding.ts';
import type { Observation } from '../../src/cluster/observation.ts';
import { withAnswer } from '../../src/cluster/observation.ts';
import { after, answer, failing, now, primary, rules, standby, unasked } from '../cluster/scene.ts';
import { question } from './question.ts';
import { snapshotOf } from './snapshot.ts';

/** `200 reason` or `503 reason`. */
function asked(of: Snapshot, url: string): string {
  const { path } = question(url);
  const [, name] = /^\/candidates\/([^/]+)\//.exec(path) ?? [];
  const key = name === undefined ? path : path.replace(`/${name}/`, '/NAME/');
  const { status, body } = pagesOf(() => of)[key]!(question(url), name ?? '');
  return `${status} ${body.trim()}`;
}

const status = (of: Snapshot, url: string): number => Number(asked(of, url).slice(0, 3));

/** Half a second and 100 bytes behind, as snapshotOf has it. */
const behind = standby('b', 3, { at: now, replayedLsn: 100n });
const usual = [primary('a', 3), behind, failing(unasked('c'), 2)];
const healthy = snapshotOf(usual);
const without = snapshotOf([failing(primary('a'), 3), behind], after('a', 3));
/** The gateway itself did not run: its evidence is older than it may be. */
const later = (ms: number): Snapshot => ({ ...healthy, now: now + ms });
const stopped = later(rules.maxAgeMs + rejectedPaceMs);

describe('what a load balancer asks about the gateway', () => {
  test('/primary is well where there is a route to a primary', () => {
    assert.equal(asked(healthy, '/primary'), '200 a is primary on timeline 3');
    assert.equal(status(without, '/primary'), 503);
    assert.equal(status(snapshotOf([unasked('a')], undefined, { verdict: undefined }), '/primary'), 503);
  });

  test('/replica is well where there is a standby in the rotation, with or without a standby port', () => {
    assert.equal(asked(healthy, '/replica'), '200 usable: b');
    assert.equal(status(without, '/replica'), 200);
    assert.equal(asked(snapshotOf([primary('a')]), '/replica'), '503 no usable standby');
    const standbyPort = { fallback: true, maxLagMs: 100, maxLagBytes: undefined, lagFenceMs: undefined };
    assert.equal(status(snapshotOf(usual, undefined, { standbyPort }), '/replica'), 503);
  });

  const lags: readonly [string, number][] = [
    ['0', 503],
    ['99', 503],
    ['99B', 503],
    ['100', 200],
    ['0.09kB', 503],
    ['0.1kB', 200],
    ['1kB', 200],
    ['16MB', 200],
    ['16%20MB', 200],
    ['1GB', 200],
    ['1TB', 200],
    ['', 400],
    ['10s', 400],
    ['-1', 400],
    ['1mb', 400],
    ['1e3', 400],
    ['many', 400],
  ];
  for (const [lag, expected] of lags) {
    test(`/replica?lag=${lag} is ${expected} where the only standby is 100 bytes behind`, () => {
      assert.equal(status(healthy, `/replica?lag=${lag}`), expected);
      assert.equal(status(healthy, `/candidates/b/replica?lag=${lag}`), expected);
    });
  }

  test('a lag that is no size is told, with what is one', () => {
    assert.equal(
      asked(healthy, '/replica?lag=10s'),
      '400 lag=10s is no size: write bytes, or 1024kB, 16MB, 1GB.',
    );
  });

  test('/read-only is well with a primary or a usable standby', () => {
    assert.equal(status(healthy, '/read-only'), 200);
    assert.equal(asked(healthy, '/read-only?lag=1'), '200 a is primary on timeline 3');
    assert.equal(status(without, '/read-only'), 200);
    assert.equal(status(without, '/read-only?lag=1'), 503);
  });

  test('all three are unwell while the gateway drains, for it takes no client', () => {
    for (const url of ['/primary', '/replica', '/read-only']) {
      assert.equal(asked({ ...healthy, isDraining: true }, url), '503 the gateway is draining');
    }
  });

  test('all three are unwell once the evidence is too old, as after a stop of the gateway', () => {
    assert.equal(asked(stopped, '/primary'), '503 a has not been heard of for too long');
    for (const url of ['/replica', '/read-only']) assert.equal(status(stopped, url), 503);
    assert.equal(status(later(rules.maxAgeMs - 10), '/primary'), 200);
    assert.equal(status(later(rules.maxAgeMs - 9), '/primary'), 503);
  });
});

describe('what a load balancer asks about a candidate', () => {
  test('primary is well for the one that clients are sent to, and says why it is not for the others', () => {
    assert.equal(asked(healthy, '/candidates/a/primary'), '200 a is primary on timeline 3');
    assert.equal(asked(healthy, '/candidates/b/primary'), '503 b is a standby on timeline 3');
    assert.equal(asked(healthy, '/candidates/c/primary'), '503 c refuses connections');
    assert.equal(status(without, '/candidates/a/primary'), 503);
  });

  test('replica is well for the standbys of the rotation', () => {
    assert.equal(asked(healthy, '/candidates/b/replica'), '200 b is in the rotation');
    assert.equal(asked(healthy, '/candidates/b/replica?lag=1'), '503 b is not usable within 1 bytes');
    assert.equal(asked(healthy, '/candidates/a/replica'), '503 a is primary on timeline 3');
    assert.equal(asked(healthy, '/candidates/c/replica'), '503 c refuses connections');
  });

  test('health is well for every one that answered its last probe, whatever it said', () => {
    const stale = primary('d', 2);
    const full = failing(primary('e', 3), 1, 'full');
    const of = snapshotOf([...usual, stale, full, unasked('f')]);
    const urls = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `/candidates/${name}/health`);
    assert.deepEqual(urls.map((url) => status(of, url)), [200, 200, 503, 200, 503, 503]);
    assert.equal(asked(of, '/candidates/c/health'), '503 c: refuses connections');
    assert.equal(asked(of, '/candidates/f/health'), '503 f: has not answered yet');
  });

  test('a claim that is not believed is no primary', () => {
    const of = snapshotOf([primary('a', 2), primary('b', 3)]);
    assert.equal(status(of, '/candidates/a/primary'), 503);
    assert.equal(status(of, '/candidates/b/primary'), 200);
  });

  test('a primary that only fails a probe or rejects it stays one', () => {
    for (const kind of ['silent', 'full'] as const) {
      const of = snapshotOf([failing(primary('a', 3), 1, kind), behind], after('a', 3));
      assert.equal(status(of, '/candidates/a/primary'), 200, kind);
      assert.equal(status(of, '/candidates/a/health'), 503, kind);
    }
  });

  test('a server is the same under each of its names, for a load balancer may know only one', () => {
    const twice = (name: string, of: Observation, was: string): Observation =>
      withAnswer(unasked(name), { ...of.answer!, startedAt: answer(was).startedAt });
    const of = snapshotOf([...usual, twice('vip', primary('a', 3), 'a'), twice('ro', behind, 'b')]);
    assert.equal(status(of, '/candidates/vip/primary'), 200);
    assert.equal(status(of, '/candidates/ro/replica'), 200);
    assert.equal(status(of, '/candidates/ro/primary'), 503);
    assert.equal(status(of, '/candidates/vip/replica'), 503);
  });

  test('is answered while the gateway drains: its clients come by another way', () => {
    const draining = { ...healthy, isDraining: true };
    assert.equal(status(draining, '/candidates/a/primary'), 200);
    assert.equal(status(draining, '/candidates/b/replica'), 200);
  });

  test('all are unwell once the evidence is too old', () => {
    for (const url of ['a/primary', 'b/replica', 'a/health']) {
      assert.equal(status(stopped, `/candidates/${url}`), 503, url);
    }
  });

  test('one that is written without the port in CANDIDATES is found so, too', () => {
    const named = { ...primary('a'), candidate: candidateAt('db1', 5432) };
    assert.equal(status(snapshotOf([named]), '/candidates/db1/primary'), 200);
    assert.equal(status(snapshotOf([named]), '/candidates/db1:5433/primary'), 404);
  });

  test('one that there is not is told, with those that there are', () => {
    const text = '404 There is no candidate x; there is a, b, c.';
    for (const role of ['primary', 'replica', 'health']) {
      assert.equal(asked(healthy, `/candidates/x/${role}`), text);
    }
  });
});
