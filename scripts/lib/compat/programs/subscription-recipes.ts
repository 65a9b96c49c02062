/** What is done before a failover and in it, so that a subscriber loses nothing: docs/recipes/logical-replication.md. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chownTo } from '../../../../src/demo/servers/server-files.ts';
import type { Server } from '../../../../test/bed/cluster.ts';
import { postgresBinaries } from '../../../../test/bed/postgres-binaries.ts';
import { waitFor } from '../../../../test/bed/wait-for.ts';
import type { Scene } from '../scene.ts';

export interface Recipe {
  readonly what: string;
  prepare(scene: Scene, subscriber: Server): Promise<void>;
  /** The old primary is gone. Promotes the standby; returns once the gateway may elect it. */
  promote(next: Server): Promise<void>;
  /** Takes back what `prepare` has set on the standby, whatever it is by now. */
  clean(next: Server): Promise<void>;
}

/** For a subscription that is called `sub`, as its slot is. */
export function recipeFor(version: number): Recipe {
  if (version >= 17) return failoverSlot;
  return keptSlot(version >= 16 ? makeSlot : copySlot);
}

/**
 * Before PostgreSQL 17. The standby has a slot that is older than what the subscriber has, so whatever the standby had
 * received and the subscriber had not comes from there. A subscriber that is ahead of the standby would ask for what
 * comes after its own position; so nobody may write before the new primary has passed that, and until then it says that
 * it is read-only, and gets no client.
 */
function keptSlot(make: (scene: Scene) => Promise<void>): Recipe {
  return {
    what: 'with a slot on the standby',
    prepare: async (scene) => {
      const { primary, standby } = scene;
      await setAll(standby, { hot_standby_feedback: 'on', default_transaction_read_only: 'on' });
      await make(scene);
      // From now on somebody does this once in a while, or the standby keeps all WAL.
      const [slot] = await primary.query(
        `select confirmed_flush_lsn as lsn from pg_replication_slots where slot_name = 'sub'`,
      );
      await standby.query(`select pg_replication_slot_advance('sub', '${slot?.['lsn']}')`);
    },
    promote: async (next) => {
      await next.promote();
      // To the begin of a segment, and then past one.
      for (let turn = 0; turn < 2; turn++) {
        await next.query(`select pg_logical_emit_message(false, 'failover', '')`);
        await next.query('select pg_switch_wal()');
      }
      await resetAll(next, ['default_transaction_read_only']);
    },
    clean: (next) => resetAll(next, ['hot_standby_feedback', 'default_transaction_read_only']),
  };
}

/** Since PostgreSQL 16 a standby can make one. */
async function makeSlot({ primary, standby }: Scene): Promise<void> {
  let isMade = false;
  const made = standby.query(`select pg_create_logical_replication_slot('sub', 'pgoutput')`, 60_000)
    .then(() => isMade = true);
  // It waits for the primary to tell which transactions run.
  await Promise.all([
    made,
    waitFor('the slot on the standby', async () => {
      if (!isMade) await primary.query('select pg_log_standby_snapshot()');
      return isMade;
    }, { everyMs: 200, deadlineMs: 60_000 }),
  ]);
}

/** Before it, a slot is a file that is copied while the standby is down; Patroni does so, too. */
async function copySlot({ primary, standby }: Scene): Promise<void> {
  // The slot's position must be there before what is replayed is past it.
  await standby.catchUp();
  await standby.stop();
  const [slot] = await primary.query(
    `select encode(pg_read_binary_file('pg_replslot/sub/state'), 'base64') as state`,
  );
  const { account } = postgresBinaries();
  const folder = join(standby.data, 'pg_replslot/sub');
  mkdirSync(folder, { mode: 0o700 });
  chownTo(folder, account);
  const file = join(folder, 'state');
  writeFileSync(file, Buffer.from(String(slot?.['state']), 'base64'));
  chmodSync(file, 0o600);
  chownTo(file, account);
  await standby.start();
  await standby.streams();
}

const physicalSlot = 'standby';

/** Since PostgreSQL 17 the slot is kept on the standby, too, and the subscriber is never ahead of it. */
const failoverSlot: Recipe = {
  what: 'with a failover slot',
  prepare: async (scene, subscriber) => {
    const { primary, standby } = scene;
    await primary.query(`select pg_create_physical_replication_slot('${physicalSlot}', true)`);
    await setAll(standby, {
      primary_slot_name: physicalSlot,
      primary_conninfo: `host=${primary.host} port=${primary.port} user=postgres dbname=postgres ` +
        `application_name=${standby.name} sslmode=disable`,
      hot_standby_feedback: 'on',
      sync_replication_slots: 'on',
    });
    await setAll(primary, { synchronized_standby_slots: physicalSlot });
    // `failover` can be changed only while nothing streams.
    await subscriber.query('alter subscription sub disable');
    await waitFor('the subscription to rest', async () => {
      try {
        return (await subscriber.query('alter subscription sub set (failover = true)')).length === 0;
      } catch {
        return false;
      }
    });
    await subscriber.query('alter subscription sub enable');
    await waitFor('the slot to be kept on the standby', async () => {
      await primary.query('select pg_log_standby_snapshot()');
      const kept = await standby.query(
        `select from pg_replication_slots where slot_name = 'sub' and synced and not temporary`,
      );
      return kept.length > 0;
    }, { everyMs: 200, deadlineMs: 60_000, evidence: () => standby.log().slice(-1500) });
  },
  promote: (next) => next.promote(),
  clean: (next) =>
    resetAll(next, [
      'primary_slot_name',
      'primary_conninfo',
      'hot_standby_feedback',
      'sync_replication_slots',
    ]),
};

async function setAll(server: Server, settings: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(settings)) {
    await server.query(`alter system set ${name} = '${value}'`);
  }
  await server.query('select pg_reload_conf()');
}

async function resetAll(server: Server, names: readonly string[]): Promise<void> {
  for (const name of names) await server.query(`alter system reset ${name}`);
  await server.query('select pg_reload_conf()');
}
