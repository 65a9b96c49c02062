/** node-postgres: a client alone for what belongs to a session, its pool for the rest. */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { equal, failureOf, load, main, place, rows, say, ssl, textOf } from './client.ts';

const { Client, Pool } = load('pg');
const copy = load('pg-copy-streams');

const pool = new Pool({ ...place, ssl, max: 4 });
// A pool without a listener ends the process when an idle connection breaks.
pool.on('error', () => {});

async function session() {
  const client = new Client({ ...place, ssl });
  client.on('error', () => {});
  await client.connect();
  return client;
}

await main({
  plain: async () => {
    const named = { name: 'sum', text: 'select $1::int + $2::int as sum' };
    for (let turn = 0; turn < 20; turn++) {
      const { rows: [row] } = await pool.query({ ...named, values: [turn, 1] });
      equal(row.sum, turn + 1, 'a prepared sum');
    }
    const { rows: many } = await pool.query(`select n, repeat('x', 100) from generate_series(1, ${rows}) n`);
    equal(many.length, rows, 'rows');
    const together = Array.from({ length: 50 }, (_, at) => pool.query('select $1::int as n', [at]));
    for (const [at, { rows: [row] }] of (await Promise.all(together)).entries()) equal(row.n, at, 'of many');
  },
  tls: async () => {
    const { rows: [row] } = await pool.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
    equal(row.ssl, true, 'encrypted');
  },
  cancel: async () => {
    const client = await session();
    const other = new Client({ ...place, ssl });
    const query = new (load('pg').Query)('select pg_sleep(60)');
    const ended = once(query, 'error');
    client.query(query);
    const { rows: [{ pid }] } = await pool.query(
      `select pg_backend_pid() as pid`,
    );
    say('pid', String(pid));
    // Until the query runs a request to cancel it does nothing.
    for (let running = 0; running === 0;) {
      const found = await pool.query(`select from pg_stat_activity where query = 'select pg_sleep(60)'`);
      running = found.rows.length;
    }
    other.cancel(client, query);
    const [error] = await ended;
    equal(error.code, '57014', 'the error of the query');
    equal((await client.query('select 1 as one')).rows[0].one, 1, 'after it');
  },
  copy: async () => {
    const client = await session();
    await client.query('create temporary table copied (n int, t text)');
    const lines = Array.from({ length: rows }, (_, n) => `${n}\tline ${n}\n`);
    await pipeline(Readable.from(lines), client.query(copy.from('copy copied from stdin')));
    const back = await text(client.query(copy.to('copy (select * from copied order by n) to stdout')));
    equal(back, lines.join(''), 'what came back');
  },
  notify: async () => {
    const client = await session();
    await client.query('listen compat');
    const heard = once(client, 'notification');
    await pool.query(`select pg_notify('compat', 'a word')`);
    equal((await heard)[0].payload, 'a word', 'the payload');
  },
  long: async () => {
    const client = await session();
    await client.query('begin');
    await client.query('create table long_pg (n int)');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await client.query('insert into long_pg values (1)');
    await client.query('commit');
    equal((await pool.query('select n from long_pg')).rows[0].n, 1, 'what was committed');
    await pool.query('drop table long_pg');
  },
  failover: async () => {
    await pool.query('select 1');
    const query = failureOf(pool.query('select pg_sleep(600)'));
    say('ready');
    say('ended', textOf(await query));
    const { rows: [row] } = await pool.query('select inet_server_port() as port');
    say('back', row.port);
  },
});
