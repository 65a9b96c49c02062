import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { History } from '../../src/control/history.ts';
import { plainText, render } from '../../src/admin/exposition.ts';
import { metricsOf } from '../../src/admin/metrics.ts';
import type { ProcessFigures } from '../../src/admin/process-figures.ts';
import { ProbeTimes } from '../../src/control/probe-times.ts';
import type { Snapshot } from '../../src/admin/snapshot.ts';
import { closeReasons } from '../../src/contract/counters.ts';
import { after, answer, failing, now, primary, standby, unasked } from '../cluster/scene.ts';
import { withAnswer } from '../../src/cluster/observation.ts';
import { type Family, readExposition } from './exposition.ts';
import { counted, snapshotOf } from './snapshot.ts';

const figures: ProcessFigures = {
  cpuSeconds: 1.5,
  residentBytes: 2 ** 26,
  virtualBytes: 2 ** 40,
  openFiles: 20,
  maxFiles: 1024,
  startedAt: 1_700_000_000.25,
};

const read = (snapshot: Snapshot): Map<string, Family> =>
  readExposition(render(metricsOf(snapshot, figures), plainText));

/** The samples of a family as `labels value`. */
function samples(snapshot: Snapshot, name: string): string[] {
  const family = read(snapshot).get(`pg_gateway_${name}`);
  assert.ok(family, `there is no ${name}`);
  return family.samples.map(({ labels, value }) => [...Object.values(labels), value].join(' '));
}

const three = [primary('a', 3, { lsn: 1n << 40n, tookMs: 4 }), standby('b', 3), failing(standby('c'), 2)];

describe('/metrics', () => {
  test('is in the exposition format, before the first probe and later', () => {
    read(snapshotOf([unasked('a')]));
    read(snapshotOf(three));
    read(snapshotOf([], undefined, { verdict: undefined, counters: [] }));
  });

  test('has no sample of what a candidate hides from the probe', () => {
    const snapshot = snapshotOf([primary('a', 0, { timeline: undefined, lsn: undefined }), standby('b', 3)]);
    assert.deepEqual(samples(snapshot, 'candidate_timeline'), ['b 3']);
    assert.deepEqual(samples(snapshot, 'candidate_lsn_bytes'), ['b 100']);
    assert.equal(samples(snapshot, 'candidate_evidence_age_seconds').length, 2);
  });

  test('keeps the names and types of the program that it replaces', () => {
    const families = read(snapshotOf(three));
    const old = [...families].slice(0, 7).map(([name, { type }]) => `${name} ${type}`);
    assert.deepEqual(old, [
      'pg_gateway_connections_active gauge',
      'pg_gateway_connections_total counter',
      'pg_gateway_bytes_client_to_backend_total counter',
      'pg_gateway_bytes_backend_to_client_total counter',
      'pg_gateway_servers_total gauge',
      'pg_gateway_servers_healthy gauge',
      'pg_gateway_servers_unhealthy gauge',
    ]);
  });

  test('says of each worker whether it is stuck', () => {
    const workers = [{ silentMs: 200, isStuck: false }, { silentMs: 40_000, isStuck: true }];
    assert.deepEqual(samples(snapshotOf(three, undefined, { workers }), 'worker_stuck'), ['0 0', '1 1']);
  });

  test('gives every family the name of the program and a sentence', () => {
    for (const [name, { help }] of read(snapshotOf(three))) {
      assert.match(name, /^(?:pg_gateway|process)_[a-z_]+$/);
      assert.match(help, /^[A-Z1].*\.$/, name);
    }
  });

  test('has the series that docs/metrics.md lists, with their types and labels', () => {
    const docs = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
    const rows = [...docs.matchAll(/^\| `(\w+)` \| (\w+) \| ([^|]*) \|/gm)];
    const listed = rows.map(([, name, type, labels = '']) => [name, type, labels.replaceAll(/[` ]/g, '')]);
    const standbyPort = { fallback: true, maxLagMs: 100, maxLagBytes: undefined, lagFenceMs: undefined };
    const sessions = [{ server: { host: '192.0.2.1', port: 5432 }, sessions: 3 }];
    const served = read(snapshotOf(three, undefined, { standbyPort, sessions }));
    const found = [...served].map(([name, { type, samples }]) => {
      const labels = new Set(samples.flatMap(({ labels }) => Object.keys(labels)));
      labels.delete('le');
      return [name, type, [...labels].join(',')];
    });
    assert.deepEqual(listed, found);
  });

  test('tells nothing of the process where the system does not', () => {
    const families = metricsOf(snapshotOf(three), undefined);
    assert.deepEqual(families.filter(({ name }) => !name.startsWith('pg_gateway_')), []);
  });

  test('adds up what all workers have counted', () => {
    const snapshot = snapshotOf(three, undefined, {
      counters: [
        counted({ active: 2, accepted: 10, upstreamBytes: 5, downstreamBytes: 2 ** 52, held: 1, holds: 4 }),
        counted({
          active: 3,
          accepted: 20,
          upstreamBytes: 6,
          downstreamBytes: 1,
          held: 1,
          cancels: 8,
          cancelsDropped: 7,
          displaced: 9,
        }),
      ],
    });
    const expected: readonly [string, number][] = [
      ['connections_active', 5],
      ['connections_total', 30],
      ['bytes_client_to_backend_total', 11],
      ['bytes_backend_to_client_total', 2 ** 52 + 1],
      ['held', 2],
      ['holds_total', 4],
      ['cancels_total', 8],
      ['cancels_dropped_total', 7],
      ['displaced_total', 9],
    ];
    for (const [name, value] of expected) assert.deepEqual(samples(snapshot, name), [String(value)], name);
  });

  test('tells how far standbys are behind, and their shares where there is a standby port', () => {
    const standbyPort = {
      fallback: true,
      maxLagMs: undefined,
      maxLagBytes: undefined,
      lagFenceMs: undefined,
    };
    const behind = [primary('a', 3), standby('b', 3, { at: now, replayedLsn: 100n })];
    const snapshot = snapshotOf(behind, undefined, { standbyPort, counters: [counted({ fallbacks: 5 })] });
    assert.deepEqual(samples(snapshot, 'candidate_lag_seconds'), ['b 0.5']);
    assert.deepEqual(samples(snapshot, 'candidate_lag_bytes'), ['b 100']);
    assert.deepEqual(samples(snapshot, 'candidate_weight'), ['a 0', 'b 1']);
    assert.deepEqual(samples(snapshot, 'fallbacks_total'), ['5']);
    assert.deepEqual(samples(snapshotOf(behind), 'candidate_weight'), []);
  });

  test('tells every reason for which sessions end, and which of them are refusals', () => {
    const counters = [counted({ fenced: 3, limit: 2, holdTimeout: 1 })];
    const snapshot = snapshotOf(three, undefined, { counters });
    const closes = samples(snapshot, 'closes_total');
    assert.deepEqual(closes.map((line) => line.split(' ')[0]), [...closeReasons]);
    assert.ok(closes.includes('fenced 3') && closes.includes('limit 2'));
    const refusals = samples(snapshot, 'refusals_total');
    assert.ok(refusals.includes('limit 2') && refusals.includes('holdTimeout 1'));
    assert.equal(refusals.some((line) => line.startsWith('fenced')), false);
  });
});

describe('/metrics about candidates', () => {
  test('tells how many there are, and how many are healthy', () => {
    const snapshot = snapshotOf(three);
    assert.deepEqual(samples(snapshot, 'servers_total'), ['3']);
    assert.deepEqual(samples(snapshot, 'servers_healthy'), ['2']);
    assert.deepEqual(samples(snapshot, 'servers_unhealthy'), ['1']);
  });

  test('counts no server as healthy before the first verdict', () => {
    const snapshot = snapshotOf([unasked('a'), unasked('b')], undefined, { verdict: undefined });
    assert.deepEqual(samples(snapshot, 'servers_healthy'), ['0']);
    assert.deepEqual(samples(snapshot, 'servers_unhealthy'), ['2']);
    assert.deepEqual(samples(snapshot, 'candidate_standing'), []);
  });

  test('tells which candidate is primary, which ones answer, and the standing of each', () => {
    const snapshot = snapshotOf(three);
    assert.deepEqual(samples(snapshot, 'primary'), ['a 1', 'b 0', 'c 0']);
    assert.deepEqual(samples(snapshot, 'candidate_up'), ['a 1', 'b 1', 'c 0']);
    assert.deepEqual(samples(snapshot, 'candidate_standing'), ['a primary 1', 'b standby 1', 'c down 1']);
    assert.deepEqual(samples(snapshot, 'candidate_timeline'), ['a 3', 'b 3', 'c 1']);
    assert.deepEqual(samples(snapshot, 'candidate_lsn_bytes'), ['a 1099511627776', 'b 100', 'c 100']);
    assert.deepEqual(samples(snapshot, 'candidate_evidence_age_seconds'), ['a 0.01', 'b 0.01', 'c 0.01']);
    assert.deepEqual(samples(snapshot, 'probe_duration_seconds_last'), ['a 0.004', 'b 0.001', 'c 0.001']);
  });

  test('tells which candidate is up and rejects the probe; its standing is still "down" here', () => {
    const snapshot = snapshotOf([
      primary('a'),
      failing(unasked('b'), 1, 'credentials'),
      failing(unasked('c')),
    ]);
    assert.deepEqual(samples(snapshot, 'candidate_standing'), ['a primary 1', 'b down 1', 'c down 1']);
    assert.deepEqual(samples(snapshot, 'candidate_rejecting'), ['a 0', 'b 1', 'c 0']);
    const primaryToo = snapshotOf([failing(primary('a'), 9, 'full')], after('a'));
    assert.deepEqual(samples(primaryToo, 'candidate_standing'), ['a doubtful 1']);
    assert.deepEqual(samples(primaryToo, 'candidate_rejecting'), ['a 1']);
  });

  test('counts another name of the primary as well', () => {
    const { startedAt } = answer('a');
    const snapshot = snapshotOf([primary('a'), primary('b', 1, { startedAt })]);
    assert.deepEqual(samples(snapshot, 'candidate_standing'), ['a primary 1', 'b alias 1']);
    assert.deepEqual(samples(snapshot, 'servers_healthy'), ['2']);
  });

  test('has no figures of a candidate that never answered', () => {
    assert.deepEqual(samples(snapshotOf([failing(unasked('a'))]), 'candidate_timeline'), []);
  });

  test('raises the alarm of a split brain', () => {
    assert.deepEqual(samples(snapshotOf(three), 'split_brain'), ['0']);
    assert.deepEqual(samples(snapshotOf([primary('a'), primary('b')], after('a')), 'split_brain'), ['1']);
    assert.deepEqual(samples(snapshotOf([primary('a'), primary('b')]), 'split_brain'), ['1']);
  });

  test('keeps quotes, backslashes and line ends in a name from ending a label', () => {
    const name = 'a"b\\c\nd';
    const [sample] = read(snapshotOf([primary(name)])).get('pg_gateway_primary')?.samples ?? [];
    assert.deepEqual(sample, { name: 'pg_gateway_primary', labels: { candidate: name }, value: 1 });
  });
});

describe('/metrics about the gateway', () => {
  test('tells which server has how many sessions', () => {
    const sessions = [{ server: { host: '10.0.0.1', port: 5432 }, sessions: 3 }, {
      server: { host: 'fd00::1', port: 5433 },
      sessions: 0,
    }];
    const snapshot = snapshotOf(three, undefined, { sessions });
    assert.deepEqual(samples(snapshot, 'sessions'), ['10.0.0.1:5432 3', '[fd00::1]:5433 0']);
  });

  test('tells failovers by rule, from zero on, how long they took, and alarms', () => {
    assert.deepEqual(samples(snapshotOf(three), 'failovers_total'), [
      'onlyPrimary 0',
      'newestTimeline 0',
      'everybodyFollows 0',
      'newSystem 0',
      'splitBrainIncumbent 0',
      'standbysVote 0',
    ]);
    assert.deepEqual(samples(snapshotOf(three), 'split_brain_alarms_total'), ['0']);
    const history = new History();
    history.failovers.set('newestTimeline', 2);
    history.alarms = 1;
    history.failoverTimes.add(0.3);
    history.detectionTimes.add(0.02);
    const snapshot = snapshotOf(three, undefined, { history });
    assert.ok(samples(snapshot, 'failovers_total').includes('newestTimeline 2'));
    assert.deepEqual(samples(snapshot, 'split_brain_alarms_total'), ['1']);
    assert.deepEqual(samples(snapshot, 'failover_duration_seconds').slice(2, 5), [
      '0.1 0',
      '0.25 0',
      '0.5 1',
    ]);
    assert.deepEqual(samples(snapshot, 'failover_duration_seconds').slice(-2), ['0.3', '1']);
    assert.deepEqual(samples(snapshot, 'detection_duration_seconds').slice(0, 1), ['0.025 1']);
  });

  test('tells the epoch, the verdicts, the start in seconds, and what it is', () => {
    const snapshot = snapshotOf(three);
    assert.deepEqual(samples(snapshot, 'epoch'), ['7']);
    assert.deepEqual(samples(snapshot, 'verdicts_total'), ['3']);
    assert.deepEqual(samples(snapshot, 'start_time_seconds'), ['1700000000.5']);
    assert.deepEqual(samples(snapshot, 'build_info'), ['1.2.3 node 1']);
  });

  test('tells how long probes took, as a histogram for each candidate', () => {
    const probes = new ProbeTimes();
    for (const tookMs of [0.5, 1, 1.5, 9, 30_000]) {
      probes.note([withAnswer(unasked('a'), answer('a', { tookMs })), standby('b')]);
    }
    probes.note([failing(unasked('a')), standby('b')]);
    const snapshot = snapshotOf(three, undefined, { probes });
    const ofA = samples(snapshot, 'probe_duration_seconds').filter((line) => line.startsWith('a '));
    assert.deepEqual(ofA, [
      'a 0.001 2',
      'a 0.0025 3',
      'a 0.005 3',
      'a 0.01 4',
      'a 0.025 4',
      'a 0.05 4',
      'a 0.1 4',
      'a 0.25 4',
      'a 0.5 4',
      'a 1 4',
      'a 2.5 4',
      'a +Inf 5',
      'a 30.012',
      'a 5',
    ]);
    assert.deepEqual(samples(snapshot, 'probe_failures_total'), ['a 1', 'b 0']);
    assert.deepEqual(samples(snapshot, 'probe_overdue_total'), ['a 0', 'b 0']);
  });
});
