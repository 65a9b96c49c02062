/** A session with one server in which one question is asked again and again; the only user of `postgres`. */
import postgres from 'postgres';
import { codeOf } from '../errors.ts';
import type { Credentials } from './credentials.ts';
import {
  clearTextRefused,
  loginUnsupported,
  malformed,
  notPostgres,
  passwordWanted,
  ProbeError,
  scramTooCostly,
  serverFailure,
} from './failure.ts';
import type { Asked } from './failure.ts';
import { addressText, isLoopback } from '../runtime/addresses.ts';
import { ProbeConnection } from './probe-connection.ts';
import type { Encryption } from './probe-connection.ts';
import { type Facts, question, readFacts, reducedQuestion } from './question.ts';
import { type Rights, rightsOf } from './rights.ts';
import { askingFor, readRow } from '../protocol/prepared-question.ts';
import { saslPrepared } from '../protocol/saslprep.ts';

/** What is asked in a session. */
interface Asking {
  readonly statement: string;
  readonly bytes: ReturnType<typeof askingFor>;
  /** Undefined: the server lets the probe ask everything. */
  readonly rights: Rights | undefined;
}

const everything: Asking = { statement: question, bytes: askingFor(question), rights: undefined };

/** A function that may not be called, is not there, is not supported, or not with these settings (Amazon Aurora). */
const refusals = ['42501', '42883', '0A000', '55000'];

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
  let session: QuerySession | undefined;
  let closed = false;
  const first = async (): Promise<Facts> => {
    const [encryption, otherwise] = encryptions(credentials);
    try {
      session = openSession(target, encryption, credentials, events);
      return await session.ask();
    } catch (error) {
      // Like libpq: pg_hba.conf may let us in only with TLS, or only without it.
      const { isTlsRefused, sqlstate } = error instanceof ProbeError ? error.sign : {};
      const isDifferent = isTlsRefused ||
        (sqlstate === '28000' && session?.isEncrypted() !== (otherwise === 'insist'));
      if (otherwise === undefined || closed || !isDifferent) throw error;
      session?.close();
      session = openSession(target, otherwise, credentials, events);
      return await session.ask();
    }
  };
  const again = (before: QuerySession): Promise<Facts> => {
    before.close();
    session = openSession(target, before.encryption, credentials, events);
    return session.ask();
  };
  return {
    ask: async () => {
      if (session === undefined) return await first();
      if (session.isOutdated()) return await again(session);
      try {
        return await session.ask();
      } catch (error) {
        // Something was revoked: the next session finds out what. Not where the same never worked.
        if (closed || !isRefused(error) || !session.hasRepeated()) throw error;
        return await again(session);
      }
    },
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

interface QuerySession extends Probe {
  readonly encryption: Encryption;
  isEncrypted(): boolean;
  /** The probe may see more than it asks for, or less: something was granted or revoked. */
  isOutdated(): boolean;
  /** The question in bytes of our own was answered. */
  hasRepeated(): boolean;
}

function isRefused(error: unknown): boolean {
  const sqlstate = error instanceof ProbeError ? error.sign.sqlstate : codeOf(error);
  return refusals.includes(sqlstate ?? '');
}

function openSession(
  target: ProbeTarget,
  encryption: Encryption,
  credentials: Credentials,
  events: ProbeEvents,
): QuerySession {
  const { host, port, serverName } = target;
  const { user, database, trust } = credentials;
  const asked: Asked = {
    address: addressText({ host, port }),
    user,
    database,
  };
  const password = credentials.password(serverName, port);
  let isScram = false;
  let isReady = false;
  /** Questions so far. */
  let count = 0;
  let asking = everything;
  let isOutdated = false;
  let lost: ProbeError | undefined;
  let pending: { resolve(facts: Facts): void; reject(error: unknown): void } | undefined;
  /** Of the present question, once the row is there. */
  let facts: Facts | undefined;
  const settle = (): typeof pending => {
    const one = pending;
    pending = undefined;
    return one;
  };
  const connection = new ProbeConnection({ host, port, serverName, encryption, trust, asked }, {
    ready() {
      if (isReady) {
        if (count < 2 || pending === undefined) return;
        if (facts === undefined) throw malformed('it has 0 rows, not 1', asked);
        settle()?.resolve(facts);
        return;
      }
      isReady = true;
      // From here on silence means that the question was not answered.
      connection.heard = false;
      events.ready();
    },
    row(body) {
      if (count < 2) return;
      if (facts !== undefined) throw malformed('it has several rows, not 1', asked);
      facts = read(readRow(body));
    },
    error(said) {
      if (count > 1 && pending !== undefined) throw serverFailure(said, asked);
    },
    authentication(wants) {
      if (wants === 'none') return;
      if (wants === 'unsupported') throw loginUnsupported(asked);
      if (wants === 'costly') throw scramTooCostly(asked);
      if (password === undefined) throw passwordWanted(asked);
      if (wants === 'clearText' && !isKnown()) throw clearTextRefused(asked);
      isScram = wants === 'scram';
    },
    ended(error) {
      lost = error;
      if (pending) settle()?.reject(error);
      else events.ended(error);
    },
  });
  // Whoever took over the port or the path to it could ask for the password, too; on this machine, only its owner.
  const isKnown = () => (connection.isEncrypted && trust.verify) || isLoopback(host);
  // postgres.js asks for it in answer to the server's challenge, which the guard has seen by then.
  const secret = () => isScram ? saslPrepared(password ?? '') : password ?? '';
  const sql = client(connection, user, database, secret);

  const read = (columns: readonly (string | null)[]): Facts => {
    const { rights } = asking;
    if (rights === undefined) return readFacts(columns, asked);
    isOutdated = columns.at(-1) !== rights.letters;
    return readFacts(columns.slice(0, -1), asked, rights.lacks);
  };
  const run = async (statement: string): Promise<readonly (string | null)[]> => {
    const rows = await sql.unsafe(statement).raw();
    const [row] = rows;
    if (row === undefined || rows.length > 1) throw malformed(`it has ${rows.length} rows, not 1`, asked);
    return row.map((column) => column && new TextDecoder().decode(column));
  };
  const firstAnswer = async (): Promise<Facts> => {
    try {
      return read(await run(asking.statement));
    } catch (error) {
      if (!isReady || !isRefused(error)) throw error;
      const rights = await rightsOf(
        async (statement) => (await run(statement))[0] ?? null,
        (error) => error instanceof postgres.PostgresError,
        user,
      );
      if (rights.lacks.length > 0) {
        const statement = reducedQuestion(rights);
        asking = { statement, bytes: askingFor(statement), rights };
      }
      return read(await run(asking.statement));
    }
  };
  const askFirst = () => {
    firstAnswer().then((facts) => settle()?.resolve(facts)).catch((error) => {
      connection.destroy();
      settle()?.reject(failure(error, asked));
    });
  };
  const ask = () =>
    new Promise<Facts>((resolve, reject) => {
      if (lost) return reject(lost);
      connection.heard = false;
      pending = { resolve, reject };
      facts = undefined;
      count += 1;
      if (count === 1) askFirst();
      else connection.send(count === 2 ? asking.bytes.first : asking.bytes.next);
    });
  return {
    ask,
    heard: () => connection.heard,
    encryption,
    isEncrypted: () => connection.isEncrypted,
    isOutdated: () => isOutdated,
    hasRepeated: () => count > 2,
    close: () => connection.destroy(),
  };
}

/**
 * A postgres.js client on top of a probe connection. Every option that postgres.js would otherwise take from the
 * environment is given, for it reads PG variables that do not exist elsewhere (PGIDLE_TIMEOUT, PGSSL, ...). `socket`
 * is undocumented: whatever it returns is taken as connected.
 */
function client(
  connection: ProbeConnection,
  user: string,
  database: string,
  password: () => string,
): postgres.Sql {
  const options = {
    host: 'unused',
    port: 0,
    path: '/unused',
    socket: () => new Promise((resolve) => connection.open(resolve)),
    user,
    database,
    password,
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

/** The one variable that no option overrides; with it postgres.js would refuse standbys, or throw. */
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

function failure(error: unknown, asked: Asked): ProbeError {
  if (error instanceof ProbeError) return error;
  const { message } = error as { message?: unknown };
  // postgres.js raises SQLSTATEs, five characters, and errors of its own at messages out of order.
  if (error instanceof postgres.PostgresError) {
    return serverFailure(
      { sqlstate: codeOf(error), message: typeof message === 'string' ? message : '' },
      asked,
    );
  }
  return notPostgres('its messages make no sense', asked);
}
