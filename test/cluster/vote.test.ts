import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elect, noMemory } from '../../src/cluster/election.ts';
import type { Upstream } from '../../src/cluster/observation.ts';
import { answer, now, primary, rules, standby } from './scene.ts';

const rivals = [primary('a', 1, { host: '192.0.2.1' }), primary('b', 1, { host: 'fd00::b' })];
const upstream = (host: string, port = 5432): { readonly upstream: Upstream } => ({
  upstream: { host, port },
});
const winner = (...others: Parameters<typeof elect>[0]): string | undefined =>
  elect([...rivals, ...others], noMemory, now, rules).primary?.candidate.name;

describe('the vote of a standby', () => {
  test('goes to the rival of that name or that address, whatever the case, and of that port', () => {
    for (const host of ['b.example', 'B.Example', 'fd00::b', 'FD00::B']) {
      assert.equal(winner(standby('c', 1, upstream(host))), 'b', host);
      assert.equal(winner(standby('c', 1, upstream(host, 5433))), undefined, host);
    }
    for (const host of ['other.example', '192.0.2.3', '/run/postgresql']) {
      assert.equal(winner(standby('c', 1, upstream(host))), undefined, host);
    }
  });

  test('is given in the reason and in its own note', () => {
    const voters = [standby('c', 1, upstream('b.example')), standby('d', 1, upstream('192.0.2.1'))];
    const verdict = elect(
      [...rivals, ...voters, standby('e', 1, upstream('fd00::b'))],
      noMemory,
      now,
      rules,
    );
    assert.match(verdict.reason, /; b is elected because 2 of 3 standbys stream from it; stop the others$/);
    assert.equal(verdict.findings[2]?.note, 'is a standby on timeline 1, streaming from b.example port 5432');
  });

  test('counts once, whatever the number of its names', () => {
    const twin = { startedAt: answer('c').startedAt };
    const one = [
      standby('c', 1, upstream('a.example')),
      standby('c2', 1, { ...upstream('a.example'), ...twin }),
    ];
    assert.equal(winner(...one, standby('d', 1, upstream('b.example'))), undefined);
  });

  test('counts for a server under whichever of its names it is followed', () => {
    const twin = primary('a2', 1, { startedAt: answer('a').startedAt });
    assert.equal(winner(twin, standby('c', 1, upstream('a2.example'))), 'a');
  });

  test('does not count if it could be for two', () => {
    const shared = { host: 'pg', port: 5432 };
    const both = rivals.map((rival) => ({ ...rival, candidate: { ...rival.candidate, ...shared } }));
    const voter = standby('c', 1, { upstream: shared });
    assert.equal(elect([...both, voter], noMemory, now, rules).rule, 'splitBrain');
  });

  test('for a loopback address counts only where the standby is reached by one too', () => {
    const local = [primary('a', 1, { host: '127.0.0.1' }), primary('b', 1, { host: '192.0.2.2' })];
    for (const [host, elected] of [['127.0.0.1', 'a'], ['192.0.2.2', undefined]] as const) {
      const voter = standby('c', 1, { host, ...upstream('127.0.0.1') });
      assert.equal(elect([...local, voter], noMemory, now, rules).primary?.candidate.name, elected);
    }
  });
});
