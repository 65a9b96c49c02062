/** What changes of the primary meant to clients: how long there was none, and how many were ended, had to wait, were refused. */
import type { Rule, Verdict } from '../cluster/election.ts';
import { knownAt, type Observation } from '../cluster/observation.ts';
import { type CloseReason, type Counters, total } from '../contract/counters.ts';
import type { Route } from '../contract/messages.ts';
import type { Address } from '../runtime/runtime.ts';

/** How many are kept. */
export const mostInterruptions = 50;

/** For so long after it fenced sessions are still counted: the data planes end them when they have heard of the new route. */
export const settleMs = 2_000;

interface Felt {
  /** Of the sessions on the old primary those that it ended, or that were ended because it was primary no more. */
  readonly sessionsEnded: number;
  /** Clients that had to wait. */
  readonly holds: number;
  /** Clients that waited in vain, or found no server. */
  readonly refused: number;
}

export interface Interruption extends Felt {
  /** When the old primary was last confirmed. */
  readonly began: Date;
  /** When there was a route again; undefined while there is none. */
  readonly ended: Date | undefined;
  /** From the one to the other, or until now. */
  readonly lengthMs: number;
  /** Names of candidates. */
  readonly from: string;
  readonly to: string | undefined;
  /** The epoch that it led to. */
  readonly epoch: number;
  readonly rule: Rule;
  readonly reason: string;
}

/** What has just been decided, from which observations. */
export interface Decided {
  readonly observations: readonly Observation[];
  readonly verdict: Verdict;
  readonly route: Route;
  readonly counters: readonly Counters[];
  /** How many sessions a server has now. */
  sessionsOn(server: Address): number;
}

/** Since the start. */
interface Counts extends Pick<Felt, 'holds' | 'refused'> {
  readonly fenced: number;
  readonly endedByServers: number;
}

/** The primary when it was last confirmed, and what had been counted then. */
interface Confirmed {
  readonly name: string;
  readonly server: Address;
  /** In monotonic milliseconds. */
  readonly at: number;
  readonly sessions: number;
  readonly counts: Counts;
}

interface Kept {
  readonly before: Confirmed;
  readonly began: Date;
  endedAt: number | undefined;
  /** Sessions, from `before` to the route to the next primary. */
  endedByServers: number;
  interruption: Interruption | undefined;
}

const endings: readonly CloseReason[] = ['serverClosed', 'serverReset'];
const refusals: readonly CloseReason[] = ['refused', 'holdTimeout', 'connectTimeout', 'connectRefused'];

export class Interruptions {
  readonly #kept: Kept[] = [];
  #confirmed: Confirmed | undefined;
  #fence = 0;

  /** Oldest first. */
  get all(): readonly Interruption[] {
    return this.#kept.flatMap(({ interruption }) => interruption ?? []);
  }

  /** Call it at every decision; `now` in monotonic milliseconds, and `date` the same moment. */
  note(decided: Decided, now: number, date = new Date()): void {
    const { verdict: { primary }, route } = decided;
    let last = this.#kept.at(-1);
    const isOpen = last !== undefined && last.endedAt === undefined;
    // The fence moves exactly when another server takes over, or the same one started again: see the router.
    const isOther = primary === undefined || route.fence !== this.#fence;
    if (!isOpen && this.#confirmed && isOther) last = this.#begin(this.#confirmed, now, date);
    this.#fence = route.fence;
    if (last) update(last, decided, now, date);
    if (primary) this.#confirm(primary.candidate.name, decided);
  }

  #begin(before: Confirmed, now: number, date: Date): Kept {
    const began = new Date(date.getTime() - (now - before.at));
    const kept: Kept = { before, began, endedAt: undefined, endedByServers: 0, interruption: undefined };
    this.#kept.push(kept);
    if (this.#kept.length > mostInterruptions) this.#kept.shift();
    return kept;
  }

  #confirm(name: string, { observations, route, counters, sessionsOn }: Decided): void {
    const observation = observations.find(({ candidate }) => candidate.name === name);
    const server = route.primary;
    if (observation === undefined || server === undefined) return;
    const at = knownAt(observation);
    // What is counted while a probe fails belongs to the interruption that may follow.
    if (name === this.#confirmed?.name && at === this.#confirmed.at) return;
    this.#confirmed = { name, server, at, sessions: sessionsOn(server), counts: countsOf(counters) };
  }
}

function update(kept: Kept, decided: Decided, now: number, date: Date): void {
  const { before, began, endedAt, interruption } = kept;
  if (endedAt !== undefined && interruption !== undefined) {
    // The same server has new sessions by now.
    const isSame = interruption.from === interruption.to;
    if (isSame || now - endedAt > settleMs) return;
    kept.interruption = { ...interruption, sessionsEnded: sessionsEnded(kept, decided) };
    return;
  }
  const { verdict: { primary, rule, reason }, route: { epoch } } = decided;
  const counts = countsOf(decided.counters);
  kept.endedByServers = counts.endedByServers - before.counts.endedByServers;
  kept.interruption = {
    began,
    ended: primary && date,
    lengthMs: now - before.at,
    from: before.name,
    to: primary?.candidate.name,
    epoch,
    rule,
    reason,
    sessionsEnded: sessionsEnded(kept, decided),
    holds: counts.holds - before.counts.holds,
    refused: counts.refused - before.counts.refused,
  };
  if (primary) kept.endedAt = now;
}

/**
 * Neither figure does alone: a session whose client has taken leave may end by its server too, on a standby among others,
 * and the primary has fewer sessions also where clients have just left.
 */
function sessionsEnded({ before, endedByServers }: Kept, { counters, sessionsOn }: Decided): number {
  const fewer = before.sessions - sessionsOn(before.server);
  const fenced = total(counters, 'fenced') - before.counts.fenced;
  return Math.max(0, Math.min(fewer, endedByServers + fenced));
}

function countsOf(counters: readonly Counters[]): Counts {
  const sum = (reasons: readonly CloseReason[]) =>
    reasons.reduce((sum, reason) => sum + total(counters, reason), 0);
  return {
    fenced: total(counters, 'fenced'),
    endedByServers: sum(endings),
    holds: total(counters, 'holds'),
    refused: sum(refusals),
  };
}
