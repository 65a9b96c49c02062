/** What a run leaves behind: the shape of results.json. */
import { metrics } from './metrics.ts';
import type { Metric } from './metrics.ts';
import { type Elsewhere, elsewhere, type Goal, judgeAll } from './goals.ts';
import { addedOver, type Sample, type Spread, spreadOf, valuesOf } from './statistics.ts';
import { type Tally, tallyOf } from './verdict.ts';

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly kernel: string;
  readonly memoryGiB: number;
  readonly openFiles: number;
  /** 1-minute load averages, when the run began and when it ended. */
  readonly loadBefore: number;
  readonly loadAfter: number;
}

export interface TargetInfo {
  readonly name: string;
  /** What it is, with its version. */
  readonly label: string;
  readonly kind: 'direct' | 'ours' | 'peer';
  /** That move bytes; undefined where nobody tells. */
  readonly threads: number | undefined;
}

export interface Facts {
  readonly startedAt: string;
  readonly tookSeconds: number;
  readonly isQuick: boolean;
  readonly rounds: number;
  readonly secondsEach: number;
  /** What --threads said. */
  readonly threadsWanted: number | undefined;
  readonly machine: Machine;
  readonly server: string;
  readonly targets: readonly TargetInfo[];
  /** What was left out, and why. */
  readonly skipped: readonly string[];
  readonly samples: readonly Sample[];
}

export interface Row {
  readonly metric: Metric;
  /** One for each target; undefined where it was not measured. */
  readonly cells: readonly (Spread | undefined)[];
}

export interface Results extends Facts {
  readonly rows: readonly Row[];
  readonly goals: readonly Goal[];
  /** How many goals have which verdict. */
  readonly tally: Tally;
  /** Goals that this benchmark does not measure, and who does. */
  readonly elsewhere: readonly Elsewhere[];
}

/** Adds what follows from the samples: the added round trip, the spreads, the goals. */
export function resultsOf(facts: Facts): Results {
  const samples = [...facts.samples, ...addedOver(facts.samples, 'roundTripUs', 'direct', 'addedUs')];
  const rows = metrics.map((metric) => ({
    metric,
    cells: facts.targets.map(({ name }) => spreadOf(valuesOf(samples, metric.key, name))),
  })).filter(({ cells }) => cells.some((cell) => cell !== undefined));
  const full = { ...facts, samples };
  const goals = judgeAll(full);
  return { ...full, rows, goals, tally: tallyOf(goals.map(({ verdict }) => verdict)), elsewhere };
}
