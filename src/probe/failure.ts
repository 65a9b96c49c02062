/** Why a probe failed, in words for people. Each message is a clause that reads after the candidate's name. */
import type { FailureKind } from '../cluster/observation.ts';
import { codeOf, messageOf } from '../errors.ts';
import { netError } from '../runtime/net-error.ts';
import { printable } from '../protocol/printable.ts';
import { maxScramRounds } from '../protocol/scram-challenge.ts';
import type { AuthMethod } from './require-auth.ts';

export class ProbeError extends Error {
  readonly kind: FailureKind;
  readonly sign: FailureSign;

  constructor(kind: FailureKind, message: string, sign: FailureSign = {}) {
    super(message);
    this.name = 'ProbeError';
    this.kind = kind;
    this.sign = sign;
  }
}

/**
 * What the failure was known by, if by anything: at most one of them, as the network and PostgreSQL report
 * separately.
 */
export interface FailureSign {
  /** The system's name, such as ECONNREFUSED. */
  readonly errno?: string;
  /** PostgreSQL's five characters. */
  readonly sqlstate?: string;
  /** The server has no TLS, or answered the request for it with an error. */
  readonly isTlsRefused?: boolean;
}

/** Which server was asked, as which user, for the messages. */
export interface Asked {
  /** `host:port` with the numeric host. */
  readonly address: string;
  readonly user: string;
  readonly database: string;
}

/** What PostgreSQL's ErrorResponse says; unknown servers may leave any of it out. */
export interface ServerError {
  readonly sqlstate: string;
  readonly message: string;
}

/** Of what a server says or shows: a certificate, for one, may name ten thousand hosts. */
const maxQuoted = 200;
/** PostgreSQL's have five. */
const maxSqlstate = 10;

const unreachable = ['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN'];

const noPort =
  'a local port or an address of that kind is missing: end connections, or see to ip_local_port_range';

/** What this machine has run out of, by the error. */
const shortOf: Readonly<Record<string, string>> = {
  // All ports to that server are taken, or there is no such address here. Deno says EINVAL.
  EADDRNOTAVAIL: noPort,
  EINVAL: noPort,
  EMFILE: 'this process has no descriptor left: raise its limit of open files (ulimit -n)',
  ENFILE: 'this machine has no descriptor left: raise fs.file-max',
  ENOBUFS: 'this machine has no memory for sockets left',
  ENOMEM: 'this machine has no memory left',
};

/** For an error of the socket, before or after it was connected. */
export function socketFailure(error: unknown, asked: Asked): ProbeError {
  const { code: errno, message: text } = netError(error);
  if (errno === 'ECONNREFUSED') {
    const message =
      `refuses connections at ${asked.address}: start PostgreSQL there, or check its listen_addresses and port`;
    return new ProbeError('refused', message, { errno });
  }
  // PostgreSQL removes its unix socket when it stops.
  if (errno === 'ENOENT') {
    const message =
      `has no socket at ${asked.address}: start PostgreSQL there, or check its unix_socket_directories and port`;
    return new ProbeError('refused', message, { errno });
  }
  if (unreachable.includes(errno)) {
    const message =
      `cannot be reached at ${asked.address} (${errno}): check the address, the network and its routes`;
    return new ProbeError('unreachable', message, { errno });
  }
  if (errno === 'ETIMEDOUT') {
    return new ProbeError(
      'silent',
      `gave no sign of life at ${asked.address} (${errno}): check the host and the firewalls`,
      { errno },
    );
  }
  if (errno === 'ECONNRESET' || errno === 'EPIPE' || errno === 'ECONNABORTED') {
    return disconnected(asked, errno);
  }
  return new ProbeError(
    'local',
    `could not be asked at ${asked.address}: ${text}; ${
      shortOf[errno] ?? 'see to this machine of the gateway'
    }`,
    { errno },
  );
}

export function disconnected(asked: Asked, errno = ''): ProbeError {
  const how = errno === '' ? '' : ` (${errno})`;
  return new ProbeError(
    'disconnected',
    `closed the connection at ${asked.address} without a word${how}: see its log`,
    { errno },
  );
}

/** For a program that does not speak PostgreSQL's protocol. */
export function notPostgres(what: string, asked: Asked): ProbeError {
  return new ProbeError(
    'notPostgres',
    `does not speak PostgreSQL at ${asked.address} (${
      printable(what, maxQuoted)
    }): check the host and the port`,
  );
}

/** For an answer with values that PostgreSQL cannot give: `what` names the first. */
export function malformed(what: string, asked: Asked): ProbeError {
  return new ProbeError(
    'malformed',
    `gave a malformed answer at ${asked.address} (${what}): check which program answers there`,
  );
}

/**
 * Whether an error of a connection under TLS is of TLS and not of the socket below, whose errors have the system's names. By
 * TLS 1.3 a server tells after the handshake that it does not take our certificate.
 */
export function isOfTls(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'EPROTO' || !/^E[A-Z0-9]+$/.test(code);
}

/** For TLS that failed after the server agreed to it. */
export function tlsFailure(error: unknown, asked: Asked): ProbeError {
  const said = printable(tlsReason(messageOf(error)), maxQuoted);
  // Each runtime words it in its own way: "alert" is what the other side says of us.
  const message = /alert/i.test(said)
    ? `ended TLS at ${asked.address} (${said}): check PGSSLCERT and PGSSLKEY of the gateway, and ssl_ca_file there`
    : `was not trusted at ${asked.address}, TLS failed (${said}): check PGSSLMODE and PGSSLROOTCERT of the gateway, and the certificate there`;
  return new ProbeError('untrusted', message, { errno: codeOf(error) });
}

/** Without what is about the source of OpenSSL, and without what is advice for users of Node's command line. */
function tlsReason(text: string): string {
  const reason = /\berror:[0-9a-f]+:[^:]*:[^:]*:([^:\n]+)/i.exec(text)?.[1];
  return reason?.replaceAll('_', ' ').toLowerCase() ?? text.replace(/; if the root CA .*/s, '');
}

/** For a server that wants a password where the gateway has none. */
export function passwordWanted(asked: Asked): ProbeError {
  const message =
    `asks for a password of user ${asked.user}, and the gateway has none: set its PGPASSWORD, PGPASSWORD_FILE or PGPASSFILE`;
  return new ProbeError('credentials', message);
}

/** For a server that wants the password in clear text over a connection that could be anybody's. */
export function clearTextRefused(asked: Asked): ProbeError {
  const message =
    `asks for the password of user ${asked.user} in clear text at ${asked.address}, and nothing shows that it is the right server: use scram-sha-256 in pg_hba.conf there, or let the gateway verify it with PGSSLMODE=verify-full and PGSSLROOTCERT`;
  return new ProbeError('credentials', message);
}

/** For a password that would keep the gateway from its work. */
export function scramTooCostly(asked: Asked): ProbeError {
  const message =
    `asks user ${asked.user} for more than ${maxScramRounds} rounds of SCRAM at ${asked.address}: set scram_iterations lower there, and the password again`;
  return new ProbeError('credentials', message);
}

/** For a login that PGCHANNELBINDING=require does not allow; `why` is a clause. */
export function unbound(why: string, asked: Asked): ProbeError {
  const message =
    `${why} at ${asked.address}, and PGCHANNELBINDING=require wants the password bound to its certificate: use hostssl and scram-sha-256 in pg_hba.conf there, PGSSLMODE=require or more for the gateway, or PGCHANNELBINDING=prefer`;
  return new ProbeError('untrusted', message);
}

/** For a server that was told of another certificate than its own. */
export function boundElsewhere(error: ServerError, asked: Asked): ProbeError {
  const message = `says "${
    printable(error.message, maxQuoted)
  }" at ${asked.address}: something between it and the gateway ends TLS; if that is meant, set PGCHANNELBINDING=disable for the gateway`;
  return new ProbeError('untrusted', message);
}

/** For a method that PGREQUIREAUTH does not allow. */
export function methodRefused(method: AuthMethod, allowed: readonly AuthMethod[], asked: Asked): ProbeError {
  const what = method === 'none'
    ? `lets user ${asked.user} in and asks for nothing`
    : `asks user ${asked.user} to log in by ${method}`;
  const which = allowed.length === 0 ? 'nothing that a probe can do' : allowed.join(', ');
  const message =
    `${what} at ${asked.address}, and PGREQUIREAUTH allows ${which}: change the method in pg_hba.conf there, or PGREQUIREAUTH of the gateway`;
  return new ProbeError('untrusted', message);
}

/** For GSSAPI, SSPI and the like. */
export function loginUnsupported(asked: Asked): ProbeError {
  const message =
    `asks user ${asked.user} to log in in a way that a probe cannot: use scram-sha-256, md5, password, cert or trust in pg_hba.conf there`;
  return new ProbeError('credentials', message);
}

/** For an answer that PostgreSQL gave as an error. */
export function serverFailure(error: ServerError, asked: Asked): ProbeError {
  const sqlstate = printable(error.sqlstate, maxSqlstate);
  const [kind, advice] = judgement(sqlstate, asked);
  return new ProbeError(
    kind,
    `says "${printable(error.message, maxQuoted)}" (${sqlstate}): ${advice}`,
    { sqlstate },
  );
}

function judgement(sqlstate: string, asked: Asked): readonly [FailureKind, string] {
  switch (sqlstate) {
    case '28P01':
      return [
        'credentials',
        `correct the password of user ${asked.user} in PGPASSWORD, PGPASSWORD_FILE or PGPASSFILE of the gateway`,
      ];
    case '28000':
      return [
        'credentials',
        `let user ${asked.user} in there with pg_hba.conf and CREATE ROLE ... LOGIN, or correct PGUSER and PGSSLMODE of the gateway`,
      ];
    case '3D000':
      return [
        'credentials',
        `set PGDATABASE of the gateway to a database that exists there, it is ${asked.database} now`,
      ];
    case '42501':
      return [
        'credentials',
        `grant user ${asked.user} there what the message names, or correct PGUSER of the gateway`,
      ];
    case '42883':
      return ['error', 'PostgreSQL 10 or newer is needed there'];
    case '57P03':
      return ['starting', 'wait until it accepts connections, or see the log there'];
    case '57P01':
    case '57P02':
      return ['disconnected', 'its administrator or a crash ended the session'];
    case '53300':
      return [
        'full',
        `end sessions or raise max_connections there; PostgreSQL 16 and newer keep a slot for user ${asked.user} by reserved_connections and pg_use_reserved_connections`,
      ];
    default:
      // Class 53: PostgreSQL has run out of something, such as memory.
      return [sqlstate.startsWith('53') ? 'full' : 'error', 'see the log there'];
  }
}
