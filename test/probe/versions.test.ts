/** The one statement on every other version of PostgreSQL that is installed here. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { otherPostgres } from '../bed/postgres-binaries.ts';
import { waitFor } from '../bed/wait-for.ts';
import { check, open } from './support.ts';

const found = otherPostgres();

test('the probe asks older versions of PostgreSQL', {
  skip: found.length === 0 && 'none is installed below /usr/lib/postgresql (package postgresql-15, for one)',
}, () => assert.ok(found.every(({ version }) => version < 18)));

for (const { version, bin } of found) {
  describe(`asking PostgreSQL ${version}`, () => {
    let cluster: Cluster;
    before(async () => {
      cluster = await startCluster({ standbys: 2, bin });
      await cluster.first.query('create role plain login');
      await cluster.first.query('create role granted login in role pg_read_all_stats');
      for (const standby of cluster.servers.slice(1)) await standby.catchUp();
    });
    after(() => cluster?.close());

    check('it is that version', async () => {
      const [row] = await cluster.first.query(
        `select current_setting('server_version_num')::int / 10000 as is`,
      );
      assert.equal(row?.['is'], version);
    });

    check('two sessions of a role without grants see the marks of each other', async (t) => {
      for (const { port } of cluster.servers) {
        const [one, other] = [open(t, port, { user: 'plain' }).probe, open(t, port, { user: 'plain' }).probe];
        for (const probe of [one, other]) await probe.ask();
        const { marks } = await one.ask(true);
        assert.equal((await other.ask(true)).marks?.seen.includes(marks!.own), true);
      }
    });

    check('a primary and a standby say which they are, to a role without grants', async (t) => {
      const primary = await open(t, cluster.first.port, { user: 'plain' }).probe.ask();
      assert.deepEqual([primary.inRecovery, primary.readOnly, primary.timeline], [false, false, 1]);
      assert.equal(primary.replayedLsn, primary.lsn);
      assert.match(primary.startedAt, /^\d{16} \d+ 127\.0\.0\.1$/);
      const standby = await open(t, cluster.server(1).port, { user: 'plain' }).probe.ask();
      assert.deepEqual([standby.inRecovery, standby.readOnly, standby.timeline], [true, true, 1]);
      assert.equal(standby.system, primary.system);
      assert.notEqual(standby.startedAt, primary.startedAt);
      assert.ok(standby.lsn! > 0n && standby.replayedLsn! > 0n && standby.replayedLsn! <= standby.lsn!);
      assert.deepEqual([primary.upstream, standby.upstream], [undefined, undefined]);
    });

    check('a standby says which server it streams from, to a role with the grant', async (t) => {
      const { probe } = open(t, cluster.server(1).port, { user: 'granted' });
      // PostgreSQL 10 does not show the sender's address.
      const expected = version === 10 ? undefined : { host: cluster.first.host, port: cluster.first.port };
      assert.deepEqual((await probe.ask()).upstream, expected);
    });

    check('a promotion is seen on the new primary, and on the standby that follows it', async (t) => {
      const [, young, other] = cluster.servers;
      const { probe } = open(t, young!.port, { user: 'plain' });
      await probe.ask();
      await young!.promote();
      const { inRecovery, readOnly, timeline } = await probe.ask();
      assert.deepEqual([inRecovery, readOnly, timeline], [false, false, 2]);
      await other!.follow(young!);
      const { probe: granted } = open(t, other!.port, { user: 'granted' });
      await waitFor('the timeline on the other standby', async () => (await granted.ask()).timeline === 2);
    });
  });
}
