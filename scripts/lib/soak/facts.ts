/** What a run has measured. */
import type { Machine } from '../bench/results.ts';
import type { ServerKindName } from '../failover/kinds.ts';

/** The gateway in one second. */
export interface Sample {
  /** Since the load began. */
  readonly second: number;
  readonly residentBytes: number;
  /** PSS: of what it shares with other processes its share; of the last time that it was asked. */
  readonly proportionalBytes: number;
  readonly descriptors: number;
  readonly threads: number;
  /** Share of one processor since the last sample. */
  readonly processors: number;
  readonly clients: number;
  readonly held: number;
  /** The machine's, of the last minute. */
  readonly load: number;
}

/** The gateway without a client. */
export interface Rest {
  readonly residentBytes: number;
  readonly proportionalBytes: number;
  readonly descriptors: number;
  readonly threads: number;
}

/** A client that was told of an error, or read what cannot be. */
export interface Trouble {
  /** Since the load began. */
  readonly second: number;
  readonly kind: string;
  /** A SQLSTATE, a system's or a driver's code, or a sentence. */
  readonly code: string;
  readonly message: string;
}

export interface Failover {
  readonly kind: ServerKindName;
  /** When the fault came, since the load began. */
  readonly second: number;
  /** When all clients were back. */
  readonly untilSecond: number;
  /** Which server was promoted. */
  readonly promoted: string;
  /** From the promotion to the first acknowledged write on the new primary. */
  readonly firstWriteMs: number;
  /** From the promotion until every client had done something again. */
  readonly allBackMs: number;
  /** Which kinds of clients took longest. */
  readonly lastBack: readonly string[];
  /** From the fault until both standbys streamed from the new primary. */
  readonly healedMs: number;
  /** Kinds of clients that were not back at the deadline. */
  readonly missing: readonly string[];
  readonly logLines: number;
}

export interface ClientKind {
  readonly kind: string;
  readonly what: string;
  readonly count: number;
  /** Pieces of work that were done, and that were not. */
  readonly done: number;
  readonly failed: number;
}

/** What the gateway itself has counted. */
export interface Counted {
  /** Connections of clients that were accepted. */
  readonly accepted: number;
  /** Clients that had to wait for a server, and cancel requests passed on. */
  readonly holds: number;
  readonly cancels: number;
  /** Both ways together. */
  readonly bytes: number;
  /** Clients that were refused, for whatever reason. */
  readonly refused: number;
}

export interface Facts {
  readonly startedAt: string;
  /** With the load on. */
  readonly seconds: number;
  readonly wantedMinutes: number;
  readonly everySeconds: number;
  readonly loadPercent: number;
  readonly seed: number;
  readonly version: string;
  readonly machine: Machine;
  readonly before: Rest;
  /** Undefined: the gateway has ended. */
  readonly after: Rest | undefined;
  readonly samples: readonly Sample[];
  readonly troubles: readonly Trouble[];
  readonly failovers: readonly Failover[];
  readonly clients: readonly ClientKind[];
  readonly acknowledged: number;
  /** Writes by their ids: acknowledged and gone; taken by an old primary, or by two. */
  readonly lost: readonly number[];
  readonly doubles: readonly number[];
  readonly copiedBytes: number;
  /** Those that came before their query, and did nothing. */
  readonly missedCancels: number;
  readonly reloads: number;
  /** Undefined: it has ended before it was asked. */
  readonly counted: Counted | undefined;
  /** Lines of the gateway's log, by event. */
  readonly logLines: Readonly<Record<string, number>>;
  /** Of the gateway, at the end; null: it had to be killed, or ended by itself. */
  readonly exitCode: number | null;
  /** Why the run ended before its time. */
  readonly cutShort: string | undefined;
}
