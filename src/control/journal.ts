/**
 * The last verdicts with their reasons: what a person reads after a failover. Changes of the primary and of standings alone
 * are kept apart: a candidate that comes and goes all day must not push out the failover of the night.
 */
import type { Rule, Verdict } from '../cluster/election.ts';
import type { Standing } from '../cluster/finding.ts';
import type { DrillKind } from './drill.ts';

export interface Entry {
  /** Wall-clock time, ISO 8601. */
  readonly time: string;
  readonly epoch: number;
  readonly rule: Rule;
  /** The elected candidate's name. */
  readonly primary?: string | undefined;
  readonly timeline?: number | undefined;
  readonly reason: string;
  readonly splitBrain: boolean;
  /** It brought another route than the verdict says, as a drill. */
  readonly drill?: DrillKind;
  readonly candidates: readonly {
    readonly name: string;
    readonly standing: Standing;
    readonly note: string;
  }[];
}

/** How many entries it keeps of each kind. */
export const journalLength = 100;

interface Numbered {
  readonly number: number;
  readonly entry: Entry;
}

export class Journal {
  readonly #primaries: Numbered[] = [];
  readonly #standings: Numbered[] = [];
  #number = 0;
  #epoch = 0;

  /** Oldest first. */
  get entries(): readonly Entry[] {
    return [...this.#primaries, ...this.#standings].sort((a, b) => a.number - b.number).map(({ entry }) =>
      entry
    );
  }

  add(verdict: Verdict, epoch: number, time = new Date(), drill?: DrillKind): Entry {
    const { rule, primary, reason, splitBrain, findings } = verdict;
    const entry: Entry = {
      time: time.toISOString(),
      epoch,
      rule,
      primary: primary?.candidate.name,
      timeline: primary?.answer.timeline,
      reason,
      splitBrain,
      ...(drill && { drill }),
      candidates: findings.map(({ candidate, standing, note }) => ({ name: candidate.name, standing, note })),
    };
    const kind = epoch === this.#epoch ? this.#standings : this.#primaries;
    kind.push({ number: this.#number += 1, entry });
    if (kind.length > journalLength) kind.shift();
    this.#epoch = epoch;
    return entry;
  }
}
