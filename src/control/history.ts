/** What became of the route since the start: failovers and how long they took, alarms, and since when it stands. */
import type { Rule, Verdict } from '../cluster/election.ts';
import { knownAt, type Observation } from '../cluster/observation.ts';
import type { Route } from '../contract/messages.ts';
import { type DrillKind, drillKinds } from './drill.ts';
import { Histogram } from './histogram.ts';

/** Upper bounds in seconds: from a good detection to a failover that waits for a person. */
const boundsSeconds = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] as const;

/** Rules that can make another server the primary: each is counted from zero on. */
const electing: readonly Rule[] = [
  'onlyPrimary',
  'newestTimeline',
  'everybodyFollows',
  'newSystem',
  'splitBrainIncumbent',
  'standbysVote',
];

export class History {
  readonly failovers = new Map<Rule, number>(electing.map((rule) => [rule, 0]));
  readonly drills = new Map<DrillKind, number>(drillKinds.map((kind) => [kind, 0]));
  /** From the last answer of the old primary that confirmed it, or its last rejection of the probe, until the route to another server. */
  readonly failoverTimes = new Histogram(boundsSeconds);
  /** From the last probe of the new primary that did not find a primary, until the route to it. */
  readonly detectionTimes = new Histogram(boundsSeconds);
  /** How often a split brain began. */
  alarms = 0;
  /** When the present epoch began; undefined before the first. */
  since: Date | undefined;

  #epoch = 0;
  #fence = 0;
  #isSplit = false;
  #confirmedAt: number | undefined;
  /** When each candidate, by its name, was last seen not to be a primary. */
  readonly #noPrimaryAt = new Map<string, number>();

  /** Counts what has just been decided, and from which observations; `now` in monotonic milliseconds. */
  note(
    observations: readonly Observation[],
    verdict: Verdict,
    { epoch, fence }: Route,
    now: number,
    drill?: DrillKind,
  ): void {
    for (const { candidate, answer, failure } of observations) {
      const isNone = failure !== undefined || answer?.inRecovery || answer?.readOnly;
      const at = failure?.at ?? answer?.at;
      if (isNone && at !== undefined) this.#noPrimaryAt.set(candidate.name, at);
    }
    if (verdict.splitBrain && !this.#isSplit) this.alarms += 1;
    this.#isSplit = verdict.splitBrain;
    // The fence moves exactly when another server takes over, or is said to: see the router.
    if (fence !== this.#fence && drill === undefined) this.#failover(verdict, now);
    if (epoch !== this.#epoch) this.since = new Date();
    this.#epoch = epoch;
    this.#fence = fence;
    const primary = verdict.primary?.candidate.name;
    const confirming = observations.find(({ candidate }) => candidate.name === primary);
    this.#confirmedAt = confirming ? knownAt(confirming) : this.#confirmedAt;
  }

  #failover({ rule, primary }: Verdict, now: number): void {
    this.failovers.set(rule, (this.failovers.get(rule) ?? 0) + 1);
    if (this.#confirmedAt !== undefined) this.failoverTimes.add((now - this.#confirmedAt) / 1000);
    const seenAt = primary && this.#noPrimaryAt.get(primary.candidate.name);
    if (seenAt !== undefined) this.detectionTimes.add((now - seenAt) / 1000);
  }
}
