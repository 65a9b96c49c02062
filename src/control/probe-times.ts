/** How long probes take and how many fail, by candidate. */
import type { Observation } from '../cluster/observation.ts';
import { Histogram } from './histogram.ts';

/** Upper bounds in seconds. A probe of a healthy server nearby takes a millisecond. */
const boundsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] as const;

export interface Times {
  readonly candidate: string;
  readonly took: Histogram;
  readonly failures: number;
  /** Answers that took longer than those of late, and made the prober ask faster. */
  readonly overdue: number;
}

interface CandidateTimes {
  readonly took: Histogram;
  failures: number;
  overdue: number;
  /** What was counted last: an observation is seen again at each change of another one. */
  seen: Observation | undefined;
}

export class ProbeTimes {
  readonly #candidates = new Map<string, CandidateTimes>();

  /** Counts those of `observations` that are new, and forgets candidates that are gone: DNS may bring ever new ones. */
  note(observations: readonly Observation[]): void {
    if (this.#candidates.size > observations.length) this.#forget(observations);
    for (const observation of observations) {
      const times = this.#of(observation.candidate.name);
      if (times.seen === observation) continue;
      times.seen = observation;
      if (observation.failure !== undefined) times.failures += 1;
      else if (observation.answer !== undefined) times.took.add(observation.answer.tookMs / 1000);
    }
  }

  noteOverdue(candidate: string): void {
    this.#of(candidate).overdue += 1;
  }

  get all(): readonly Times[] {
    return [...this.#candidates].map(([candidate, { took, failures, overdue }]) => ({
      candidate,
      took,
      failures,
      overdue,
    }));
  }

  #forget(observations: readonly Observation[]): void {
    const present = new Set(observations.map(({ candidate }) => candidate.name));
    for (const name of this.#candidates.keys()) if (!present.has(name)) this.#candidates.delete(name);
  }

  #of(candidate: string): CandidateTimes {
    const known = this.#candidates.get(candidate);
    if (known !== undefined) return known;
    const times: CandidateTimes = {
      took: new Histogram(boundsSeconds),
      failures: 0,
      overdue: 0,
      seen: undefined,
    };
    this.#candidates.set(candidate, times);
    return times;
  }
}
