/**
 * What the last decisions went by, so that each can be had again. A decision is kept whole, with all that went in, if it
 * brought anything new: a verdict, something to remember, other rules, or other evidence than times and positions. One
 * that is left out has changed nothing, so that the others come out the same without it.
 *
 * Each needs no other to be replayed, so what is dropped takes nothing from the rest. Decisions that changed the primary,
 * with some before them, are kept apart, as in the journal: a candidate that comes and goes all day must not push out
 * the failover of the night.
 */
import type { Memory, Rule, Rules, Verdict } from '../cluster/election.ts';
import type { Standing } from '../cluster/finding.ts';
import { formatLsn } from '../cluster/lsn.ts';
import { type Answer, doubtsOf, type Observation } from '../cluster/observation.ts';

/** A verdict, as far as one can differ from another. */
export interface Outcome {
  readonly rule: Rule;
  /** The elected candidate's name. */
  readonly primary?: string | undefined;
  readonly splitBrain: boolean;
  readonly reason: string;
  /** In the order of the observations. */
  readonly standings: readonly Standing[];
}

export interface Decided {
  /** In monotonic milliseconds. */
  readonly at: number;
  readonly observations: readonly Observation[];
  readonly rules: Rules;
  /** What earlier elections had left to this one. */
  readonly before: Memory;
  /** What it left to later ones. */
  readonly after: Memory;
  readonly outcome: Outcome;
}

/** How much is kept: observations, of which a decision has one for each candidate; they take about 0.4 KiB each. */
export interface EvidenceLimits {
  /** Of the last decisions. */
  readonly recent: number;
  /** Of changes of the primary and what came before them, once they are no longer among the last. */
  readonly changes: number;
}

export const evidenceLimits: EvidenceLimits = { recent: 2000, changes: 1000 };

/** How many decisions before a change of the primary belong to it. */
const leadLength = 20;

/** FAIL_AFTER cannot be more, so more failed probes than that decide nothing. */
const mostFailures = 100;

interface Kept {
  readonly decided: Decided;
  isOfChange: boolean;
}

export class Evidence {
  readonly #limits: EvidenceLimits;
  readonly #recent: Kept[] = [];
  readonly #changes: Kept[] = [];
  #recentSize = 0;
  #changesSize = 0;
  #last: Kept | undefined;

  constructor(limits: EvidenceLimits = evidenceLimits) {
    this.#limits = limits;
  }

  /** Oldest first. */
  get decisions(): readonly Decided[] {
    return [...this.#changes, ...this.#recent].map(({ decided }) => decided);
  }

  /** To be called for each decision, with whether its verdict and its epoch are other ones than before. */
  note(decided: Decided, isNewVerdict: boolean, isNewEpoch: boolean): void {
    if (!isNewVerdict && this.#last !== undefined && isRepeated(this.#last.decided, decided)) return;
    this.#last = { decided, isOfChange: false };
    this.#recent.push(this.#last);
    this.#recentSize += sizeOf(this.#last);
    if (isNewEpoch) { for (const kept of this.#recent.slice(-leadLength - 1)) kept.isOfChange = true; }
    while (this.#recentSize > this.#limits.recent && this.#recent.length > 1) {
      this.#age(this.#recent.shift()!);
    }
  }

  #age(kept: Kept): void {
    this.#recentSize -= sizeOf(kept);
    if (!kept.isOfChange) return;
    this.#changes.push(kept);
    this.#changesSize += sizeOf(kept);
    while (this.#changesSize > this.#limits.changes) this.#changesSize -= sizeOf(this.#changes.shift()!);
  }
}

export function outcomeOf({ rule, primary, splitBrain, reason, findings }: Verdict): Outcome {
  return {
    rule,
    primary: primary?.candidate.name,
    splitBrain,
    reason,
    standings: findings.map(({ standing }) => standing),
  };
}

function sizeOf({ decided }: Kept): number {
  return Math.max(1, decided.observations.length);
}

/** Whether `next` may be left out after `last`. */
function isRepeated(last: Decided, next: Decided): boolean {
  return next.rules === last.rules && isSameMemory(next.before, last.after) &&
    isSameMemory(next.before, next.after) &&
    next.observations.length === last.observations.length &&
    next.observations.every((observation, index) => isSameEvidence(last.observations[index]!, observation));
}

export function isSameMemory(a: Memory, b: Memory): boolean {
  return a === b || textOf(a) === textOf(b);
}

function textOf(memory: Memory): string {
  const sorted = Object.entries(memory).filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => a < b ? -1 : 1);
  return JSON.stringify(sorted, (_, value) => typeof value === 'bigint' ? formatLsn(value) : value);
}

/** But for times, positions, and what tells nothing more. */
function isSameEvidence(a: Observation, b: Observation): boolean {
  return a === b ||
    a.candidate.name === b.candidate.name &&
      Math.min(a.failures, mostFailures) === Math.min(b.failures, mostFailures) &&
      Math.min(doubtsOf(a), mostFailures) === Math.min(doubtsOf(b), mostFailures) &&
      a.failure?.kind === b.failure?.kind && a.isRestarted === b.isRestarted &&
      (a.rejectedAt === undefined) === (b.rejectedAt === undefined) && isSameAnswer(a.answer, b.answer);
}

function isSameAnswer(a: Answer | undefined, b: Answer | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.system === b.system && a.timeline === b.timeline && a.startedAt === b.startedAt &&
    a.inRecovery === b.inRecovery && a.readOnly === b.readOnly && a.host === b.host && a.port === b.port &&
    a.upstream?.host === b.upstream?.host && a.upstream?.port === b.upstream?.port;
}
