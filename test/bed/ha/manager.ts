/** What the faults and the tests know of a cluster manager. */
import type { Lab } from './lab.ts';
import type { Machine } from './machine.ts';
import type { Package } from './packages.ts';

export const managerNames = ['patroni', 'pg_auto_failover', 'repmgr', 'stolon'] as const;
export type ManagerName = (typeof managerNames)[number];

/** Three PostgreSQL servers that a manager looks after. */
export interface Managed {
  readonly nodes: readonly Machine[];
  /** Where the manager keeps its truth, a machine of its own; undefined if it has no such thing. */
  readonly keeper: Keeper | undefined;
  /** Whether the manager, too, sees all as it should be; the servers were asked already. */
  isContent(): Promise<boolean>;
  /** The log of the PostgreSQL on a node. */
  serverLog(node: Machine): string;
  /** Asks the manager to make a standby the primary, by its own command or API. */
  switchover(): Promise<void>;
  /** Ends what runs on a node in an orderly way, as a reboot would. */
  shutDown(node: Machine): Promise<void>;
  /** Starts what was ended on a node, and does what an operator of this manager does to take it back. */
  bringBack(node: Machine): Promise<void>;
}

export interface Keeper {
  readonly machine: Machine;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface Manager {
  readonly name: ManagerName;
  readonly packages: readonly Package[];
  /** What its own switchover needs beyond them. */
  readonly switchoverPackages?: readonly Package[];
  /** The machines that it needs, by name: first the three nodes. */
  readonly machines: readonly string[];
  /** Returns once everything is started, which is before everything is ready. */
  start(lab: Lab): Promise<Managed>;
}
