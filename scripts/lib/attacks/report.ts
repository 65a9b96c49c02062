/** What trials come to. Pure. */
import { quantile } from '../bench/statistics.ts';
import type { Machine } from '../bench/results.ts';
import { type Sight, together } from './seen.ts';
import type { Trial, Way } from './trial.ts';

/** The goals of an attack on ours. */
export const mostRatio = 1.5;
/** For each attack, whatever it does: what is said again and again is said once a minute. */
export const mostLines = 20;

export interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly connectP50Ms: number;
  readonly connectP90Ms: number;
}

export interface Ways {
  readonly without: Latencies;
  readonly beside: Latencies;
  /** Of the p99 beside the attack and without it: of all rounds together, and of the single ones from least to most. */
  readonly p99Ratio: number;
  readonly p99RatioFrom: number;
  readonly p99RatioTo: number;
  readonly connectRatio: number;
  readonly questions: number;
}

export interface Row {
  readonly attack: string;
  readonly target: string;
  readonly opened: number;
  readonly failed: number;
  readonly through: Ways;
  /** The machine's own part: past the target, to the server itself, at the same time. */
  readonly direct: Ways;
  readonly errors: number;
  readonly told: readonly string[];
  /** The longest; null: not within the deadline. */
  readonly recoveredMs: number | null;
  readonly descriptorsBefore: number;
  readonly descriptorsAfter: number;
  readonly residentMiB: number;
  /** Of the resident memory before, in per cent; below 0 it has shrunk. */
  readonly growthPercent: number;
  /** The same of one that nobody attacks. */
  readonly twinGrowthPercent: number;
  /** A runtime starts and ends threads of its own, for its garbage: told, and no goal. */
  readonly threadsBefore: number;
  readonly threadsAfter: number;
  readonly lines: number;
  /** Of one processor. */
  readonly targetLoad: number;
  readonly attackersLoad: number;
  /** Which goals it misses, in words; none of HAProxy. */
  readonly missed: readonly string[];
}

export interface Report {
  readonly machine: Machine;
  readonly tookSeconds: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly rows: readonly Row[];
  /** Of what was not done, with the reason. */
  readonly skipped: readonly string[];
  /** An attack after which the target was gone. */
  readonly crashes: readonly string[];
}

export function rowOf(trial: Trial): Row {
  const { before, after, recoveredMs } = trial;
  const [through, direct] = [waysOf(trial, 'through'), waysOf(trial, 'direct')];
  const { errors, told } = together([...trial.without, ...trial.beside].map(({ through }) => through));
  const row = {
    attack: trial.attack,
    target: trial.target,
    ...trial.attempts,
    through,
    direct,
    errors,
    told,
    recoveredMs: recoveredMs.reduce(
      (most, ms) => most === null || ms === null ? null : Math.max(most, ms),
      0,
    ),
    descriptorsBefore: before.descriptors,
    descriptorsAfter: after.descriptors,
    residentMiB: after.residentBytes / 2 ** 20,
    growthPercent: (after.residentBytes / before.residentBytes - 1) * 100,
    twinGrowthPercent: trial.twinGrowth * 100,
    threadsBefore: before.threads,
    threadsAfter: after.threads,
    lines: trial.lines,
    targetLoad: trial.load.target,
    attackersLoad: trial.load.attackers,
  };
  return { ...row, missed: missedBy(row, trial) };
}

function missedBy(row: Omit<Row, 'missed'>, { after, mostBytes }: Trial): string[] {
  const says = (is: boolean, words: string) => is ? [words] : [];
  return [
    ...says(row.errors > 0, 'errors'),
    ...says(row.through.p99Ratio > mostRatio, 'p99'),
    ...says(row.recoveredMs === null, 'recovery'),
    ...says(row.descriptorsAfter > row.descriptorsBefore, 'descriptors'),
    ...says(after.residentBytes > mostBytes, 'memory'),
    ...says(row.lines > mostLines, 'log'),
  ];
}

function waysOf({ without, beside }: Trial, way: Way): Ways {
  const sightsOf = (slices: Trial['without']) => slices.map((slice) => slice[way]);
  const [quiet, loud] = [together(sightsOf(without)), together(sightsOf(beside))];
  const [before, after] = [latenciesOf(quiet), latenciesOf(loud)];
  const single = sightsOf(beside).map((sight, round) =>
    quantile(sight.askedMs, 0.99) / quantile(sightsOf(without)[round]?.askedMs ?? [], 0.99)
  );
  return {
    without: before,
    beside: after,
    p99Ratio: after.p99Ms / before.p99Ms,
    p99RatioFrom: Math.min(...single),
    p99RatioTo: Math.max(...single),
    connectRatio: after.connectP50Ms / before.connectP50Ms,
    questions: loud.askedMs.length,
  };
}

function latenciesOf({ askedMs, connectedMs }: Sight): Latencies {
  return {
    p50Ms: quantile(askedMs, 0.5),
    p99Ms: quantile(askedMs, 0.99),
    connectP50Ms: quantile(connectedMs, 0.5),
    connectP90Ms: quantile(connectedMs, 0.9),
  };
}

/** Whether all but the latencies is as promised: those depend on the machine. */
export function isWhole({ rows, crashes }: Report): boolean {
  return crashes.length === 0 &&
    rows.every(({ target, missed }) => target === 'HAProxy' || missed.every((goal) => goal === 'p99'));
}
