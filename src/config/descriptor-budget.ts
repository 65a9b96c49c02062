/**
 * How many clients the open files of this process allow. Running out must not happen: under Deno 2.9.5 a listener
 * never accepts again after EMFILE, and under Bun it spins until a descriptor is free.
 */

export interface BudgetInput {
  /** Of the process; undefined: unknown. */
  readonly openFiles: number | undefined;
  readonly workers: number;
  readonly maxSessions: number;
  readonly maxHeld: number;
}

/** Of the process. */
export interface Budget {
  readonly maxSessions: number;
  /** Clients above `maxSessions` are refused with that reason; clients above this number are dropped. */
  readonly maxClients: number;
  /** Connections of the refusal server. */
  readonly maxRefusals: number;
}

/** The runtime itself, probes, the metrics port, and a margin. */
const reserve = 150;

/** Each worker's own: its listener, its poller, connections made ahead, second attempts to connect. */
const workerReserve = 82;

/**
 * How many clients above `maxSessions` are refused with that reason: so many, or this part of all where files are
 * few.
 */
const overflow = { most: 100, part: 0.05 } as const;

/** Each is a TLS connection, which takes far more memory than a client that waits. */
const mostRefusals = 1_000;

/** Two descriptors for each client, one for each connection of the refusal server. */
export function descriptorBudget({ openFiles, workers, maxSessions, maxHeld }: BudgetInput): Budget {
  const wanted = {
    maxSessions,
    maxClients: maxSessions + overflow.most,
    maxRefusals: Math.min(maxHeld, mostRefusals) + overflow.most,
  };
  if (openFiles === undefined) return wanted;
  const maxRefusals = Math.min(wanted.maxRefusals, Math.max(10, Math.floor(openFiles / 10)));
  const room = Math.floor((openFiles - reserve - workerReserve * Math.max(1, workers) - maxRefusals) / 2);
  const maxClients = Math.max(2, Math.min(room, wanted.maxClients));
  const above = Math.max(1, Math.min(overflow.most, Math.ceil(maxClients * overflow.part)));
  return { maxSessions: Math.min(maxSessions, maxClients - above), maxClients, maxRefusals };
}

/** With so few sessions a gateway serves hardly anyone: two dozen programs with pools of 20. */
const few = 500;

/**
 * What the budget is worth a line in the log: a warning if it falls short of what was asked for (`isSet`), or of what anyone
 * needs; undefined if it leaves all sessions.
 */
export function sessionsEvent(
  budget: Budget,
  maxSessions: number,
  isSet: boolean,
): 'fewer_sessions' | 'too_few_sessions' | undefined {
  if (budget.maxSessions >= maxSessions) return undefined;
  return isSet || budget.maxSessions < few ? 'too_few_sessions' : 'fewer_sessions';
}
