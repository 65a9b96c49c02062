/** Kysely on node-postgres: an ORM's queries, transactions and streams. */
import { equal, failureOf, load, main, place, say, ssl, textOf } from './client.ts';

const { Kysely, PostgresDialect, sql } = load('kysely');
const { Pool } = load('pg');

const pool = new Pool({ ...place, ssl, max: 4 });
pool.on('error', () => {});
// One that is lent out tells nobody but itself, and the process would end with it.
pool.on('connect', (client: typeof pool) => client.on('error', () => {}));
const db = new Kysely({ dialect: new PostgresDialect({ pool }) });

await main({
  plain: async () => {
    await db.schema.createTable('people').addColumn('id', 'serial').addColumn('name', 'text').execute();
    const people = Array.from({ length: 100 }, (_, n) => ({ name: `name ${n}` }));
    await db.insertInto('people').values(people).execute();
    const found = await db.selectFrom('people').selectAll().where('name', '=', 'name 7').execute();
    equal(found.length, 1, 'found');
    await db.schema.dropTable('people').execute();
  },
  tls: async () => {
    const { rows: [row] } = await sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(db);
    equal(row.ssl, true, 'encrypted');
  },
  long: async () => {
    await db.schema.createTable('long_kysely').addColumn('n', 'integer').execute();
    await db.transaction().execute(async (transaction: typeof db) => {
      await transaction.insertInto('long_kysely').values({ n: 1 }).execute();
      await new Promise((resolve) => setTimeout(resolve, 3000));
      await transaction.insertInto('long_kysely').values({ n: 2 }).execute();
    });
    equal((await db.selectFrom('long_kysely').selectAll().execute()).length, 2, 'rows');
    await db.schema.dropTable('long_kysely').execute();
  },
  failover: async () => {
    await sql`select 1`.execute(db);
    const broken = failureOf(
      db.transaction().execute(async (transaction: typeof db) => {
        await sql`create table lost_kysely (n int)`.execute(transaction);
        say('ready');
        await sql`select pg_sleep(600)`.execute(transaction);
      }),
    );
    say('ended', textOf(await broken));
    say('back', (await sql`select inet_server_port() as port`.execute(db)).rows[0].port);
    equal(
      (await sql`select to_regclass('lost_kysely') as it`.execute(db)).rows[0].it,
      null,
      'the lost table',
    );
  },
});
