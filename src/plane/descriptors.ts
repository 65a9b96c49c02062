/**
 * How many clients the open files of this process allow. Running out must not happen: under Deno 2.9.5 a listener
 * never accepts again after EMFILE, and under Bun it spins until a descriptor is free.
 */

export interface Wish {
  /** Of the process; undefined: unknown. */
  readonly openFiles: number | undefined;
  readonly workers: number;
  readonly maxSessions: number;
  readonly maxHeld: number;
}

/** For each worker, but the last one. */
export interface Budget {
  readonly maxSessions: number;
  /** With those above `maxSessions` that are only told so; whoever comes above this is dropped. */
  readonly maxClients: number;
  /** Connections of the server that refuses under TLS; of the process. */
  readonly maxRefusals: number;
}

/** The runtime itself, listeners, probes, the metrics port, and room to breathe. */
const reserve = 200;

/** How many above `maxSessions` are still told so. */
const overflow = 100;

/** Two descriptors for each client, one for each connection of the refusing server. */
export function descriptorBudget({ openFiles, workers, maxSessions, maxHeld }: Wish): Budget {
  const wished = { maxSessions, maxClients: maxSessions + overflow, maxRefusals: maxHeld + overflow };
  if (openFiles === undefined) return wished;
  const maxRefusals = Math.min(wished.maxRefusals, Math.max(10, Math.floor(openFiles / 10)));
  const room = Math.floor((openFiles - reserve - maxRefusals) / 2 / Math.max(1, workers));
  if (room >= wished.maxClients) return { ...wished, maxRefusals };
  const maxClients = Math.max(2, room);
  return { maxSessions: Math.max(1, Math.floor(maxClients * 0.95)), maxClients, maxRefusals };
}
