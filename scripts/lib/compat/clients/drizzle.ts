/** Drizzle on node-postgres: its queries, transactions and prepared statements. */
import { equal, failureOf, load, main, place, say, ssl, textOf } from './client.ts';

const { drizzle } = load('drizzle-orm/node-postgres');
const { pgTable, serial, text } = load('drizzle-orm/pg-core');
const { eq, sql } = load('drizzle-orm');
const { Pool } = load('pg');

const pool = new Pool({ ...place, ssl, max: 4 });
pool.on('error', () => {});
// One that is lent out tells nobody but itself, and the process would end with it.
pool.on('connect', (client: typeof pool) => client.on('error', () => {}));
const db = drizzle({ client: pool });
const people = pgTable('drizzle_people', { id: serial('id').primaryKey(), name: text('name') });

async function withPeople(during: () => Promise<void>): Promise<void> {
  await db.execute(sql`create table ${people} (id serial primary key, name text)`);
  try {
    await during();
  } finally {
    await db.execute(sql`drop table ${people}`);
  }
}

await main({
  plain: () =>
    withPeople(async () => {
      await db.insert(people).values(Array.from({ length: 100 }, (_, n) => ({ name: `name ${n}` })));
      const one = db.select().from(people).where(eq(people.name, sql.placeholder('name'))).prepare('one');
      for (let n = 0; n < 20; n++) {
        const [found] = await one.execute({ name: `name ${n}` });
        equal(found.name, `name ${n}`, 'found');
      }
    }),
  tls: async () => {
    const { rows: [row] } = await db.execute(sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`);
    equal(row.ssl, true, 'encrypted');
  },
  long: () =>
    withPeople(async () => {
      await db.transaction(async (transaction: typeof db) => {
        await transaction.insert(people).values({ name: 'before' });
        await new Promise((resolve) => setTimeout(resolve, 3000));
        await transaction.insert(people).values({ name: 'after' });
      });
      equal((await db.select().from(people)).length, 2, 'rows');
    }),
  failover: async () => {
    await db.execute(sql`select 1`);
    const broken = failureOf(
      db.transaction(async (transaction: typeof db) => {
        await transaction.execute(sql`create table lost_drizzle (n int)`);
        say('ready');
        await transaction.execute(sql`select pg_sleep(600)`);
      }),
    );
    // Its own error says only which query it was.
    const error = await broken;
    say('ended', textOf((error.cause ?? error) as Error));
    say('back', (await db.execute(sql`select inet_server_port() as port`)).rows[0].port);
    const { rows: [lost] } = await db.execute(sql`select to_regclass('lost_drizzle') as it`);
    equal(lost.it, null, 'the lost table');
  },
});
