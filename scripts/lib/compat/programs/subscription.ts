/** A logical subscription whose publisher is the gateway, as docs/recipes/logical-replication.md has it. */
import { type Cluster, type Server, startStranger } from '../../../../test/bed/cluster.ts';
import { clientOf } from '../../../../test/bed/clients.ts';
import { waitFor } from '../../../../test/bed/wait-for.ts';
import type { Program } from '../cells.ts';
import type { FaultName } from '../faults.ts';
import type { Scene, Way } from '../scene.ts';
import { recipeFor } from './subscription-recipes.ts';

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

/**
 * How many rows the publisher has, and how many of them the subscriber lacks once it has the newest. What the publisher has
 * lost itself, because it replicates asynchronously, is no loss of the subscription.
 */
async function compared(
  scene: Scene,
  subscriber: Server,
): Promise<{ readonly published: number; readonly missing: number }> {
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
  return { published: published.length, missing: published.filter((n) => !there.has(n)).length };
}

async function fill(scene: Scene, way: Way, isEncrypted: boolean): Promise<string> {
  return await withSubscriber(scene, way, isEncrypted, async (subscriber) => {
    await scene.primary.query('insert into published select generate_series(1, 1000)');
    const { missing } = await compared(scene, subscriber);
    if (missing > 0) throw new Error(`the subscriber lacks ${missing} rows`);
    return '';
  });
}

/** Writes through the gateway, row by row, until `stop`; whoever is ended, or hears nothing, connects anew. */
function writer(
  port: number,
): { readonly acknowledged: ReadonlySet<number>; readonly stop: () => Promise<void> } {
  const acknowledged = new Set<number>();
  let [next, runs] = [0, true];
  const ended = (async () => {
    while (runs) {
      const sql = clientOf(port);
      try {
        while (runs) {
          const n = ++next;
          await inTime(sql`insert into published values (${n})`);
          acknowledged.add(n);
        }
      } catch {
        // What was not acknowledged may be lost, and its number is not used again.
      } finally {
        await sql.end({ timeout: 0 });
      }
    }
  })();
  return {
    acknowledged,
    stop: () => {
      runs = false;
      return ended;
    },
  };
}

/** Longer than a failover takes here, while clients are held. */
const answerMs = 20_000;

async function inTime(answer: Promise<unknown>): Promise<void> {
  // It may be rejected later, when its client is ended.
  answer.catch(() => {});
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${answerMs} ms`)), answerMs);
  });
  try {
    await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Who has not yet got what the primary has written last, when it goes. */
type Laggard = 'subscriber' | 'standby';

/** Freezes the process of the primary that sends it what is written; resolves once the others have more. */
async function keepBehind(scene: Scene, who: Laggard, acknowledged: ReadonlySet<number>): Promise<void> {
  const [sender] = await scene.primary.query<{ pid: number }>(
    `select pid from pg_stat_replication where (application_name = 'sub') = ${who === 'subscriber'}`,
  );
  if (sender === undefined) throw new Error(`nothing is sent to the ${who}`);
  process.kill(Number(sender.pid), 'SIGSTOP');
  const before = acknowledged.size;
  await waitFor('writes that it does not get', () => acknowledged.size > before + 100);
}

async function surviving(scene: Scene, fault: FaultName): Promise<string> {
  // An orderly stop waits until both have all; in the others whoever lags decides what may be lost.
  if (fault === 'stop') return await survivingWith(scene, fault, undefined);
  const notes = [];
  for (const who of ['subscriber', 'standby'] as const) notes.push(await survivingWith(scene, fault, who));
  return notes.join('; ');
}

async function survivingWith(scene: Scene, fault: FaultName, laggard: Laggard | undefined): Promise<string> {
  const recipe = recipeFor(scene.version);
  const next = scene.standby;
  try {
    return await withSubscriber(scene, 'gateway', false, async (subscriber) => {
      await recipe.prepare(scene, subscriber);
      const load = writer(scene.gateway.port);
      try {
        await waitFor('writes', () => load.acknowledged.size > 200);
        if (laggard !== undefined) await keepBehind(scene, laggard, load.acknowledged);
        await scene.strike(fault);
        await recipe.promote(next);
        await scene.promoted();
        const before = load.acknowledged.size;
        await waitFor('writes on the new primary', () => load.acknowledged.size > before + 200, {
          deadlineMs: 60_000,
        });
      } finally {
        await load.stop();
      }
      await streams(scene);
      const { published, missing } = await compared(scene, subscriber);
      const behind = laggard === undefined ? '' : `, the ${laggard} behind`;
      if (missing > 0) {
        throw new Error(`${recipe.what}${behind}, the subscriber lacks ${missing} rows of ${published}`);
      }
      return `${recipe.what}${behind}: it has all ${published} rows that the new primary has`;
    });
  } finally {
    await recipe.clean(next).catch(() => {});
    if (!scene.isWell) {
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
