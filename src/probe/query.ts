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
import { type Facts, markedQuestion, markLength, question, readFacts } from './question.ts';
import { type Asking, askingFor, readRow } from '../protocol/prepared-question.ts';
import { saslPrepared } from '../protocol/saslprep.ts';

const plain = askingFor(question);

function newMark(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(markLength / 2))).toString('hex');
}

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
   * then the probe is of no more use; after `close` it may stay unsettled. `isMarked`: with a mark, but for the first time.
   */
  ask(isMarked?: boolean): Promise<Facts>;
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
  return {
    ask: (isMarked) => session?.ask(isMarked) ?? first(),
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
  isEncrypted(): boolean;
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
  let lost: ProbeError | undefined;
  let pending: { resolve(facts: Facts): void; reject(error: unknown): void } | undefined;
  let mark: string | undefined;
  let marked: Asking | undefined;
  /** Whether the server keeps the question without a mark. */
  let isKept = false;
  /** Whether the present question has the mark. */
  let isMarkedNow = false;
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
      facts = readFacts(readRow(body), asked, isMarkedNow ? mark : undefined);
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

  const askFirst = () => {
    sql.unsafe(question).raw().then((rows) => {
      const [row] = rows;
      if (row === undefined || rows.length > 1) throw malformed(`it has ${rows.length} rows, not 1`, asked);
      const facts = readFacts(row.map((column) => column && new TextDecoder().decode(column)), asked);
      settle()?.resolve(facts);
    }).catch((error) => {
      connection.destroy();
      settle()?.reject(failure(error, asked));
    });
  };
  /** The bytes for the next question. */
  const next = (): Buffer => {
    if (!isMarkedNow) {
      const bytes = isKept ? plain.next : plain.first;
      isKept = true;
      return bytes;
    }
    if (marked) return marked.next;
    mark = newMark();
    marked = askingFor(markedQuestion(mark), 'marked');
    return marked.first;
  };
  const ask = (isMarked = false) =>
    new Promise<Facts>((resolve, reject) => {
      if (lost) return reject(lost);
      connection.heard = false;
      pending = { resolve, reject };
      facts = undefined;
      count += 1;
      isMarkedNow = isMarked && count > 1;
      if (count === 1) askFirst();
      else connection.send(next());
    });
  return {
    ask,
    heard: () => connection.heard,
    isEncrypted: () => connection.isEncrypted,
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
