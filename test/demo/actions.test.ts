/** What the actions do to real servers, and that what they say of them is so. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { actions, type Promoted } from '../../src/demo/actions.ts';
import { readHistory } from '../../src/demo/following.ts';
import { type Cluster, type Server, startCluster } from '../bed/cluster.ts';
import { removeWorkspace } from '../bed/workspace.ts';

after(removeWorkspace);

const patience = { timeout: 120_000 };

async function withCluster(run: (cluster: Cluster, latest: Promoted) => Promise<void>): Promise<void> {
  const cluster = await startCluster({ standbys: 2 });
  try {
    await run(cluster, { server: cluster.first, timeline: 1 });
  } finally {
    await cluster.close();
  }
}

/** Whom the server streams from, by itself; undefined: from nobody. */
async function streamsFrom(server: Server, cluster: Cluster): Promise<string | undefined> {
  const [row] = await server.query<{ port: number }>(
    `select sender_port as port from pg_stat_wal_receiver where status = 'streaming'`,
  );
  return cluster.servers.find(({ port }) => port === row?.port)?.name;
}

/** Gives server3 more of timeline 1 than server2 has, as a primary does that is alive during the promotion. */
async function divergeThird(cluster: Cluster): Promise<void> {
  await cluster.server(1).stop();
  await cluster.first.query('create table more as select generate_series(1, 1000) as n');
  await cluster.server(2).catchUp();
  await cluster.first.kill();
  await cluster.server(1).start();
}

describe('the actions of the demo', () => {
  test(
    'promote says who follows, who does not, and why; back makes all of them follow',
    patience,
    () =>
      withCluster(async (cluster, first) => {
        await divergeThird(cluster);
        const { text, promoted = first } = await actions.promote(cluster, cluster.server(1));
        assert.match(
          text,
          /^promoted server2 to timeline 2; server1 does not follow it: it is down; server3 does not follow it: /,
        );
        assert.match(
          text,
          /server3 does not follow it: it stays on timeline 1, of which it has more \(0\/[0-9A-F]+\) than/,
        );
        assert.match(text, /; back \(b\) makes them standbys of server2$/);

        const rebuilt = await actions.back(cluster, undefined, promoted);
        assert.equal(rebuilt.text, 'rebuilt server1 and server3 from server2; server1 and server3 follow it');
        for (const index of [0, 2]) {
          assert.equal(await streamsFrom(cluster.server(index), cluster), 'server2');
          assert.equal(await cluster.server(index).timeline(), 2);
        }
        const nothing = await actions.back(cluster, undefined, promoted);
        assert.equal(nothing.text, 'server2 is the primary; server1 and server3 follow it');
      }),
  );

  test(
    'an old primary that is alive is said to be one, and brought back',
    patience,
    () =>
      withCluster(async (cluster, first) => {
        const { text, promoted = first } = await actions.promote(cluster, cluster.server(1));
        assert.match(text, /server1 does not follow it: it claims to be a primary itself, on timeline 1/);
        assert.deepEqual([promoted.server.name, promoted.timeline], ['server2', 2]);
        await actions.back(cluster, undefined, promoted);
        assert.equal(await streamsFrom(cluster.first, cluster), 'server2');
      }),
  );

  test(
    'a standby that streams from another server is brought back',
    patience,
    () =>
      withCluster(async (cluster, latest) => {
        await cluster.server(2).follow(cluster.server(1));
        const { text } = await actions.back(cluster, undefined, latest);
        assert.equal(text, 'rebuilt server3 from server1; server3 follows it');
      }),
  );

  test(
    'back starts the primary that was promoted last, not an older one that is alive',
    patience,
    () =>
      withCluster(async (cluster, first) => {
        const { promoted = first } = await actions.promote(cluster, cluster.server(1));
        await cluster.server(1).kill();
        await assert.rejects(actions.back(cluster, cluster.first, promoted), /bring back server2 first/);
        const { text } = await actions.back(cluster, undefined, promoted);
        assert.match(text, /^started server2 again; rebuilt server1(?: and server3)? from server2; server1 /);
        assert.equal(await streamsFrom(cluster.first, cluster), 'server2');
      }),
  );

  test(
    'back thaws a frozen primary, and nobody is rebuilt',
    patience,
    () =>
      withCluster(async (cluster, latest) => {
        await actions.freeze(cluster, undefined);
        const { text } = await actions.back(cluster, undefined, latest);
        assert.equal(text, 'thawed server1 again; server1 is the primary; server2 and server3 follow it');
      }),
  );

  test(
    'a switchover ends with all of them following',
    patience,
    () =>
      withCluster(async (cluster) => {
        const { text } = await actions.switchover(cluster, cluster.server(2));
        assert.equal(text, 'switched from server1 to server3, timeline 2; server1 and server2 follow it');
      }),
  );
});

test('the history of a timeline tells where the older ones ended', () => {
  const text = '1\t0/1750000\tno recovery target specified\n\n2\t1/A0\tno recovery target specified\n';
  assert.deepEqual([...readHistory(text)], [[1, 0x1750000n], [2, 0x1000000a0n]]);
});
