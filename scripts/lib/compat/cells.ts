/** What is tried of each program, and what came of it. */
import { type FaultName, faultNames } from './faults.ts';
import type { Scene, Way } from './scene.ts';

/** The columns of the table. */
export const cells = {
  plain: 'queries, parameters, prepared statements, a large result',
  tls: 'a session under TLS, the certificate of the server verified',
  cancel: 'a cancel request ends the query that runs, and the session goes on',
  copy: 'COPY into a table and out of it, compared',
  notify: 'NOTIFY from one session reaches the LISTEN of another',
  long: 'a transaction that stays open while its session says nothing for seconds',
  kill: 'SIGKILL to the primary in the middle; the next connection waits and gets the new primary',
  freeze: 'SIGSTOP to the primary, whose sessions hang until another is promoted; the next gets that one',
  stop: 'the primary is shut down in order (fast) in the middle; the next waits and gets the new primary',
} as const;

export type CellName = keyof typeof cells;
export const cellNames = Object.keys(cells) as CellName[];

export const isFault = (cell: CellName): cell is FaultName => faultNames.some((name) => name === cell);

/** Does it, throws where it does not come out as it should, and resolves with what is worth telling. */
export type Check = (scene: Scene, way: Way) => Promise<string>;

/** A failover by one of the faults; as Check, through the gateway. */
export type FailoverCheck = (scene: Scene, fault: FaultName) => Promise<string>;

/** A check, or why there is none. */
export type Plan = Readonly<Record<Exclude<CellName, FaultName>, Check | string>> & {
  readonly failover: FailoverCheck;
};

/** Where a program is, or why it is not to be had here. */
export type Found = { readonly version: string } | { readonly absent: string };

export interface Program {
  /** As the command line names it. */
  readonly name: string;
  /** Whether it is tried in a few seconds and without anything from npm, so that CI does it. */
  readonly isCheap: boolean;
  /** `server` has the major version, which some clients are too old for. */
  find(server: { readonly version: number }): Promise<Found> | Found;
  plan(scene: Scene): Plan;
  /** What `plan` started and several checks share. */
  end?(): Promise<void>;
}

export type Outcome =
  | { readonly verdict: 'passed'; readonly note: string }
  | { readonly verdict: 'failed'; readonly why: string; readonly alsoDirectly: boolean }
  | { readonly verdict: 'none'; readonly why: string };

/** What came of one program before one version of the server. */
export interface Row {
  readonly program: string;
  readonly version: string | undefined;
  /** Why it was not to be had; `outcomes` is empty then. */
  readonly absent: string | undefined;
  readonly outcomes: Readonly<Partial<Record<CellName, Outcome>>>;
}
