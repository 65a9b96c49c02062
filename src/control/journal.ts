/** The last verdicts with their reasons: what a person reads after a failover. */
import type { Rule, Verdict } from '../cluster/election.ts';
import type { Standing } from '../cluster/finding.ts';

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
  readonly candidates: readonly {
    readonly name: string;
    readonly standing: Standing;
    readonly note: string;
  }[];
}

/** How many entries it keeps. */
export const journalLength = 100;

export class Journal {
  readonly #entries: Entry[] = [];

  /** Oldest first. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  add(verdict: Verdict, epoch: number, time = new Date()): Entry {
    const { rule, primary, reason, splitBrain, findings } = verdict;
    const entry: Entry = {
      time: time.toISOString(),
      epoch,
      rule,
      primary: primary?.candidate.name,
      timeline: primary?.answer.timeline,
      reason,
      splitBrain,
      candidates: findings.map(({ candidate, standing, note }) => ({ name: candidate.name, standing, note })),
    };
    this.#entries.push(entry);
    if (this.#entries.length > journalLength) this.#entries.shift();
    return entry;
  }
}
