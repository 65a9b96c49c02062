/** The one question that is put to every server, and the only user of `postgres`. */
import postgres from 'postgres';
import { parseLsn } from '../cluster/lsn.ts';
import type { Answer } from '../cluster/observation.ts';
import { codeOf } from '../errors.ts';
import type { Credentials } from './credentials.ts';
import { loginUnsupported, notPostgres, passwordWanted, ProbeError, serverFailure } from './failure.ts';
import type { Asked } from './failure.ts';
import { Line, tlsRefused } from './line.ts';
import type { Encryption } from './line.ts';

/**
 * Any role that may log in may run this, on PostgreSQL 10 and newer. Whether the server is in recovery is asked
 * once, so that a promotion in the middle cannot mix both worlds (`offset 0`, because `as materialized` needs
 * PostgreSQL 12); CASE keeps those functions from running that fail in recovery.
 *
 * A standby's timeline is the newest that its control file or its WAL receiver knows. The last restart point alone may
 * lag behind for minutes; the end of recovery moves on whenever pages are written to disk. Of the receiver, which knows
 * at once, an ordinary role sees only that it is there; its row is read as JSON because PostgreSQL 10 has no sender_host in it.
 */
const question = `
with server as (select pg_is_in_recovery() as in_recovery offset 0),
receiver as (select to_jsonb(its) as its from pg_stat_wal_receiver its)
select
  in_recovery,
  current_setting('transaction_read_only') = 'on' as read_only,
  (select system_identifier::text from pg_control_system()) as system,
  case when in_recovery
    then greatest(
      (select timeline_id from pg_control_checkpoint()),
      (select min_recovery_end_timeline from pg_control_recovery()),
      (its->>'received_tli')::integer
    )::text
    else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint::text
  end as timeline,
  case when in_recovery
    then coalesce(greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), '0/0')
    else pg_current_wal_lsn()
  end::text as lsn,
  case when in_recovery
    then coalesce(pg_last_wal_replay_lsn(), '0/0')
    else pg_current_wal_lsn()
  end::text as replayed_lsn,
  (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint::text as started_at,
  case when its->>'status' = 'streaming' then its->>'sender_host' end as upstream_host,
  case when its->>'status' = 'streaming' then its->>'sender_port' end as upstream_port
from server left join receiver on true`;

/** What a server says of itself; when and where it was asked is known to whoever asks. */
export type Facts = Omit<Answer, 'at' | 'tookMs' | 'host' | 'port'>;

export interface ProbeTarget {
  /** Numeric. */
  readonly host: string;
  readonly port: number;
  /** The host as configured: for the password file and for the certificate. */
  readonly serverName: string;
}

export interface ProbeEvents {
  /** Connected and logged in, once; the answer to the first question is on its way. */
  ready(): void;
  /** The connection ended between two questions. */
  ended(error: ProbeError): void;
}

/** A persistent session with one server. It has no deadlines: its owner closes it when it has waited enough. */
export interface Probe {
  /**
   * Asks once, connecting first if it is the first time. One question at a time. Rejects with a ProbeError, and
   * then the probe is of no more use; after `close` it may stay unsettled.
   */
  ask(): Promise<Facts>;
  /** Whether the server has sent anything at all since the last `ask`. */
  heard(): boolean;
  /** Frees the socket at once, in whatever state it is; nothing is called after it. */
  close(): void;
}

/** Opens nothing until the first `ask`. */
export function openProbe(target: ProbeTarget, credentials: Credentials, events: ProbeEvents): Probe {
  let session: Session | undefined;
  let closed = false;
  const first = async (): Promise<Facts> => {
    const [encryption, otherwise] = encryptions(credentials);
    try {
      session = openSession(target, encryption, credentials, events);
      return await session.ask();
    } catch (error) {
      // Like libpq: pg_hba.conf may let us in only with TLS, or only without it.
      const code = codeOf(error);
      const isDifferent = code === tlsRefused ||
        (code === '28000' && session?.isEncrypted() !== (otherwise === 'insist'));
      if (otherwise === undefined || closed || !isDifferent) throw error;
      session?.close();
      session = openSession(target, otherwise, credentials, events);
      return await session.ask();
    }
  };
  return {
    ask: () => session?.ask() ?? first(),
    heard: () => session?.heard() ?? false,
    close: () => {
      closed = true;
      session?.close();
    },
  };
}

/** What to try, and what to try after it. */
function encryptions(credentials: Credentials): readonly [Encryption, Encryption?] {
  switch (credentials.sslMode) {
    case 'disable':
      return ['plain'];
    case 'allow':
      return ['plain', 'insist'];
    case 'prefer':
      return ['offer', 'plain'];
    default:
      return ['insist'];
  }
}

interface Session extends Probe {
  isEncrypted(): boolean;
}

function openSession(
  target: ProbeTarget,
  encryption: Encryption,
  credentials: Credentials,
  events: ProbeEvents,
): Session {
  const { host, port, serverName } = target;
  const { user, database, trust } = credentials;
  const asked: Asked = {
    address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
    user,
    database,
  };
  const password = credentials.password(serverName, port);
  let isReady = false;
  let lost: ProbeError | undefined;
  let waiting: ((error: ProbeError) => void) | undefined;
  const line = new Line({ host, port, serverName, encryption, trust, asked }, {
    ready() {
      if (isReady) return;
      isReady = true;
      // From here on silence means that the question was not answered.
      line.heard = false;
      events.ready();
    },
    authentication(wants) {
      if (wants === 'unsupported') throw loginUnsupported(asked);
      if (wants === 'password' && password === undefined) throw passwordWanted(asked);
    },
    ended(error) {
      lost = error;
      if (waiting) waiting(error);
      else events.ended(error);
    },
  });
  const sql = client(line, user, database, password ?? '');

  const ask = () =>
    new Promise<Facts>((resolve, reject) => {
      if (lost) return reject(lost);
      const settle = (run: () => void) => {
        waiting = undefined;
        run();
      };
      line.heard = false;
      waiting = (error) => settle(() => reject(error));
      sql.unsafe(question, [], prepared).then((rows) => {
        const facts = readFacts(rows[0], asked);
        settle(() => resolve(facts));
      }).catch((error) => {
        line.destroy();
        settle(() => reject(failure(error, asked)));
      });
    });
  return { ask, heard: () => line.heard, isEncrypted: () => line.isEncrypted, close: () => line.destroy() };
}

/** `simple` is not in the types of `unsafe`; without it the statement would be neither prepared nor kept. */
const prepared = { prepare: true, simple: false } as { prepare: boolean };

/**
 * A postgres.js client on top of a line. Every option that postgres.js would otherwise take from the environment
 * is given, for it reads PG variables that do not exist elsewhere (PGIDLE_TIMEOUT, PGSSL, ...). `socket` is
 * undocumented: whatever it returns is taken as connected.
 */
function client(line: Line, user: string, database: string, password: string): postgres.Sql {
  const options = {
    host: 'unused',
    port: 0,
    path: '/unused',
    socket: () => new Promise((resolve) => line.open(resolve)),
    user,
    database,
    password: () => password,
    connection: { application_name: 'pg_gateway' },
    max: 1,
    ssl: false,
    sslnegotiation: null,
    prepare: true,
    fetch_types: false,
    idle_timeout: 0,
    max_lifetime: 0,
    connect_timeout: 0,
    keep_alive: 0,
    backoff: false,
    max_pipeline: 1,
    debug: false,
    publications: '',
    onnotice: () => {},
    no_subscribe: true,
  };
  return withoutVariable(
    'PGTARGETSESSIONATTRS',
    () => postgres(options as unknown as postgres.Options<never>),
  );
}

/** The one variable that no option overrides; with it postgres.js would turn away from standbys, or throw. */
function withoutVariable<T>(name: string, run: () => T): T {
  const value = process.env[name];
  if (value === undefined) return run();
  delete process.env[name];
  try {
    return run();
  } finally {
    process.env[name] = value;
  }
}

function readFacts(row: Record<string, unknown> | undefined, asked: Asked): Facts {
  const text = (name: string): string => {
    const value = row?.[name];
    if (typeof value !== 'string') throw notPostgres(`its answer has no ${name}`, asked);
    return value;
  };
  const yes = (name: string): boolean => {
    const value = row?.[name];
    if (typeof value !== 'boolean') throw notPostgres(`its answer has no ${name}`, asked);
    return value;
  };
  const upstream = typeof row?.['upstream_host'] === 'string'
    ? { host: text('upstream_host'), port: Number(text('upstream_port')) }
    : undefined;
  return {
    inRecovery: yes('in_recovery'),
    readOnly: yes('read_only'),
    system: text('system'),
    timeline: Number(text('timeline')),
    lsn: parseLsn(text('lsn')),
    replayedLsn: parseLsn(text('replayed_lsn')),
    startedAt: text('started_at'),
    upstream,
  };
}

function failure(error: unknown, asked: Asked): ProbeError {
  if (error instanceof ProbeError) return error;
  const { message } = error as { message?: unknown };
  // postgres.js raises SQLSTATEs, five characters, and its own bewilderment at messages out of order.
  if (error instanceof postgres.PostgresError) {
    return serverFailure({ code: codeOf(error), message: typeof message === 'string' ? message : '' }, asked);
  }
  return notPostgres('its messages make no sense', asked);
}
