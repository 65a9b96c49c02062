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
  /** With those above `maxSessions` that are only told so; whoever comes above this is dropped. */
  readonly maxClients: number;
  /** Connections of the server that refuses under TLS. */
  readonly maxRefusals: number;
}

/** The runtime itself, probes, the metrics port, and room to breathe. */
const reserve = 150;

/** Each worker's own: its listener, its poller, connections made ahead. */
const workerReserve = 50;

/** How many above `maxSessions` are still told so, or which part of them where files are few. */
const overflow = { most: 100, part: 0.05 } as const;

/** Two descriptors for each client, one for each connection of the refusing server. */
export function descriptorBudget({ openFiles, workers, maxSessions, maxHeld }: BudgetInput): Budget {
  const wished = {
    maxSessions,
    maxClients: maxSessions + overflow.most,
    maxRefusals: maxHeld + overflow.most,
  };
  if (openFiles === undefined) return wished;
  const maxRefusals = Math.min(wished.maxRefusals, Math.max(10, Math.floor(openFiles / 10)));
  const room = Math.floor((openFiles - reserve - workerReserve * Math.max(1, workers) - maxRefusals) / 2);
  const maxClients = Math.max(2, Math.min(room, wished.maxClients));
  const above = Math.max(1, Math.min(overflow.most, Math.ceil(maxClients * overflow.part)));
  return { maxSessions: Math.min(maxSessions, maxClients - above), maxClients, maxRefusals };
}
