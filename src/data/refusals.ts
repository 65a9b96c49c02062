/**
 * Why a client is refused, in words that say what happened and what to do: one place for every sentence and every
 * SQLSTATE. 57P03 makes libpq try the next host of its list, where 08006 would make it stop.
 */
import type { CloseReason } from '../contract/counters.ts';
import type { Port, Route } from '../contract/messages.ts';
import { hostOf } from '../runtime/addresses.ts';
import { isShortage } from '../runtime/net-error.ts';
import type { NetError } from '../runtime/runtime.ts';
import type { ErrorFields } from '../protocol/error-response.ts';
import type { Opening, OtherProtocol } from '../protocol/opening.ts';

export interface Refusal extends ErrorFields {
  /** What the session counts as. */
  readonly reason: CloseReason;
}

export const sqlstates = {
  cannotConnectNow: '57P03',
  adminShutdown: '57P01',
  tooManyConnections: '53300',
  protocolViolation: '08P01',
  featureNotSupported: '0A000',
  queryCanceled: '57014',
  invalidAuthorization: '28000',
  idleSessionTimeout: '57P05',
} as const;

/** Why a server was not reached. What the network said and what PostgreSQL said are not the same kind of thing. */
export interface DialFailure {
  /** For the log, after "dialling the primary": `failed with ECONNREFUSED`, `was answered with SQLSTATE 57P03`. */
  readonly outcome: string;
  /** A clause for the client, if no other server is found for it. */
  readonly message: string;
  /** What a session counts as that ends for it. */
  readonly reason: 'connectTimeout' | 'connectRefused';
  /** This machine could not even try. */
  readonly isShortage?: boolean | undefined;
  /** What may be the client's doing: direct TLS to a server without TLS is hung up on, half a handshake gets silence. */
  readonly behaviour?: 'hungUp' | 'silent';
}

/** For a connect that failed, or a connection that broke. */
export function networkFailure(error: NetError): DialFailure {
  const { code, message } = error;
  return {
    outcome: `failed with ${code}`,
    message,
    reason: code === 'ETIMEDOUT' ? 'connectTimeout' : 'connectRefused',
    isShortage: isShortage(error),
  };
}

/** For a connection that broke before the server said a byte. */
export function brokenEarly(error: NetError): DialFailure {
  // A server that has left bytes of the client unread closes with a reset.
  return error.code === 'ECONNRESET'
    ? { ...networkFailure(error), behaviour: 'hungUp' }
    : networkFailure(error);
}

/** For a server that could be dialled and counts as not reached. */
export const dialFailures = {
  endedEarly: {
    outcome: 'ended before the first byte',
    message: 'the connection ended before the server said a byte',
    reason: 'connectRefused',
    behaviour: 'hungUp',
  },
  /** It starts up, shuts down, or takes no clients yet: worth waiting for, like one that is not there. */
  notNow: {
    outcome: 'was answered with SQLSTATE 57P03 or 57P01',
    message: 'the server is starting up or shutting down',
    reason: 'connectRefused',
  },
  standby: {
    outcome: 'reached a standby',
    message: 'the server turned out to be a standby',
    reason: 'connectRefused',
  },
  leaseExpired: {
    outcome: 'was not tried',
    message: 'what is known of it is too old, for the gateway itself has stalled',
    reason: 'connectTimeout',
  },
  silent: {
    outcome: 'brought no byte',
    message: 'the server accepted the connection and said nothing',
    reason: 'connectTimeout',
    behaviour: 'silent',
  },
} as const satisfies Record<string, DialFailure>;

/** What to do with clients of another protocol. */
const advice: Readonly<Record<OtherProtocol, string>> = {
  http: 'This is the address of a PostgreSQL server; /live, /ready and /metrics are on METRICS_PORT.',
  proxy:
    'The load balancer before this port has the PROXY protocol switched on, which PostgreSQL does not know: switch it off there, or let pg_gateway read it (PROXY_PROTOCOL, PROXY_TRUSTED).',
  ssh: 'This is the address of a PostgreSQL server.',
  tls:
    'This is the address of a PostgreSQL server, which wants an SSLRequest before TLS, or "postgresql" as the protocol of ALPN.',
  unknown: 'This is the address of a PostgreSQL server.',
};

/** The first packet is none of PostgreSQL's. */
export function notUnderstood({ protocol, why }: Extract<Opening, { kind: 'garbage' }>): Refusal {
  return {
    sqlstate: sqlstates.protocolViolation,
    message: `pg_gateway does not understand this client: ${why}`,
    hint: advice[protocol],
    reason: 'refused',
  };
}

/** As PostgreSQL says it, which versions differ in; `protocol` is the code of a StartupMessage. */
export function unsupportedProtocol(protocol: number): Refusal {
  return {
    sqlstate: sqlstates.featureNotSupported,
    message: `unsupported frontend protocol ${protocol >>> 16}.${
      protocol & 0xffff
    }: PostgreSQL speaks 3.0 and later`,
    reason: 'refused',
  };
}

export function halfPacket(waitedMs: number): Refusal {
  return {
    sqlstate: sqlstates.queryCanceled,
    message: `pg_gateway waited ${waitedMs / 1000} s for the rest of the first packet`,
    hint: 'STARTUP_TIMEOUT_MS sets this limit.',
    reason: 'startupTimeout',
  };
}

/** Why a client of `port` has no server; `failure` is there if there is one that could not be dialled. */
export function noServer(
  route: Route,
  port: Port,
  { holdMs, fallback }: { readonly holdMs: number; readonly fallback: boolean },
  failure: DialFailure | undefined,
): Refusal {
  if (failure !== undefined) return unreachable(route, port, holdMs, failure);
  return port === 'primary' ? noPrimary(route, holdMs) : noStandby(route, holdMs, fallback);
}

export function noPrimary(route: Route, holdMs: number): Refusal {
  return {
    sqlstate: sqlstates.cannotConnectNow,
    message: `pg_gateway has no primary to connect to${waited(holdMs)}: ${route.reason}`,
    detail: route.detail,
    hint: 'Try again when a primary is up; HOLD_MS sets how long the gateway waits for one.',
    reason: holdMs > 0 ? 'holdTimeout' : 'refused',
  };
}

/** Of the standby port; with `fallback` there is no primary either. */
export function noStandby(route: Route, holdMs: number, fallback: boolean): Refusal {
  return {
    sqlstate: sqlstates.cannotConnectNow,
    message: fallback
      ? `pg_gateway has neither a standby nor a primary to connect to${waited(holdMs)}: ${route.reason}`
      : `pg_gateway has no standby to connect to${waited(holdMs)}, and the primary does not stand in for one`,
    detail: route.standbyDetail,
    hint: fallback
      ? 'Try again when a server is up; HOLD_MS sets how long the gateway waits for one.'
      : 'REPLICA_FALLBACK=on lets the primary serve; HOLD_MS sets how long the gateway waits for a standby.',
    reason: holdMs > 0 ? 'holdTimeout' : 'refused',
  };
}

/** There is a server for this port, but it could not be dialled until the hold was over. */
export function unreachable(route: Route, port: Port, holdMs: number, failure: DialFailure): Refusal {
  return {
    sqlstate: sqlstates.cannotConnectNow,
    message: `pg_gateway cannot connect to ${port === 'primary' ? 'the primary' : 'a standby'}${
      waited(holdMs)
    }: ${failure.message}`,
    detail: route.detail,
    reason: failure.reason,
  };
}

export function tooManyHeld(route: Route, port: Port, held: number): Refusal {
  return {
    sqlstate: sqlstates.cannotConnectNow,
    message: `pg_gateway has no ${port} to connect to, and ${held} clients wait for a server already`,
    detail: route.detail,
    hint: 'MAX_HELD sets how many may wait.',
    reason: 'limit',
  };
}

export function tooManySessions(maxSessions: number): Refusal {
  return {
    sqlstate: sqlstates.tooManyConnections,
    message: `pg_gateway holds ${maxSessions} sessions already`,
    hint: 'MAX_SESSIONS sets how many it takes.',
    reason: 'limit',
  };
}

/** Of a client at the endpoint `client`; which networks there are is not its business. */
export function notAllowed(client: string, verdict: 'denied' | 'unlisted'): Refusal {
  return {
    sqlstate: sqlstates.invalidAuthorization,
    message: `pg_gateway takes no clients from ${hostOf(client)}`,
    detail: verdict === 'denied'
      ? 'A network of DENY has this address, and no smaller one of ALLOW.'
      : 'No network of ALLOW has this address.',
    hint: 'ALLOW and DENY set whose clients it takes.',
    reason: 'refused',
  };
}

const perAddress = 'one of IPv6 is a whole /64 network; the loopback and unix sockets are not limited.';

/** `peer` is as `peerOf` gives it. What the limit is stands in the hint by its name alone: a reload may have changed it. */
export function addressFull(peer: string): Refusal {
  return {
    sqlstate: sqlstates.tooManyConnections,
    message: `pg_gateway has as many connections from ${peer} as it takes from one address`,
    detail: 'Connections to all of its ports count, in whatever state they are.',
    hint: `Close some. MAX_CONNECTIONS_PER_ADDRESS sets how many an address may have; ${perAddress}`,
    reason: 'refused',
  };
}

export function addressTooFast(peer: string): Refusal {
  return {
    sqlstate: sqlstates.tooManyConnections,
    message: `${peer} connects to pg_gateway faster than one address may`,
    detail: 'Connections that were closed again count, too.',
    hint:
      `Connect again in a second, or keep connections open. CONNECT_RATE_PER_ADDRESS sets the limit; ${perAddress}`,
    reason: 'refused',
  };
}

export const buffersFull: Refusal = {
  sqlstate: sqlstates.tooManyConnections,
  message: 'pg_gateway keeps as many bytes as it may, for clients and servers that do not read',
  detail: 'Sessions that are open go on; a new one is taken when some of these bytes were read.',
  hint: 'Connect again later. MAX_BUFFERED_BYTES sets how many it keeps.',
  reason: 'limit',
};

/** The client is half logged in already, so it cannot be sent to another server unnoticed. */
export const onStandby: Refusal = {
  sqlstate: sqlstates.cannotConnectNow,
  message: 'pg_gateway reached a server that has just lost its role: it is a standby now',
  hint: 'Connect again: the gateway looks for the new primary.',
  reason: 'refused',
};

export const shuttingDown: Refusal = {
  sqlstate: sqlstates.cannotConnectNow,
  message: 'pg_gateway is shutting down',
  hint: 'Connect again: another gateway, or this one after its restart, will take you.',
  reason: 'drained',
};

/** For a session that is open: PostgreSQL says the same when it ends one. */
export const sessionEnded: Refusal = {
  ...shuttingDown,
  sqlstate: sqlstates.adminShutdown,
  message: 'pg_gateway is shutting down, and ends this session',
};

/** Said where it is known to begin a message: see `Open.gatewayEnds`. PostgreSQL's idle_session_timeout has the same SQLSTATE. */
export const idleEnded: Refusal = {
  sqlstate: sqlstates.idleSessionTimeout,
  message: 'pg_gateway ends this session because no byte has passed for too long',
  hint: 'Connect again. IDLE_TIMEOUT_MS sets how long a session may be silent.',
  reason: 'idleTimeout',
};

/** What clients are told that the gateway ends itself: while they wait for a server, and in an open session. */
export interface LastWords {
  readonly waiting: Refusal;
  readonly open: Refusal;
}

export const killed: Refusal = {
  sqlstate: sqlstates.adminShutdown,
  message: 'an administrator has ended this connection (pg_gateway kill)',
  reason: 'killed',
};

function waited(holdMs: number): string {
  return holdMs > 0 ? ` (waited ${holdMs / 1000} s)` : '';
}
