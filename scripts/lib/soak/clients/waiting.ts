/** Clients that wait: for a notification, inside a transaction, for a cancel, or for nothing. */
import { setTimeout as pause } from 'node:timers/promises';
import type postgres from 'postgres';
import { clientOf, exchange } from '../../../../test/bed/clients.ts';
import { cancelMessage } from '../../../../test/bed/raw-client.ts';
import { QuietSession } from '../../../../test/bed/quiet-session.ts';
import type { Job, Kind } from '../crew.ts';
import { pages } from '../tables.ts';
import { connectSeconds, inTransaction, lostConnection, sqlJob, WrongData } from './sql-job.ts';

const heardWithinMs = 20_000;

export const notifications = (port: number): Kind => ({
  kind: 'notifications',
  what: 'NOTIFY in one session, and hear it in another that LISTENs',
  count: 1,
  restMs: 200,
  returns: true,
  job: () => notifier(port),
});

interface Pair {
  readonly says: postgres.Sql;
  readonly hears: postgres.Sql;
  isLost: boolean;
}

function notifier(port: number): Job {
  let pair: Pair | undefined;
  let hear = (_: string) => {};
  let fail = (_: Error) => {};
  let number = 0;
  const loss = () => lostConnection('the session that listens was lost');
  const open = (): Pair => {
    const lost = () => {
      opened.isLost = true;
      if (pair === opened) fail(loss());
    };
    const options = { connect_timeout: connectSeconds };
    // The types of the package do not know onnotify, which its own listen() goes by.
    const listening = {
      ...options,
      onnotify: (_: string, text: string) => hear(text),
      onclose: lost,
    } as object;
    const opened: Pair = { says: clientOf(port, options), hears: clientOf(port, listening), isLost: false };
    return opened;
  };
  const end = () => {
    for (const sql of [pair?.says, pair?.hears]) sql?.end({ timeout: 0 }).catch(() => {});
    pair = undefined;
  };
  return {
    work: async (done) => {
      if (pair === undefined) {
        pair = open();
        await pair.hears`listen soak`;
      }
      if (pair.isLost) throw loss();
      const expected = String(++number);
      const heard = new Promise<void>((resolve, reject) => {
        hear = (text) => text === expected && resolve();
        fail = reject;
      });
      heard.catch(() => {});
      const patience = new AbortController();
      const late = pause(heardWithinMs, undefined, { signal: patience.signal }).then(() => {
        throw new WrongData(
          `notification ${expected} was committed and not heard in ${heardWithinMs / 1000} s`,
        );
      });
      late.catch(() => {});
      try {
        await pair.says`select pg_notify('soak', ${expected})`;
        await Promise.race([heard, late]);
      } finally {
        patience.abort();
      }
      done();
    },
    renew: end,
    end,
  };
}

const rowsAtOnce = 200;
const betweenFetchesMs = 120;

/** Ten seconds and more, most of them idle in the transaction. */
export const cursors = (port: number): Kind => ({
  kind: 'cursors',
  what: `read ${pages} rows by a cursor, slowly, in one transaction`,
  count: 2,
  restMs: 500,
  returns: true,
  waits: true,
  job: (_, random) =>
    sqlJob({
      port,
      work: async (session, done) => {
        await inTransaction(session, async (run) => {
          await run('declare slow cursor for select id, text = md5(id::text) as fits from page order by id');
          for (let next = 1; next <= pages;) {
            const rows = await run(`fetch ${rowsAtOnce} from slow`);
            const isRight = rows.length === rowsAtOnce &&
              rows.every(({ id, fits }, at) => id === next + at && fits);
            if (!isRight) {
              throw new WrongData(`a cursor brought ${rows.length} rows, and not those from ${next} on`);
            }
            next += rowsAtOnce;
            done();
            await pause(betweenFetchesMs * (0.5 + random()));
          }
        });
      },
    }),
});

/** So that a cancel that comes before its query, and so does nothing, costs little. */
const sleepSeconds = 5;

/** `missed` is told of each that came too early. */
export const cancels = (port: number, missed: () => void): Kind => ({
  kind: 'cancels',
  what: 'start a query that would take long, and cancel it',
  count: 1,
  restMs: 700,
  returns: true,
  job: () =>
    sqlJob({
      port,
      work: async ({ sql }, done) => {
        await sql`select 1`;
        const sleeping = sql`select pg_sleep(${sleepSeconds})`.execute();
        const ended = sleeping.then(missed, (error: { code?: string }) => {
          if (error.code !== '57014') throw error;
        });
        ended.catch(() => {});
        await pause(300);
        const { state } = sleeping as unknown as { readonly state?: Backend };
        if (state) await cancel(port, state);
        await ended;
        done();
      },
    }),
});

interface Backend {
  readonly pid: number;
  readonly secret: number;
}

/** The driver's own leaves a rejection to nobody where the connection for it breaks. */
async function cancel(port: number, { pid, secret }: Backend): Promise<void> {
  const key = Buffer.alloc(8);
  key.writeUInt32BE(pid, 0);
  key.writeUInt32BE(secret, 4);
  const { error } = await exchange(port, cancelMessage(key));
  if (error) throw error;
}

const pingEveryMs = 20_000;

export const idlers = (port: number, count: number): Kind => ({
  kind: 'idle',
  what: `sit there, and ask something every ${pingEveryMs / 1000} s`,
  count,
  restMs: 500,
  returns: true,
  waits: true,
  job: (_, random) => idler(port, random),
});

function idler(port: number, random: () => number): Job {
  let session: QuietSession | undefined;
  const end = () => {
    session?.end();
    session = undefined;
  };
  return {
    work: async (done) => {
      if (session === undefined) {
        session = await QuietSession.open(port);
        done();
      }
      const timer = new AbortController();
      const rested = pause(pingEveryMs * (0.5 + random()), 'rested', { signal: timer.signal }).catch(() =>
        'ended'
      );
      const what = await Promise.race([rested, session.ended]);
      timer.abort();
      if (what === undefined) {
        throw lostConnection('the idle session ended');
      }
      await session?.ping();
      done();
    },
    renew: end,
    end,
  };
}
