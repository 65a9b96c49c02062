/** A logical subscription whose publisher is the gateway, as docs/recipes/logical-replication.md has it. */
import { type Cluster, type Server, startStranger } from '../../../../test/bed/cluster.ts';
import { clientOf } from '../../../../test/bed/clients.ts';
import { waitFor } from '../../../../test/bed/wait-for.ts';
import type { Program } from '../cells.ts';
import type { Scene, Way } from '../scene.ts';

const none = 'a subscription does nothing of the kind';

async function withSubscriber<T>(
  scene: Scene,
  way: Way,
  isEncrypted: boolean,
  during: (subscriber: Server) => Promise<T>,
): Promise<T> {
  let cluster: Cluster | undefined;
  const table = 'create table published (n int primary key)';
  try {
    cluster = await startStranger({ bin: scene.bin });
    const subscriber = cluster.first;
    await scene.primary.query(table);
    await scene.primary.query('create publication pub for table published');
    await subscriber.query(table);
    // A root certificate would have to be readable by the server's account; that it is verified is tried elsewhere.
    const conninfo = `host=127.0.0.1 port=${scene.port(way)} user=postgres dbname=postgres ` +
      `sslmode=${isEncrypted ? 'require' : 'disable'}`;
    await subscriber.query(`create subscription sub connection '${conninfo}' publication pub`);
    await streams(scene);
    const result = await during(subscriber);
    // Which drops its slot at the publisher, too.
    await subscriber.query('drop subscription sub');
    return result;
  } finally {
    await cluster?.close();
    await scene.primary.query('drop publication if exists pub');
    await scene.primary.query('drop table if exists published');
    await scene.primary.query(
      `select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = 'sub' and not active`,
    );
  }
}

function streams(scene: Scene): Promise<unknown> {
  return waitFor('the subscription to stream', async () => {
    const rows = await scene.primary.query(
      `select from pg_stat_replication where application_name = 'sub' and state = 'streaming'`,
    );
    return rows.length > 0;
  });
}

/** Resolves with how many rows of the publisher, of those in `of`, the subscriber lacks once it has the newest. */
async function missing(scene: Scene, subscriber: Server, of?: ReadonlySet<number>): Promise<number> {
  const numbers = async (server: Server) =>
    (await server.query<{ n: number }>('select n from published')).map(({ n }) => Number(n));
  const published = await numbers(scene.primary);
  const newest = Math.max(...published);
  const has = (n: number) => async () =>
    (await subscriber.query(`select from published where n = ${n}`)).length > 0;
  await waitFor(`row ${newest} at the subscriber`, has(newest), {
    evidence: () => subscriber.log().slice(-1000),
  });
  const there = new Set(await numbers(subscriber));
  return published.filter((n) => !there.has(n) && (of?.has(n) ?? true)).length;
}

async function fill(scene: Scene, way: Way, isEncrypted: boolean): Promise<string> {
  return await withSubscriber(scene, way, isEncrypted, async (subscriber) => {
    await scene.primary.query('insert into published select generate_series(1, 1000)');
    const lost = await missing(scene, subscriber);
    if (lost > 0) throw new Error(`the subscriber lacks ${lost} rows`);
    return '';
  });
}

/** Writes through the gateway, row by row, until `stop`; whoever is ended writes again. */
function writer(
  port: number,
): { readonly acknowledged: ReadonlySet<number>; readonly stop: () => Promise<void> } {
  const sql = clientOf(port);
  const acknowledged = new Set<number>();
  let [next, runs] = [0, true];
  const ended = (async () => {
    while (runs) {
      const n = ++next;
      try {
        await sql`insert into published values (${n})`;
        acknowledged.add(n);
      } catch {
        // What was not acknowledged may be lost, and its number is not used again.
      }
    }
    await sql.end({ timeout: 0 });
  })();
  return {
    acknowledged,
    stop: () => {
      runs = false;
      return ended;
    },
  };
}

async function setReadOnly(server: Server, value: 'set' | 'reset'): Promise<void> {
  const setting = 'default_transaction_read_only';
  await server.query(value === 'set' ? `alter system set ${setting} = on` : `alter system reset ${setting}`);
  await server.query('select pg_reload_conf()');
}

/** What is done before a failover and in it, so that the subscriber loses nothing. */
interface Recipe {
  readonly what: string;
  prepare(scene: Scene, subscriber: Server): Promise<void>;
  /** The old primary is dead. Promotes the standby; returns once the gateway may elect it. */
  promote(scene: Scene, next: Server): Promise<void>;
  /** Takes back what `prepare` has set on the standby, whatever it is by now. */
  clean(next: Server): Promise<void>;
}

/** Before PostgreSQL 17. Until the slot is there the new primary says that it is read-only, and gets no client. */
const readOnlyUntilSlot: Recipe = {
  what: 'read-only until the slot was there',
  prepare: (scene) => setReadOnly(scene.standby, 'set'),
  promote: async (scene, next) => {
    await next.promote();
    await scene.gateway.routesTo('nobody');
    await next.query(`select pg_create_logical_replication_slot('sub', 'pgoutput')`);
    await setReadOnly(next, 'reset');
  },
  clean: (next) => setReadOnly(next, 'reset'),
};

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
  promote: (_, next) => next.promote(),
  clean: async (next) => {
    for (
      const name of [
        'primary_slot_name',
        'primary_conninfo',
        'hot_standby_feedback',
        'sync_replication_slots',
      ]
    ) {
      await next.query(`alter system reset ${name}`);
    }
    await next.query('select pg_reload_conf()');
  },
};

async function setAll(server: Server, settings: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(settings)) {
    await server.query(`alter system set ${name} = '${value}'`);
  }
  await server.query('select pg_reload_conf()');
}

async function surviving(scene: Scene): Promise<string> {
  const recipe = scene.version >= 17 ? failoverSlot : readOnlyUntilSlot;
  const next = scene.standby;
  try {
    return await withSubscriber(scene, 'gateway', false, async (subscriber) => {
      await recipe.prepare(scene, subscriber);
      const load = writer(scene.gateway.port);
      try {
        await waitFor('writes', () => load.acknowledged.size > 200);
        await scene.kill();
        await recipe.promote(scene, next);
        await scene.promoted();
        const before = load.acknowledged.size;
        await waitFor('writes on the new primary', () => load.acknowledged.size > before + 200);
      } finally {
        await load.stop();
      }
      await streams(scene);
      const lost = await missing(scene, subscriber);
      if (lost > 0) {
        throw new Error(`${recipe.what}, the subscriber lacks ${lost} rows of ${load.acknowledged.size}`);
      }
      return `it reconnected by itself; ${recipe.what}, the subscriber had all acknowledged rows, ${load.acknowledged.size} of them`;
    });
  } finally {
    await recipe.clean(next).catch(() => {});
    if (!scene.primary.isUp) {
      if (await next.query('select pg_is_in_recovery() as it').then(([row]) => row?.['it'] === true)) {
        await next.promote();
      }
      await scene.promoted();
    }
    await scene.mend();
  }
}

export const subscription: Program = {
  name: 'logical subscription',
  isCheap: false,
  find: ({ version }) => ({ version: String(version) }),
  plan: () => ({
    plain: (scene, way) => fill(scene, way, false),
    tls: (scene, way) => fill(scene, way, true),
    cancel: none,
    copy: 'plain is that: its first rows come by COPY',
    notify: none,
    long: none,
    failover: surviving,
  }),
};
