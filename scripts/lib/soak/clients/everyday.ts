/** What programs do most: short transactions in long sessions, a connection for one query, reading from a standby. */
import type { Kind } from '../crew.ts';
import { accounts } from '../tables.ts';
import { type ClientOptions, inTransaction, sqlJob, WrongData } from './sql-job.ts';

/** Each moves an amount between two accounts, so that all together have nothing. One in four under TLS. */
export const transactions = (port: number, tls: ClientOptions): Kind => ({
  kind: 'transactions',
  what: 'move an amount from one account to another, in sessions that they keep',
  count: 4,
  restMs: 60,
  returns: true,
  job: (number, random) =>
    sqlJob({
      port,
      ...(number === 0 ? { options: tls } : {}),
      work: async (session, done) => {
        // The lower one first: no two of them wait for each other.
        const [from, to] = [random(), random()].map((part) => 1 + Math.floor(part * accounts)).sort((a, b) =>
          a - b
        );
        const amount = Math.floor(random() * 1000) - 500;
        await inTransaction(session, async (run) => {
          await run(`update account set balance = balance - ${amount} where id = ${from}`);
          await run(`update account set balance = balance + ${amount} where id = ${to}`);
        });
        done();
      },
    }),
});

/** One of two under TLS. */
export const visits = (port: number, tls: ClientOptions): Kind => ({
  kind: 'visits',
  what: 'connect, ask one query, and leave',
  count: 2,
  restMs: 150,
  returns: true,
  job: (number, random) =>
    sqlJob({
      port,
      ...(number === 0 ? { options: tls } : {}),
      reconnects: true,
      work: async ({ sql }, done) => {
        const asked = Math.floor(random() * 1e9);
        const [row] = await sql`select ${asked}::int as n`;
        if (row?.['n'] !== asked) throw new WrongData(`asked for ${asked}, read ${JSON.stringify(row)}`);
        done();
      },
    }),
});

/** What is moved between accounts is seen whole or not at all, on whichever server. One in three connects each time. */
export const readers = (standbyPort: number): Kind => ({
  kind: 'readers',
  what: 'add up all accounts, at the standby port',
  count: 3,
  restMs: 150,
  returns: true,
  job: (number) =>
    sqlJob({
      port: standbyPort,
      reconnects: number === 0,
      work: async ({ sql }, done) => {
        const [row] = await sql`select sum(balance)::text as sum, count(*)::int as count from account`;
        if (row?.['sum'] !== '0' || row['count'] !== accounts) {
          throw new WrongData(`all accounts together have ${JSON.stringify(row)}`);
        }
        done();
      },
    }),
});
