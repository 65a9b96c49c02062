/**
 * What the data plane counts, in memory that both planes see, so that reading it costs the data plane nothing.
 *
 * One slab of doubles for each worker and one writer for each number: no atomics are needed, and a reader at worst
 * sees a number that is one event old. Doubles are exact up to 2^53 and, unlike BigInt, never allocate.
 */

/** Why a session ended. */
export const closeReasons = [
  'clientClosed',
  'serverClosed',
  'clientReset',
  'serverReset',
  'fenced',
  'drained',
  'refused',
  'holdTimeout',
  'connectTimeout',
  'connectRefused',
  'startupTimeout',
  'idleTimeout',
  'limit',
  'killed',
  /** An exception in the gateway's own code. */
  'fault',
] as const;

export type CloseReason = (typeof closeReasons)[number];

/** What clients spoke that are none of PostgreSQL, counted when the first packet was read. */
export const otherProtocols = ['http', 'proxy', 'ssh', 'tls', 'unknown'] as const;

/** What became of connections under PROXY_PROTOCOL=accept or require. */
export const proxyOutcomes = ['proxyTaken', 'proxyMissing', 'proxyMalformed', 'proxyUntrusted'] as const;

export type ProxyOutcome = (typeof proxyOutcomes)[number];

const scalars = [
  /** Clients accepted, ever. */
  'accepted',
  /** Clients open now, in whatever state. */
  'active',
  /** Clients that have, or wait for, a server now. */
  'admitted',
  /** Clients held now. */
  'held',
  /** Clients that had to wait, ever. */
  'holds',
  /** Bytes from clients to servers. */
  'upstreamBytes',
  /** Bytes from servers to clients. */
  'downstreamBytes',
  /** Clients that found a connection to their server ready. */
  'prewarmed',
  /** Cancel requests passed on. */
  'cancels',
  /** Cancel requests that were dropped because too many came, ever. */
  'cancelsDropped',
  /** Clients of the standby port that the primary serves, ever. */
  'fallbacks',
  /** Clients without a session that were closed because all places were taken, ever. */
  'displaced',
  /** Clients that ALLOW and DENY do not let in, ever. */
  'notAllowed',
  /** Clients refused because their address had too many connections, or connected too fast, ever. */
  'addressFull',
  'addressTooFast',
  /** Clients refused because too many bytes were kept, ever. */
  'buffersFull',
  /** Bytes that are kept for sessions, as of the last beat; 0 without MAX_BUFFERED_BYTES. */
  'buffered',
  /** Exceptions in the gateway's own code, ever. */
  'faults',
  /** Moved on by the loop of a worker as long as it turns. */
  'beats',
  /** The time by the worker's own clock at its last beat, so that a session knows when it was last active and asks no clock. */
  'clock',
  /** The fence of the last route that a worker has obeyed. */
  'fence',
  /** What `Listener.share` gave for each port: the control plane's, which sets it back to 0; 0: nothing. */
  'primaryListener',
  'standbyListener',
] as const;

export type CounterName =
  | (typeof scalars)[number]
  | CloseReason
  | (typeof otherProtocols)[number]
  | ProxyOutcome;

const names: readonly CounterName[] = [...scalars, ...closeReasons, ...otherProtocols, ...proxyOutcomes];

/** How often a worker counts a beat. */
export const beatMs = 250;

/** One worker's slab: index it with `at`. */
export type Counters = Float64Array;

/** The index of each counter in a slab, resolved once so that counting is one indexed addition. */
export const at: Readonly<Record<CounterName, number>> = Object.freeze(
  Object.fromEntries(names.map((name, index) => [name, index])) as Record<
    CounterName,
    number
  >,
);

/** How many servers can have sessions at one time: all candidates, and former ones. See `ServerSlots`. */
export const serverSlots = 128;

/** The index of the first of `serverSlots` counts of open sessions, one for each server. */
export const servedAt = names.length;

/** The index of the first of as many counts of sessions that are being dialled. */
export const dialledAt = servedAt + serverSlots;

/**
 * The index of the first of as many times until which the last answer of a server counts. The only ones that the
 * control plane writes: see `Leases`.
 */
export const leasedAt = dialledAt + serverSlots;

const length = leasedAt + serverSlots;

/** A slab in shared memory, all zero. Send its `buffer` to the worker. */
export function newCounters(): Counters {
  return new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT));
}

/** The same slab, in the other thread. */
export function countersOver(buffer: ArrayBufferLike): Counters {
  return new Float64Array(buffer);
}

/** The sum over all workers. */
export function total(slabs: readonly Counters[], name: CounterName): number {
  let sum = 0;
  for (const slab of slabs) sum += slab[at[name]] ?? 0;
  return sum;
}
