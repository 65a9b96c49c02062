/** A session with one server in which one question is asked again and again. */
import { addressText, isFolder, isLoopback, serverAddress } from '../runtime/addresses.ts';
import { startupMessage } from '../protocol/login-messages.ts';
import { ProtocolError } from '../protocol/message-guard.ts';
import { askingFor, readRow } from '../protocol/prepared-question.ts';
import type { Credentials } from './credentials.ts';
import { type Asked, boundElsewhere, malformed, ProbeError, serverFailure } from './failure.ts';
import { Login } from './login.ts';
import { type Encryption, ProbeConnection } from './probe-connection.ts';
import {
  type Facts,
  markedQuestion,
  markLength,
  marksIn,
  question,
  readFacts,
  reducedQuestion,
} from './question.ts';
import { type Rights, rightsOf } from './rights.ts';
import { Saltings } from './saltings.ts';

/** Of all sessions: what they compete for is the processor. */
const saltings = new Saltings();

/** What is asked in a session. */
interface Asking {
  readonly bytes: ReturnType<typeof askingFor>;
  /** Undefined: the server lets the probe ask everything. */
  readonly rights: Rights | undefined;
  /** Undefined: without one. */
  readonly mark: string | undefined;
}

const everything: Asking = { bytes: askingFor(question), rights: undefined, mark: undefined };

function askingWith(rights: Rights | undefined, mark: string | undefined): Asking {
  if (mark !== undefined) return { bytes: askingFor(markedQuestion(mark, rights)), rights, mark };
  return rights === undefined ? everything : { bytes: askingFor(reducedQuestion(rights)), rights, mark };
}

function newMark(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(markLength / 2))).toString('hex');
}

/**
 * A function or a view that may not be used, or is not there, or a function that is not supported, or not with these
 * settings (Amazon Aurora).
 */
const refusals = ['42501', '42883', '42P01', '0A000', '55000'];

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
  ended(error: Error): void;
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
    const [encryption, otherwise] = encryptions(target, credentials);
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

/** What to try, and what to try after it. On a unix socket PostgreSQL has no TLS, and libpq asks for none, whatever the mode. */
function encryptions({ host }: ProbeTarget, credentials: Credentials): readonly [Encryption, Encryption?] {
  if (isFolder(host)) return ['plain'];
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

type Row = readonly (string | null)[];

function openSession(
  target: ProbeTarget,
  encryption: Encryption,
  credentials: Credentials,
  events: ProbeEvents,
): QuerySession {
  const { host, port, serverName } = target;
  const { user, database, trust } = credentials;
  const asked: Asked = {
    address: addressText(serverAddress({ host, port })),
    user,
    database,
  };
  let isReady = false;
  let lost: Error | undefined;
  /** What is being asked, until the server is ready again. */
  let pending: { resolve(row: Row): void; reject(error: unknown): void } | undefined;
  /** Of the present question, once it is there. */
  let row: Row | undefined;
  let refusal: ProbeError | undefined;
  /** Goes out when the login is done. */
  let first: Buffer | undefined;
  let asking = everything;
  /** Whether the server keeps `asking` as a prepared statement. */
  let isKept = false;
  /** Of this session, since it was first asked with one. */
  let mark: string | undefined;
  let isMarkWanted = false;
  /** The server does not let the probe see marks, in this session: it shows none then, not even its own. */
  let isMarkRefused = false;
  /** The probe may see more than it asks for, or less: something was granted or revoked. */
  let isOutdated = false;
  const settle = (): typeof pending => {
    const one = pending;
    pending = undefined;
    return one;
  };
  const connection = new ProbeConnection({ host, port, serverName, encryption, trust, asked }, {
    ready() {
      if (!isReady) {
        if (!login.isDone) throw new ProtocolError('it is ready before it has let us in');
        isReady = true;
        // From here on silence means that the question was not answered.
        connection.heard = false;
        events.ready();
        connection.send(first!);
        return;
      }
      // It is so once for each question. What has no question has no bound: each one begins the count of bytes anew.
      if (pending === undefined) throw new ProtocolError('it is ready again and again');
      if (refusal !== undefined) return settle()?.reject(refusal);
      if (row === undefined) throw malformed('it has 0 rows, not 1', asked);
      settle()?.resolve(row);
    },
    row(body) {
      if (!isReady) throw new ProtocolError('it answers before it was asked');
      if (row !== undefined) throw malformed('it has several rows, not 1', asked);
      row = readRow(body);
    },
    error(said) {
      if (pending === undefined) return;
      // Once it has let us in, it is ready again after an error, or closes.
      if (isReady) refusal = serverFailure(said, asked);
      else {throw login.isBinding && said.sqlstate === '28000'
          ? boundElsewhere(said, asked)
          : serverFailure(said, asked);}
    },
    authentication: (kind, data) => login.answer(kind, data),
    ended(error) {
      lost = error;
      if (pending) settle()?.reject(error);
      else events.ended(error);
    },
  });
  const login = new Login({
    asked,
    password: credentials.password(serverName, port),
    channelBinding: credentials.channelBinding,
    requireAuth: credentials.requireAuth,
    isEncrypted: () => connection.isEncrypted,
    certificate: () => connection.certificate,
    // On this machine only the owner of the port can be there.
    isKnown: () => (connection.isEncrypted && trust.verify) || isLoopback(host),
    saltings,
    isWanted: () => !connection.isOver,
    send: (answer) => connection.send(answer),
  });
  const begin = () =>
    connection.send(
      startupMessage({ user, database, client_encoding: 'UTF8', application_name: 'pg_gateway' }),
    );
  const run = (bytes: Buffer): Promise<Row> =>
    new Promise((resolve, reject) => {
      if (lost) return reject(lost);
      pending = { resolve, reject };
      row = refusal = undefined;
      if (isReady) return connection.send(bytes);
      first = bytes;
      connection.open(begin);
    });
  const put = (next: Asking): Promise<Row> => {
    const { first, next: again } = next.bytes;
    const bytes = isKept && next === asking ? again : first;
    asking = next;
    isKept = true;
    return run(bytes).catch((error) => {
      if (bytes === first || !isForgotten(error) || lost) throw error;
      return run(first);
    });
  };
  const read = (row: Row): Facts => {
    const { rights } = asking;
    const columns = [...row];
    const shown = asking.mark === undefined ? null : columns.pop();
    isOutdated = rights !== undefined && columns.pop() !== rights.letters;
    const facts = readFacts(columns, asked, rights?.lacks);
    // With `cert` in pg_hba.conf the server asks for nothing here: the certificate went along with the handshake.
    const gaveCertificate = connection.isEncrypted && trust.cert !== undefined;
    const letInUnasked = !login.wasAsked && !gaveCertificate;
    const own = asking.mark ?? (isMarkWanted && isMarkRefused ? mark : undefined);
    return own === undefined
      ? { ...facts, letInUnasked }
      : { ...facts, letInUnasked, marks: { own, seen: marksIn(shown) } };
  };
  /** Finds out what the server lets the probe ask, and asks that. */
  const askLess = async (error: unknown): Promise<Facts> => {
    if (!isRefused(error) || lost) throw error;
    isKept = false;
    if (asking.mark !== undefined) {
      // Is it for the marks, or for the rest?
      return await put(askingWith(asking.rights, undefined)).then((row) => {
        isMarkRefused = true;
        return read(row);
      }, askLess);
    }
    const rights = await rightsOf(
      async (statement) => (await run(askingFor(statement).first))[0] ?? null,
      (error) => error instanceof ProbeError && error.sign.sqlstate !== undefined && !lost,
      user,
    );
    return read(await put(askingWith(rights.lacks.length === 0 ? undefined : rights, undefined)));
  };
  const ask = (isMarked = false): Promise<Facts> => {
    connection.heard = false;
    isMarkWanted = isMarked && isReady;
    if (isMarkWanted) mark ??= newMark();
    const own = isMarkWanted && !isMarkRefused ? mark : undefined;
    const rights = isOutdated ? undefined : asking.rights;
    const isSame = rights === asking.rights && own === asking.mark;
    return put(isSame ? asking : askingWith(rights, own)).then(read, askLess).catch((error) => {
      connection.destroy();
      throw error;
    });
  };
  return {
    ask,
    heard: () => connection.heard,
    isEncrypted: () => connection.isEncrypted,
    close: () => connection.destroy(),
  };
}

/** PgBouncer in transaction mode gives each question whatever session of the server is free, and that may not have it. */
function isForgotten(error: unknown): boolean {
  return error instanceof ProbeError && error.sign.sqlstate === '26000';
}

function isRefused(error: unknown): boolean {
  return error instanceof ProbeError && refusals.includes(error.sign.sqlstate ?? '');
}
