import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explanation } from '../../../src/cli/explain/explanation.ts';
import type { Snapshot } from '../../../src/admin/snapshot.ts';
import { statusOf } from '../../../src/admin/status-of.ts';
import { noMemory } from '../../../src/cluster/election.ts';
import type { Memory } from '../../../src/cluster/election.ts';
import type { Observation } from '../../../src/cluster/observation.ts';
import { after, failing, now, ours, primary, standby, theirs, unasked } from '../../cluster/scene.ts';
import { counted, snapshotOf } from '../../admin/snapshot.ts';

function explained(
  observations: readonly Observation[],
  memory: Memory = noMemory,
  change: Partial<Snapshot> = {},
) {
  const text = explanation(statusOf(snapshotOf(observations, memory, change)));
  assert.doesNotMatch(text, /undefined|null|NaN|\[object/);
  return text;
}

const sessions = [{ server: { host: '192.0.2.1', port: 5432 }, sessions: 12 }];

describe('the explanation', () => {
  test('of a good day is this text', () => {
    const counters = [counted({ active: 13, accepted: 40, holds: 3, holdTimeout: 1, fenced: 2 })];
    const observations = [
      primary('a', 3, { startedAt: '1700000000123456 5432 127.0.0.1, ::1' }),
      standby('b', 3, { at: now - 250, lsn: 200n, replayedLsn: 100n }),
    ];
    const text = explained(observations, noMemory, { counters, sessions });
    assert.deepEqual(
      text.split('\n'),
      [
        'pg_gateway 1.2.3 (node, portable engine), up for 1 min 40 s, at 2023-11-14T22:15:00.500Z',
        '',
        'Primary: a at 192.0.2.1:5432 (for 40 s now, epoch 7).',
        'Why: a is primary on timeline 3. (rule: onlyPrimary)',
        '',
        'What each candidate said:',
        '  a, primary: is primary on timeline 3',
        '      answered 10 ms ago (took 1 ms): out of recovery, timeline 3, at 0/64, started ' +
        `2023-11-14T22:13:20.123Z, system ${ours}`,
        '  b, standby: is a standby on timeline 3',
        `      answered 250 ms ago (took 1 ms): in recovery, timeline 3, at 0/C8, replayed to 0/64, system ${ours}`,
        '      lags by 250 ms, 100 bytes',
        '',
        'What clients experience:',
        '  New clients are served by a.',
        '  12 sessions on 192.0.2.1:5432.',
        '  Since the start: 40 clients, 3 had to wait, 1 waited in vain, 0 refused by a limit, 2 sessions ended ' +
        'because their server was replaced or silent.',
        '',
        'What would change this:',
        `  Another server of system ${ours} that is primary on a timeline newer than 3 takes over at once, and ` +
        'sessions elsewhere are ended.',
        '  2 failed probes of a in a row would withdraw it (FAIL_AFTER=2): new clients wait then, and sessions stay.',
        '  Any other server of it that shows a newer timeline withdraws it at once: new clients wait then, and sessions ' +
        'stay.',
        '  30 s of silence would end the sessions on it (DEAD_AFTER_MS).',
        '',
        'The last changes:',
        '  2023-11-14T22:14:20.500Z  epoch 7  a: a is primary on timeline 3 (onlyPrimary)',
      ],
    );
  });

  test('of a worker that does not move tells for how long, and what to do', () => {
    const workers = [{ silentMs: 200, isStuck: false }, { silentMs: 40_000, isStuck: true }];
    const text = explained([primary('a')], noMemory, { workers });
    assert.match(
      text,
      /^ {2}Worker 1 has not moved for 40 s: its sessions hang\. Restart the gateway if that lasts\.$/m,
    );
    assert.doesNotMatch(text, /Worker 0/);
  });

  test('without a primary tells who is up and lets nobody ask', () => {
    const text = explained([failing(unasked('a'), 1, 'credentials'), failing(unasked('b'))]);
    assert.match(text, /^ {2}a, rejecting: /m);
    assert.match(
      text,
      /^ {2}a is up and may be the primary, but the gateway is not let in to ask: see above what to mend\.$/m,
    );
    assert.match(text, /^ {2}Since its start the gateway was let in by no primary, so it cannot know/m);
  });

  test('of a primary that rejects the probe tells that it stays, and what ends that', () => {
    const text = explained([failing(primary('a'), 9, 'full')], after('a'));
    assert.match(text, /^Primary: a /m);
    assert.match(text, /^ {2}a, rejecting: was primary on timeline 1, and now: /m);
    assert.match(text, /^ {2}a is up and does not let the gateway in to ask: .* It stays primary meanwhile/m);
    assert.match(text, /^ {2}2 failed probes of a in a row would withdraw it/m);
  });

  test('of a new system at the old addresses tells what to do, and what happens without', () => {
    const text = explained([primary('a', 1, { system: theirs })], after('a', 5));
    const command = `run pg_gateway forget-system, or set SYSTEM_IDENTIFIER=${theirs}`;
    assert.match(text, new RegExp(`^Why: .*; all that answer belong to system ${theirs}, .*${command}`, 'm'));
    assert.match(text, new RegExp(`^ {2}All that answer belong to system ${theirs}\\. .*${command}`, 'm'));
    assert.match(
      text,
      /^ {2}Unless SYSTEM_IDENTIFIER is set, it is served by itself when .* for 10 s\.$/m,
    );
    const both = explained([primary('a', 1, { system: theirs }), standby('b', 5)], after('a', 5));
    assert.doesNotMatch(both, /All that answer belong/);
  });

  test('without a primary tells since when, who waits, and what everybody said', () => {
    const text = explained([failing(primary('a'), 3), failing(standby('b'), 2, 'silent')], after('a'), {
      counters: [counted({ held: 1, active: 13 })],
      sessions,
    });
    for (
      const line of [
        /^No primary \(for 40 s now, epoch 7\)\.$/m,
        /^ {2}a, down: refuses connections$/m,
        /^ {6}3 failed probes in a row, the last 0 ms ago$/m,
        /^ {6}nothing at all has come from it for 0 ms$/m,
        /^ {6}last answered 10 ms ago \(took 1 ms\): in recovery, timeline 1/m,
        /^ {2}New clients are held since 2023-11-14T22:14:20.500Z, each for up to 10 s \(HOLD_MS\) and 100 at a time/m,
        /^ {2}1 client waits now\.$/m,
        /^ {2}12 sessions on 192\.0\.2\.1:5432\.$/m,
        /^ {2}A server of system 7000000000000000001 that answers, .* older than 1 becomes primary/m,
        /epoch 7 {2}nobody: a, b are down \(noPrimary\)$/m,
      ]
    ) assert.match(text, line);
  });

  test('says that newcomers are refused where nobody may wait', () => {
    const { limits } = snapshotOf([]);
    for (const none of [{ holdMs: 0 }, { maxHeld: 0 }]) {
      const text = explained([failing(unasked('a'))], noMemory, { limits: { ...limits, ...none } });
      assert.match(text, /^ {2}New clients are refused at once, with SQLSTATE 57P03/m);
    }
  });

  test('says who has paused the gateway, and until when', () => {
    const paused = { by: 'uid 7', since: new Date(0), until: new Date(60_000) };
    const text = explained([primary('a')], noMemory, { paused });
    assert.match(text, /^pg_gateway .*, paused, at /);
    assert.match(
      text,
      /New clients are held since 1970-.*, as uid 7 has asked for, until pg_gateway resume or 1970-/,
    );
  });

  test('says that a draining gateway takes nobody, and that a full one refuses', () => {
    assert.match(
      explained([primary('a')], noMemory, { isDraining: true }),
      /draining: once DRAIN_ACCEPT_MS is over, it takes no new clients/,
    );
    const counters = [counted({ active: 1000 })];
    assert.match(explained([primary('a')], noMemory, { counters }), /The limit of 1000 sessions is reached/);
  });

  test('before the first probe says that it waits for it', () => {
    const text = explained([unasked('a')], noMemory, { verdict: undefined, journal: [] });
    assert.match(text, /^ {2}Once each candidate has answered or failed, there is a verdict\.$/m);
    assert.match(text, /^ {2}none yet$/m);
  });

  test('keeps what a server says from commanding the terminal', () => {
    const hostile = failing(unasked('a'));
    const text = explained([{
      ...hostile,
      failure: { ...hostile.failure!, message: 'no\u001b[2J\nPrimary: me' },
    }]);
    // deno-lint-ignore no-control-regex -- it is what must not be there
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f]|^Primary/m);
  });
});

describe('clients of the standby port', () => {
  const standbyPort = { fallback: true, maxLagMs: undefined, maxLagBytes: 50, lagFenceMs: undefined };
  const near = standby('b', 1, { at: now, replayedLsn: 200n });
  const far = standby('c', 1, { at: now, replayedLsn: 100n });

  test('are served by standbys, and one that gets none says why', () => {
    const text = explained([primary('a'), near, far], noMemory, { standbyPort });
    assert.match(text, /^ {2}New clients of the standby port are served by b\.$/m);
    assert.match(text, /^ {6}has replayed all that the primary had; gets clients of the standby port$/m);
    assert.match(
      text,
      /^ {6}lags by 500 ms, 100 bytes; gets no new client: it lags by more than MAX_LAG_BYTES=50$/m,
    );
  });

  test('are served by the primary, or wait', () => {
    const counters = [counted({ fallbacks: 2 })];
    const instead = explained([primary('a'), far], noMemory, { standbyPort, counters });
    assert.match(
      instead,
      /^ {2}New clients of the standby port are served by the primary, as no standby can/m,
    );
    assert.match(instead, /^ {2}2 clients of the standby port had to be served by the primary\.$/m);
    const waiting = explained([primary('a'), far], noMemory, {
      standbyPort: { ...standbyPort, fallback: false },
    });
    assert.match(
      waiting,
      /port wait, each for up to 10 s .*: no standby can take them \(REPLICA_FALLBACK=off\)\.$/m,
    );
    assert.match(explained([far], noMemory, { standbyPort }), /can take them, and there is no primary\.$/m);
  });
});

describe('what would change the verdict', () => {
  test('is one more failure of a primary in doubt', () => {
    const text = explained([failing(primary('a'), 1), standby('b')], after('a'));
    assert.match(text, /^ {2}1 more failed probe of a would withdraw it \(FAIL_AFTER=2\)/m);
  });

  test('is the end of a rival, with an alarm and an incumbent', () => {
    const text = explained([primary('a'), primary('b')], after('a'));
    assert.match(text, /^ALARM: split brain\.\nPrimary: a /m);
    assert.match(text, /^ {2}The alarm ends when the other servers/m);
    assert.match(
      text,
      /of a in a row would withdraw it .*: another one that claims to be primary may take its place/,
    );
  });

  test('is the end of all but one, with an alarm and nobody served', () => {
    const text = explained([primary('a'), primary('b')]);
    assert.match(text, /^ALARM: split brain\.\nNo primary /m);
    assert.match(text, /^ {2}All but one of the servers that claim to be primary must be stopped/m);
  });

  test('is nothing that a stranger shows', () => {
    const stranger = standby('d', 9, { system: theirs });
    const text = explained([primary('a', 1), standby('b', 2), standby('c', 1), stranger]);
    assert.match(text, /Timeline 2 has begun/);
    assert.match(text, /rebuild b as a standby of the primary, or take it out/);
    assert.doesNotMatch(text, /imeline 9 has begun|older than 9/);
  });

  test('is a word on which system is ours', () => {
    const text = explained([primary('a'), primary('b', 1, { system: theirs })]);
    assert.match(text, /^ {2}SYSTEM_IDENTIFIER can say which system is ours/m);
  });

  test('with an old primary and a standby that knows better, is either of the two being right', () => {
    for (const witness of [standby('b', 2), failing(standby('b', 2), 3)]) {
      const text = explained([primary('a', 1), witness], after('a', 1));
      for (
        const line of [
          /^ {2}A server of system \d+ that answers, .* older than 2 becomes primary at its next probe\.$/m,
          /^ {2}Timeline 2 has begun, .*: nobody is routed to a, new clients wait, and sessions that are there .* go on\.$/m,
          /^ {2}If timeline 2 is right: start its primary or promote one of its standbys, stop a, and rebuild it/m,
          /^ {2}If the older timeline is right .*: rebuild b as a standby of the primary, or take it out of CANDIDATES/m,
        ]
      ) assert.match(text, line);
      assert.doesNotMatch(text, /pg_read_all_stats/);
    }
  });

  test('with an old primary after a newer one, is that all follow it, or forget-timeline', () => {
    const text = explained([primary('a', 1), standby('b', 1)], after('b', 2));
    assert.match(
      text,
      /^ {2}If the older .*: rebuild every other candidate .* stream from it for 10 s \(grant .* run pg_gateway forget-timeline: it forgets timeline 2\.$/m,
    );
    assert.doesNotMatch(text, /out of CANDIDATES/);
    const both = explained([primary('a', 1), failing(primary('b', 2), 3)], after('b', 2));
    assert.match(both, /rebuild b as a standby of the primary.*\n {2}Then rebuild every other candidate/);
  });

  test('says nothing of old primaries where there are none', () => {
    assert.doesNotMatch(explained([standby('a', 2)], after('a', 2)), /is right/);
  });

  test('names what a candidate hides, what is lost by it, and the grant', () => {
    const lacks = [
      { name: 'f()', loss: 'it is not known', remedy: 'grant execute on function f() to gateway' },
      { name: 'g()', loss: 'nobody knows', remedy: undefined },
    ];
    const hidden = { system: undefined, timeline: undefined, lsn: undefined, replayedLsn: undefined, lacks };
    const text = explained([primary('a', 0, hidden), standby('b', 0, hidden)]);
    assert.match(text, /out of recovery, timeline hidden, position hidden, system hidden\n/);
    assert.match(
      text,
      /does not let the probe call f\(\): it is not known; mend it by: grant execute on function f\(\) to gateway\n/,
    );
    assert.match(text, /does not let the probe call g\(\): nobody knows\n/);
    assert.match(text, /a hides its timeline from the probe, so none is known to be newer: /);
    assert.doesNotMatch(text, /newer than 0|shows a newer timeline/);
  });
});
