/** Clients that write rows with ids of their own, one after another, and remember what they were told. */
import { setTimeout as pause } from 'node:timers/promises';
import type postgres from 'postgres';
import { clientOf } from '../clients.ts';
import { waitFor } from '../wait-for.ts';
import type { Write } from './history.ts';

export interface Writers {
  readonly writes: readonly Write[];
  /** Waits until each of them was told again that a write is done; resolves with how many were not, at the deadline. */
  untilAllWrote(deadlineMs: number): Promise<number>;
  stop(): Promise<void>;
}

export interface Crowd {
  readonly host: string;
  readonly port: number;
  readonly count: number;
  /** Ids begin above this number: every crowd has a million for each of its clients. */
  readonly firstId: number;
  /** Between two writes of a client. */
  readonly restMs?: number;
  /** A role that may write into `register`; its settings are its own. */
  readonly user?: string;
  /** How long a connection may take. */
  readonly connectSeconds?: number;
}

/** Each client numbers its rows from a multiple of it. */
export const idsEach = 1_000_000;
/** So that all of them leave processors to the servers. */
const usualRestMs = 40;
/** For the last answers, when all is over. */
const patienceMs = 10_000;

/** Of the table that `prepare` makes. Who took it, and on which timeline, comes with the acknowledgement. */
const returning = `returning host(inet_server_addr()) || ':' || inet_server_port() as server,
  ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int as timeline`;

/** Milliseconds since 1970 that never jump. */
export const nowMs = (): number => performance.timeOrigin + performance.now();

export function startWriters(
  { host, port, count, firstId, restMs = usualRestMs, user = 'app', connectSeconds = 20 }: Crowd,
): Writers {
  const writes: Write[] = [];
  const lastTold = new Map<number, number>();
  const giveUp: (() => Promise<void>)[] = [];
  let isOver = false;
  const open = () => clientOf(port, { host, user, connect_timeout: connectSeconds });

  const client = async (number: number): Promise<void> => {
    // One in four connects for each write, as programs without a pool do.
    const reconnects = number % 4 === 0;
    let sql = open();
    giveUp.push(() => sql.end({ timeout: 0 }));
    for (let id = firstId + number * idsEach; !isOver; id++) {
      const write = await writeOnce(sql, id);
      writes.push(write);
      if (write.taken) lastTold.set(number, write.startMs);
      if (reconnects || isFatal(write.error)) {
        void sql.end({ timeout: 0 });
        sql = open();
      }
      await pause(restMs);
    }
    await sql.end({ timeout: 0 });
  };
  const clients = Array.from({ length: count }, (_, number) => client(number));
  return {
    writes,
    untilAllWrote: async (deadlineMs) => {
      const since = nowMs();
      const missing = () => count - [...lastTold.values()].filter((told) => told >= since).length;
      await waitFor('all clients to write', () => missing() === 0, { deadlineMs, everyMs: 50 }).catch(
        () => {},
      );
      return missing();
    },
    stop: async () => {
      isOver = true;
      // A commit that waits for a standby which never comes would keep us for ever.
      const timer = setTimeout(() => giveUp.map((end) => end()), patienceMs);
      await Promise.all(clients);
      clearTimeout(timer);
    },
  };
}

async function writeOnce(sql: postgres.Sql, id: number): Promise<Write> {
  const startMs = nowMs();
  try {
    const [row] = await sql.unsafe(`insert into register (id) values ($1) ${returning}`, [id]);
    const taken = { server: String(row?.['server']), timeline: Number(row?.['timeline']) };
    return { id, startMs, endMs: nowMs(), taken };
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    return { id, startMs, endMs: nowMs(), error: code ?? message ?? 'unknown' };
  }
}

/** Whether the connection is gone with it. After an ordinary error of SQL programs go on with the one that they have. */
function isFatal(error: string | undefined): boolean {
  return error !== undefined && (!/^[0-9A-Z]{5}$/.test(error) || /^(?:57P|08|28|53)/.test(error));
}
