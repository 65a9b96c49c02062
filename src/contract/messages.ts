/** What the two planes say to each other. Plain values: they cross a thread. */
import type { CloseReason } from './counters.ts';
import type { Network } from '../runtime/networks.ts';
import type { Address, KeepAlive } from '../runtime/runtime.ts';
import type { Sockets } from './sockets.ts';

/** A standby of our cluster. */
export interface Standby {
  readonly address: Address;
  /** Its share of new sessions; 0: it gets none, and may have old ones. */
  readonly weight: number;
}

/** Where sessions go. Immutable. */
export interface Route {
  /** Grows by one whenever the primary changes, to another server or to none. */
  readonly epoch: number;
  /** Sessions dialled under an older epoch than this are ended: their server has lost its role. */
  readonly fence: number;
  /** Undefined: there is no primary, new connections are held. */
  readonly primary?: Address | undefined;
  readonly standbys: readonly Standby[];
  /** One sentence, for the MESSAGE of a refusal. */
  readonly reason: string;
  /** A line for each candidate with its last verdict, for the DETAIL of a refusal. */
  readonly detail: string;
  /** The same for a refusal of the standby port: why each candidate is not in the rotation. */
  readonly standbyDetail: string;
}

export const noRoute: Route = {
  epoch: 0,
  fence: 0,
  standbys: [],
  reason: 'the gateway has not probed its candidates yet',
  detail: '',
  standbyDetail: '',
};

/** Which server the clients of a port want: the primary, or a standby. */
export const ports = ['primary', 'standby'] as const;

export type Port = (typeof ports)[number];

/** Where a socket of a port is bound. */
export interface Bound {
  readonly port: Port;
  readonly address: Address;
}

/** Whose word counts: that of whoever comes from these networks, or connects to a unix socket. */
export interface TrustedSources {
  readonly networks: readonly Network[];
  readonly unix: boolean;
}

/** Connects a second, and how many at once after a rest. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** The settings that the data plane needs. */
export interface DataSettings {
  readonly listen: Address;
  /** The standby port; undefined: there is none. */
  readonly listenStandby: Address | undefined;
  /** Further addresses, which are bound by each data plane whatever `sockets` there are. */
  readonly alsoListen: readonly Bound[];
  /** Without a usable standby the primary serves the clients of the standby port. */
  readonly fallback: boolean;
  /** How a standby is chosen: the one with the least sessions, or by the client's address. */
  readonly balance: 'least' | 'source';
  /** Whether a PROXY header may, or must, come before the first packet; undefined: neither. And from where alone one counts. */
  readonly proxyProtocol: 'accept' | 'require' | undefined;
  readonly proxyTrusted: TrustedSources;
  readonly reusePort: boolean;
  /** What this data plane listens on, where that listens already; the addresses say then only where that is. */
  readonly sockets: Sockets;
  readonly backlog: number;
  readonly keepAlive: KeepAlive | undefined;
  /** How long dialling a server may take. */
  readonly connectTimeoutMs: number;
  /** How long a client may take to say what it wants, and to read a refusal. */
  readonly startupTimeoutMs: number;
  readonly holdMs: number;
  readonly maxHeld: number;
  /** How long the native engine polls for events before it sleeps. */
  readonly spinMs: number;
  /** How many connections to the primary are made ahead; 0: none. */
  readonly prewarm: number;
  /** The ends of which sessions are reported. */
  readonly logConnections: 'errors' | 'all' | undefined;
  readonly maxSessions: number;
  /** Networks whose clients are taken, and networks whose clients are not; undefined: all others. See `Access`. */
  readonly allow: readonly Network[] | undefined;
  readonly deny: readonly Network[] | undefined;
  /** How many connections a client address may have, and how fast it may connect; undefined: as many as there may be. */
  readonly maxPerAddress: number | undefined;
  readonly ratePerAddress: Rate | undefined;
  /** How long a session may be without a byte; undefined: for ever. */
  readonly idleTimeoutMs: number | undefined;
  /** Kept for all sessions together, beyond which no new one is taken; undefined: no limit. */
  readonly maxBufferedBytes: number | undefined;
  /** Clients above `maxSessions` are refused; clients above this are dropped. */
  readonly maxClients: number;
  /** The refusal server, for clients that asked for TLS. */
  readonly refusalServer: Address;
}

/** Which clients are meant: those that fit all that is given here. Endpoints as `host:port`. */
export interface Selection {
  readonly client?: string | undefined;
  /** All clients of this host, without a port. */
  readonly address?: string | undefined;
  readonly server?: string | undefined;
}

/** A client, for people. What is not known, or is not there, is null. */
export interface ClientRow {
  /** `host:port`; null at the other end of a unix socket. */
  readonly client: string | null;
  readonly port: Port;
  readonly state: string;
  /** Since it connected. */
  readonly ageMs: number;
  /** Since the last byte of either side, to a quarter of a second; null where there is no server yet. */
  readonly idleMs: number | null;
  readonly server: string | null;
  /** Our own end of the connection to the server: its client_addr and client_port. */
  readonly local: string | null;
  readonly upBytes: number;
  readonly downBytes: number;
  /** What the gateway keeps, because a side does not read. */
  readonly keptBytes: number;
  /** As they stand in a startup packet in clear text. */
  readonly user: string | null;
  readonly database: string | null;
  readonly application: string | null;
}

/** How a session has ended, for the log. */
export interface EndedSession {
  readonly client: string;
  readonly port: Port;
  readonly server: string | undefined;
  readonly user: string | undefined;
  readonly database: string | undefined;
  readonly application: string | undefined;
  readonly durationMs: number;
  readonly upBytes: number;
  readonly downBytes: number;
  readonly reason: CloseReason;
}

/** From the control plane. */
export type Command =
  /** The slots are those of the counters in which sessions are counted: of the primary, and of `standbys` in their order. */
  | {
    readonly kind: 'route';
    readonly route: Route;
    readonly slot: number;
    readonly standbySlots: readonly number[];
  }
  /** For new sessions, and for what old ones do next. Where to listen, and how, stays as it is. */
  | { readonly kind: 'settings'; readonly settings: DataSettings }
  /** The death verdict: ends every session on a server that gives no sign of life. */
  | { readonly kind: 'endDead'; readonly server: Address }
  /** A server is no standby of ours any more, or lags too far: ends the sessions of the standby port on it. */
  | { readonly kind: 'endStandbySessions'; readonly server: Address }
  /** Answered by `selected`, in slices: the clients that are meant. */
  | { readonly kind: 'list'; readonly id: number; readonly of: Selection }
  /** The same, without rows: ends them. */
  | { readonly kind: 'kill'; readonly id: number; readonly of: Selection }
  /** Take those that are connected and stop listening; sessions live on until they end or until `stop`. */
  | { readonly kind: 'drain' }
  /** End everything, now. */
  | { readonly kind: 'stop' };

/** From the data plane. */
export type Report =
  /** On all its ports; `now` is the time by the data plane's own clock. */
  | {
    readonly kind: 'listening';
    readonly address: Address;
    readonly standby: Address | undefined;
    /** What it listens on, if that can be passed to another process. */
    readonly sockets: Sockets;
    readonly now: number;
  }
  | {
    readonly kind: 'listenFailed';
    readonly port: Port;
    readonly address: Address;
    readonly code: string;
    readonly message: string;
  }
  /** A server refused us or went away: worth probing all candidates at once. */
  | { readonly kind: 'suspicion'; readonly why: string }
  /** Clients cannot be accepted for want of descriptors or memory; reported once until it is over. */
  | { readonly kind: 'exhausted'; readonly why: string }
  /** An exception of our own code at `where`, and how many there were since the last such report. */
  | { readonly kind: 'fault'; readonly where: string; readonly stack: string; readonly count: number }
  /** Servers cannot be dialled for want of ports, descriptors or memory of ours; reported once until it is over. */
  | { readonly kind: 'shortage'; readonly why: string }
  /**
   * Clients that do not speak PostgreSQL's protocol, or whose PROXY header does not count or is missing: the last one, and
   * how many since the last such report.
   */
  | {
    readonly kind: 'otherProtocol';
    readonly event: 'other_protocol' | 'proxy_refused';
    readonly port: Port;
    readonly client: string;
    readonly why: string;
    readonly count: number;
  }
  /** So many were turned away, for want of room or because of a limit, since the last such report, and most of them, so many at least, from one address. */
  | {
    readonly kind: 'turnedAway';
    readonly who: 'clients' | 'cancels' | 'notAllowed' | 'addressFull' | 'addressTooFast' | 'buffersFull';
    readonly count: number;
    readonly busiest: string;
    readonly ofBusiest: number;
  }
  /** Answers `drain`: all that were connected by then are counted, and nobody else comes. */
  | { readonly kind: 'drained' }
  /** Sessions that have ended, as LOG_CONNECTIONS asks for them, and how many more there were than are told. */
  | { readonly kind: 'ended'; readonly sessions: readonly EndedSession[]; readonly leftOut: number }
  /** A slice of the answer to the question `id`; `rows` are the next `count` of ClientRow as JSON, with commas between. */
  | {
    readonly kind: 'selected';
    readonly id: number;
    readonly count: number;
    readonly rows: string;
    readonly isLast: boolean;
  }
  /** Answers `stop`: every socket is closed. */
  | { readonly kind: 'stopped' };
