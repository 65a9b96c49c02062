/** A session with one server in which one question is asked again and again. */
import { addressText, isLoopback } from '../runtime/addresses.ts';
import { startupMessage } from '../protocol/login-messages.ts';
import { ProtocolError } from '../protocol/message-guard.ts';
import { askingFor, readRow } from '../protocol/prepared-question.ts';
import type { Credentials } from './credentials.ts';
import { type Asked, boundElsewhere, malformed, ProbeError, serverFailure } from './failure.ts';
import { Login } from './login.ts';
import { type Encryption, ProbeConnection } from './probe-connection.ts';
import { type Facts, question, readFacts } from './question.ts';

const asking = askingFor(question);

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
  let isReady = false;
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
        if (pending === undefined) return;
        if (facts === undefined) throw malformed('it has 0 rows, not 1', asked);
        settle()?.resolve(facts);
        return;
      }
      if (!login.isDone) throw new ProtocolError('it is ready before it has let us in');
      isReady = true;
      // From here on silence means that the question was not answered.
      connection.heard = false;
      events.ready();
      connection.send(asking.first);
    },
    row(body) {
      if (!isReady) throw new ProtocolError('it answers before it was asked');
      if (facts !== undefined) throw malformed('it has several rows, not 1', asked);
      // With `cert` in pg_hba.conf the server asks for nothing here: the certificate went along with the handshake.
      const gaveCertificate = connection.isEncrypted && trust.cert !== undefined;
      facts = { ...readFacts(readRow(body), asked), letInUnasked: !login.wasAsked && !gaveCertificate };
    },
    error(said) {
      if (pending === undefined) return;
      throw login.isBinding && said.sqlstate === '28000'
        ? boundElsewhere(said, asked)
        : serverFailure(said, asked);
    },
    authentication(kind, data) {
      const answer = login.answer(kind, data);
      if (answer !== undefined) connection.send(answer);
    },
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
  });
  const begin = () =>
    connection.send(
      startupMessage({ user, database, client_encoding: 'UTF8', application_name: 'pg_gateway' }),
    );
  const ask = () =>
    new Promise<Facts>((resolve, reject) => {
      if (lost) return reject(lost);
      connection.heard = false;
      pending = { resolve, reject };
      facts = undefined;
      if (isReady) connection.send(asking.next);
      else connection.open(begin);
    });
  return {
    ask,
    heard: () => connection.heard,
    isEncrypted: () => connection.isEncrypted,
    close: () => connection.destroy(),
  };
}
