/** A client with a connection that it keeps until it is lost, or that it opens for each piece of work. */
import type postgres from 'postgres';
import { clientOf } from '../../../../test/bed/clients.ts';
import { deferred } from '../../../../src/deferred.ts';
import type { Job } from '../crew.ts';

export type ClientOptions = Parameters<typeof clientOf>[1];

/** For the other side to close, too. */
const endSeconds = 10;

/** More than HOLD_MS. */
export const connectSeconds = 90;

export interface SqlWork {
  readonly port: number;
  readonly options?: ClientOptions;
  /** It connects for each piece of work. */
  readonly reconnects?: boolean;
  /** Is left alone when the connection is lost: the driver would go on with another one in the middle of a transaction. */
  work(session: Session, done: () => void): Promise<void>;
}

export interface Session {
  readonly sql: postgres.Sql;
  /** Throws once the connection is gone. To be asked before each statement of a transaction but the first. */
  alive(): void;
}

/** A connection that is gone, as the driver says it. */
export function lostConnection(message: string): Error {
  return Object.assign(new Error(message), { code: 'CONNECTION_CLOSED' });
}

interface Open extends Session {
  readonly lost: Promise<never>;
}

export function sqlJob({ port, options, reconnects = false, work }: SqlWork): Job {
  let session: Open | undefined;
  const end = () => {
    session?.sql.end({ timeout: 0 }).catch(() => {});
    session = undefined;
  };
  return {
    work: async (done) => {
      const { sql, alive, lost } = session ??= open(port, options);
      // One that was lost meanwhile: the driver would make another one, and nobody would know.
      alive();
      const working = work({ sql, alive }, done);
      working.catch(() => {});
      await Promise.race([working, lost]);
      if (!reconnects) return;
      session = undefined;
      // In order: Terminate, then the end.
      await sql.end({ timeout: endSeconds });
    },
    renew: end,
    end,
  };
}

function open(port: number, options: ClientOptions): Open {
  let isLost = false;
  const { promise: lost, reject } = deferred<never>();
  lost.catch(() => {});
  const fail = () => lostConnection('the connection was lost between two statements');
  const onclose = () => {
    isLost = true;
    // What the driver tells of the loss itself comes first.
    setImmediate(() => reject(fail()));
  };
  const sql = clientOf(port, { connect_timeout: connectSeconds, ...options, onclose });
  return {
    sql,
    lost,
    alive: () => {
      if (isLost) throw fail();
    },
  };
}

/**
 * A transaction whose statements run one after another. The driver's own `begin` writes to a socket that is no more where the
 * connection was lost between two statements, and that ends the whole process.
 */
export async function inTransaction(
  { sql, alive }: Session,
  statements: (run: (text: string) => Promise<postgres.Row[]>) => Promise<void>,
): Promise<void> {
  await sql.unsafe('begin');
  await statements(async (text) => {
    alive();
    return await sql.unsafe(text);
  });
  alive();
  await sql.unsafe('commit');
}

/** What a client read cannot be. */
export class WrongData extends Error {
  readonly code = 'WRONG_DATA';
}
