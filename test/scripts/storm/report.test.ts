import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectionsIn } from '../../../scripts/lib/storm/connections.ts';
import { countInto, inWords, merged, sumOf } from '../../../scripts/lib/storm/counts.ts';
import { type Facts, goalsOf, missingOf, times, type Trial } from '../../../scripts/lib/storm/report.ts';
import { tableOf } from '../../../scripts/lib/storm/table.ts';

function trial(
  way: Trial['way'],
  round: number,
  servedMs: readonly number[],
  clients = servedMs.length,
): Trial {
  return {
    way,
    round,
    clients,
    othersShare: 0.05,
    leaderlessMs: 1001,
    promotingMs: 120,
    doubtMs: 2,
    servedMs,
    broken: { closed: clients },
    notConnected: { closed: 3, '57P03': 5 },
    notWritten: { '25006': 1 },
    successor: { started: 110, atOnce: 104, cpuMs: 900 },
    otherStarted: 4,
    proxyCpuMs: way === 'hosts' ? undefined : 250,
  };
}

const hundred = (factor: number) => Array.from({ length: 100 }, (_, at) => (at + 1) * factor);

describe('what a storm has shown', () => {
  test('times are those of the clients at that rank, and of those who never came', () => {
    const all = trial('gateway', 0, hundred(10));
    assert.deepEqual([times['50 %'](all), times['99 %'](all), times.all(all)], [500, 990, 1000]);
    const some = trial('gateway', 0, hundred(10).slice(0, 98), 100);
    assert.deepEqual([times['50 %'](some), times['99 %'](some), times.all(some)], [500, Infinity, Infinity]);
    assert.equal(missingOf(some), 2);
  });

  test('a goal is met where the median is less, and the noise is told', () => {
    const goals = goalsOf([
      ...[10, 11, 30].map((factor, round) => trial('gateway', round, hundred(factor))),
      ...[12, 20, 21].map((factor, round) => trial('hosts', round, hundred(factor))),
      ...[50, 60, 70].map((factor, round) => trial('haproxy', round, hundred(factor))),
    ]);
    assert.equal(goals.length, 6);
    for (const { against, isMet, isWithinNoise, ours, theirs, time } of goals) {
      assert.ok(isMet);
      assert.equal(isWithinNoise, against === 'hosts');
      if (time === '50 %') assert.deepEqual([ours, theirs], [550, against === 'hosts' ? 1000 : 3000]);
    }
    const [missed] = goalsOf([trial('gateway', 0, hundred(2)), trial('hosts', 0, hundred(1))]);
    assert.deepEqual([missed?.isMet, missed?.isWithinNoise], [false, false]);
    assert.deepEqual(goalsOf([trial('hosts', 0, hundred(1))]), []);
  });

  test('is a table in Markdown', () => {
    const facts: Facts = {
      startedAt: '2026-11-27T22:00:00.000Z',
      tookSeconds: 100,
      command: 'scripts/storm --clients 100',
      machine: {
        cores: 2,
        cpu: 'X',
        kernel: '6',
        memoryGiB: 24,
        openFiles: 20_000,
        loadBefore: 0.5,
        loadAfter: 1,
      },
      options: { clients: 100, kind: 'kill', rounds: 2, seed: 1, settings: { MAX_HELD: '5' } },
      trials: [
        trial('gateway', 0, hundred(10)),
        trial('hosts', 0, hundred(20)),
        trial('gateway', 1, hundred(12)),
        trial('hosts', 1, hundred(20).slice(1), 100),
      ],
    };
    const lines = tableOf(facts).split('\n');
    assert.match(lines[0]!, /^100 clients, kill, 2 rounds, seed 1, MAX_HELD=5\./);
    assert.ok(lines.includes('|  | pg_gateway | a list of hosts, no proxy |'));
    assert.ok(
      lines.includes(
        '| promoted until the first client is served, s | 0.01 (0.01 to 0.01) | 0.03 (0.02 to 0.04) |',
      ),
    );
    assert.ok(lines.includes('| until 50 % are | 0.55 (0.50 to 0.60) | 1.01 (1.00 to 1.02) |'));
    assert.ok(lines.includes('| clients never served | 0 | 1 (0 to 1) |'));
    assert.ok(lines.includes('| processor time of the proxy, s | 0.25 | - |'));
    assert.ok(lines.includes('* met: 50 % served ahead of a list of hosts, no proxy, 0.55 s to 1.01 s'));
    assert.ok(
      lines.includes(
        '* pg_gateway, all rounds together: sessions ended: 200 closed; connects failed: 10 57P03, 6 closed; ' +
          'first writes failed: 2 25006.',
      ),
    );
  });

  test('reasons are counted', () => {
    const counts = {};
    for (const reason of ['late', 'closed', 'late']) countInto(counts, reason);
    assert.equal(inWords(merged([counts, { closed: 2000 }])), '2,001 closed, 2 late');
    assert.equal(sumOf(counts), 3);
    assert.equal(inWords({}), '');
  });
});

test('connections are counted by the log of a server', () => {
  const at = '2026-11-27 22:00:00.001 UTC';
  const log = [
    `${at} [10] LOG:  connection received: host=127.0.0.1 port=1`,
    `${at} [10] LOG:  connection authorized: user=postgres database=postgres`,
    `${at} [11] LOG:  connection received: host=127.0.0.1 port=2`,
    `${at} [11] FATAL:  the database system is starting up`,
    `${at} [12] LOG:  connection received: host=127.0.0.1 port=3`,
    `${at} [10] LOG:  disconnection: session time: 0:00:00.1 user=postgres`,
    `${at} [9] LOG:  disconnection: session time: 0:10:00.1 user=postgres`,
    `${at} [10] LOG:  connection received: host=127.0.0.1 port=4`,
    `${at} [13] LOG:  connection received: host=127.0.0.1 port=5`,
    `${at} [8] LOG:  checkpoint complete`,
    'a line without a prefix',
  ].join('\n');
  assert.deepEqual(connectionsIn(log), { started: 5, atOnce: 3 });
});
