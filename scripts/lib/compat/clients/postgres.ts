/** postgres.js, whose connections come back by themselves. */
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { equal, failureOf, load, main, place, rows, say, ssl, textOf } from './client.ts';

const postgres = load('postgres');
const sql = postgres({ ...place, ssl, max: 4, onnotice: () => {}, connect_timeout: 60 });

await main({
  plain: async () => {
    for (let turn = 0; turn < 20; turn++) {
      equal((await sql`select ${turn}::int + 1 as sum`)[0].sum, turn + 1, 'a prepared sum');
    }
    const many = await sql`select n, repeat('x', 100) from generate_series(1, ${rows}::int) n`;
    equal(many.length, rows, 'rows');
    let seen = 0;
    await sql`select generate_series(1, 1000) as n`.cursor(
      100,
      (part: unknown[]) => void (seen += part.length),
    );
    equal(seen, 1000, 'rows of a cursor');
  },
  tls: async () => {
    equal((await sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`)[0].ssl, true, 'encrypted');
  },
  cancel: async () => {
    const query = sql`select pg_sleep(60)`.execute();
    const failure = failureOf(query);
    while ((await sql`select from pg_stat_activity where query = 'select pg_sleep(60)'`).length === 0);
    query.cancel();
    equal((await failure).code, '57014', 'the error of the query');
    equal((await sql`select 1 as one`)[0].one, 1, 'after it');
  },
  copy: async () => {
    const lines = Array.from({ length: rows }, (_, n) => `${n}\tline ${n}\n`);
    await sql`create table copied_postgres (n int, t text)`;
    await pipeline(Readable.from(lines), await sql`copy copied_postgres from stdin`.writable());
    const back = await sql`copy (select * from copied_postgres order by n) to stdout`.readable();
    equal(await text(back), lines.join(''), 'what came back');
    await sql`drop table copied_postgres`;
  },
  notify: async () => {
    const heard = new Promise((resolve) =>
      void sql.listen('compat', resolve, () => sql.notify('compat', 'a word'))
    );
    equal(await heard, 'a word', 'the payload');
  },
  long: async () => {
    await sql.begin(async (transaction: typeof sql) => {
      await transaction`create table long_postgres (n int)`;
      await new Promise((resolve) => setTimeout(resolve, 3000));
      await transaction`insert into long_postgres values (1)`;
    });
    equal((await sql`select n from long_postgres`)[0].n, 1, 'what was committed');
    await sql`drop table long_postgres`;
  },
  failover: async () => {
    await sql`select 1`;
    // It comes back by itself as a LISTEN, too.
    const heard = new Promise((resolve) => void sql.listen('after', resolve).then(() => say('ready')));
    const query = failureOf(sql`select pg_sleep(600)`);
    say('ended', textOf(await query));
    say('back', (await sql`select inet_server_port() as port`)[0].port);
    // Whether it listens again is seen when it hears.
    const again = setInterval(() => void sql.notify('after', 'a word').catch(() => {}), 100);
    equal(await heard, 'a word', 'the payload');
    clearInterval(again);
  },
});
