/** What a run leaves behind: the shape of results.json. */
import { metrics } from './metrics.ts';
import type { Metric } from './metrics.ts';
import { type Elsewhere, elsewhere, type Goal, judgeAll } from './goals.ts';
import { type Absence, type Cell, isMeasured, notAskedFor, whyAbsent } from './cells.ts';
import { addedOver, type Sample, spreadOf, valuesOf } from './statistics.ts';
import { threadsText } from './threads.ts';
import { leastRounds, type Tally, tallyOf } from './verdict.ts';

/** Of the cores. */
const busyShare = 0.25;

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
  readonly kind: 'direct' | 'floor' | 'ours' | 'peer';
  /** That move bytes; undefined where nobody tells. */
  readonly threads: number | undefined;
  readonly processes: number | undefined;
  /** Why it was wanted and is not here. */
  readonly absent: string | undefined;
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
  /** By round: the share of all processors that others took before it. */
  readonly takenByOthers: readonly number[];
  readonly server: string;
  readonly targets: readonly TargetInfo[];
  /** The flag that leaves out those that are not among the targets. */
  readonly leftOutBy: '--quick' | '--targets' | undefined;
  /** What was left out, and why. */
  readonly skipped: readonly string[];
  readonly samples: readonly Sample[];
  readonly absences: readonly Absence[];
}

export interface Row {
  readonly metric: Metric;
  /** One for each target. */
  readonly cells: readonly Cell[];
}

export interface Results extends Facts {
  /** Of what was asked for. */
  readonly rows: readonly Row[];
  readonly goals: readonly Goal[];
  /** How many goals have which verdict. */
  readonly tally: Tally;
  /** Goals that this benchmark does not measure, and who does. */
  readonly elsewhere: readonly Elsewhere[];
}

/** What stands beside the name of a target, by its name; nothing beside one that is not known. */
export function threadsBy({ targets }: Pick<Facts, 'targets'>): (name: string) => string {
  const texts = new Map(targets.map((target) => [target.name, threadsText(target)]));
  return (name) => texts.get(name) ?? '';
}

/** In per cent, by round. */
export function othersText({ takenByOthers }: Pick<Facts, 'takenByOthers'>): string {
  return `${takenByOthers.map((share) => Math.round(share * 100)).join(', ')} %`;
}

/**
 * A warning where others were at work on the machine; undefined where it was quiet, and where each round has waited until
 * it was, or is named among the skipped.
 */
export function busyText(
  { machine: { cores, loadBefore }, rounds }: Pick<Facts, 'machine' | 'rounds'>,
): string | undefined {
  if (rounds >= leastRounds || loadBefore <= cores * busyShare) return undefined;
  return `The machine was busy before the run began (load ${loadBefore} on ${cores} cores): its figures say little.`;
}

/** Adds what follows from the samples: the added round trip, the spreads, the goals. */
export function resultsOf(facts: Facts): Results {
  const samples = [...facts.samples, ...addedOver(facts.samples, 'roundTripUs', 'direct', 'addedUs')];
  const all = metrics.map((metric) => ({
    metric,
    cells: facts.targets.map(({ name }) =>
      spreadOf(valuesOf(samples, metric.key, name)) ?? { why: whyAbsent(facts, metric.key, name) }
    ),
  }));
  const rows = all.filter(({ cells }) =>
    cells.some(isMeasured) || !cells.some((cell) => !isMeasured(cell) && cell.why === notAskedFor)
  );
  const full = { ...facts, samples };
  const goals = judgeAll(full);
  return { ...full, rows, goals, tally: tallyOf(goals.map(({ verdict }) => verdict)), elsewhere };
}
