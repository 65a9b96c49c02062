import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statusOf } from '../../../src/admin/status-of.ts';
import { screen, silence } from '../../../src/cli/status/screen.ts';
import { ProbeTimes } from '../../../src/control/probe-times.ts';
import { Samples } from '../../../src/control/samples.ts';
import { after, failing, now, primary, standby, unasked } from '../../cluster/scene.ts';
import { counted, snapshotOf } from '../../admin/snapshot.ts';

type Change = Parameters<typeof snapshotOf>[2];

function shown(
  observations: Parameters<typeof snapshotOf>[0],
  change?: Change,
  memory = after('a', 3),
): string {
  return screen(statusOf(snapshotOf(observations, memory, change)), '/run/a.sock').join('\n');
}

const three = [
  primary('a', 3),
  standby('b', 3, { at: now - 250, lsn: 200n, replayedLsn: 200n }),
  failing(standby('c'), 2, 'silent'),
];

describe('the screen of a gateway', () => {
  test('says who is primary and why, how each candidate is, and how far the limits are used', () => {
    const text = shown(three, {
      counters: [counted({ active: 14, held: 2 })],
      sessions: [
        { server: { host: '192.0.2.1', port: 5432 }, sessions: 12 },
        { server: { host: '192.0.2.99', port: 5432 }, sessions: 1 },
      ],
    });
    for (
      const line of [
        /^\/run\/a\.sock: pg_gateway 1\.2\.3 \(node, portable\), up 1 min 40 s, at /m,
        /^Primary: a for 40 s, epoch 7$/m,
        /^Why: a is primary on timeline 3\. \(/m,
        /^CANDIDATE +STANDING +LAG +SESSIONS +ANSWERED$/m,
        /^a +primary +- +12 +10 ms ago$/m,
        /^b +standby +0 ms +\d+ +250 ms ago$/m,
        /^c +down +\S+ +.* +10 ms ago +.+$/m,
        /^192\.0\.2\.99:5432 +- +- +1 +- +is no candidate any more$/m,
        /^sessions +13 +1000 +MAX_SESSIONS$/m,
        /^clients +14 +1100$/m,
        /^held +2 +100 +MAX_HELD, each 10 s at the most$/m,
        /^Last changes:\n {2}\S.* epoch 7 a: a is primary on timeline 3$/m,
      ]
    ) assert.match(text, line);
    assert.ok(text.split('\n').length <= 24, 'it is one screen');
  });

  test('cries where there is no primary, a split brain, a pause, a drain, a reload that failed', () => {
    assert.match(shown([failing(unasked('a'))]), /^NO PRIMARY for 40 s, epoch 7$/m);
    assert.match(shown([primary('a'), primary('b')], undefined, after('a')), /^ALARM: SPLIT BRAIN$/m);
    assert.match(shown(three, { isDraining: true }), /^DRAINING: no new clients are taken\.$/m);
    const paused = { by: 'uid 7', since: new Date(0), until: new Date(60_000) };
    assert.match(
      shown(three, { paused }),
      /^PAUSED by uid 7 since 1970-.*, until 1970-.*: new clients wait\.$/m,
    );
    const lastReload = { isSuccessful: false, at: new Date(0) };
    assert.match(shown(three, { lastReload }), /^The last reload failed/m);
  });

  test('has one line for all that limits have turned away, and one for what is kept', () => {
    const counters = [counted({ notAllowed: 3, addressFull: 2, buffered: 20_480 })];
    const recently = new Samples(counters, new ProbeTimes());
    const { limits } = snapshotOf(three);
    const change = { counters, samples: recently, limits: { ...limits, maxBufferedBytes: 65_536 } };
    assert.match(
      shown(three, change),
      /^Turned away in the last 0 ms: 3 by ALLOW and DENY, 2 by MAX_CONNECTIONS_PER_ADDRESS\.$/m,
    );
    assert.match(shown(three, change), /^kept +20 kB +64 kB +MAX_BUFFERED_BYTES$/m);
    recently.note(now);
    assert.match(shown(three, change), /^Turned away since the start, none of them lately: 3 by ALLOW/m);
    assert.doesNotMatch(shown(three), /Turned away|kept/);
  });

  test('obeys nothing that a server or a name says', () => {
    assert.deepEqual(silence('a\x1b[2J', 'b\u202ec\nd\x07'), ['a [2J', '', 'b c', 'd ']);
  });
});
