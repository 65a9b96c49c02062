/** What a campaign found out, and the rows of its table. Pure. */
import type { Experiment, Outcome } from '../../../test/bed/ha/experiment.ts';
import type { FaultName } from '../../../test/bed/ha/faults.ts';
import type { Write } from '../../../test/bed/ha/history.ts';
import type { ManagerName } from '../../../test/bed/ha/manager.ts';
import type { SideName } from '../../../test/bed/ha/stage.ts';
import type { Machine } from '../bench/results.ts';

/** Several faults in one cluster. */
export interface Run extends Experiment {
  readonly manager: ManagerName;
}

export interface Report {
  readonly startedAt: string;
  readonly tookSeconds: number;
  readonly seed: number;
  readonly runtime: string;
  readonly clients: number;
  readonly machine: Machine;
  readonly runs: readonly Run[];
  /** What could not run, and why. */
  readonly skipped: readonly string[];
  readonly rows: readonly Row[];
}

/** One kind of fault as seen from one side. Times in milliseconds. */
export interface Row {
  readonly manager: ManagerName;
  readonly fault: FaultName;
  readonly side: SideName;
  readonly count: number;
  readonly gapP50Ms: number;
  readonly gapMaxMs: number;
  /** Undefined where nobody was promoted. */
  readonly afterPromotionP50Ms: number | undefined;
  readonly errors: Readonly<Record<string, number>>;
  readonly hung: number;
  readonly lost: number;
  readonly doubles: number;
}

export function rowsOf(runs: readonly Run[]): Row[] {
  const groups = new Map<string, { readonly run: Run; readonly outcome: Outcome }[]>();
  for (const run of runs) {
    for (const outcome of run.outcomes) {
      const key = `${run.manager} ${outcome.fault} ${outcome.side}`;
      groups.set(key, [...groups.get(key) ?? [], { run, outcome }]);
    }
  }
  return [...groups.values()].map(rowOf);
}

function rowOf(group: readonly { readonly run: Run; readonly outcome: Outcome }[]): Row {
  const outcomes = group.map(({ outcome }) => outcome);
  const { fault, side } = outcomes[0] as Outcome;
  const gaps = outcomes.map(({ gapMs }) => gapMs);
  const promotions = outcomes.flatMap(({ afterPromotionMs }) => afterPromotionMs ?? []);
  const errors: Record<string, number> = {};
  for (const [kind, count] of outcomes.flatMap((outcome) => Object.entries(outcome.errors))) {
    errors[kind] = (errors[kind] ?? 0) + count;
  }
  const during = (pick: (run: Run) => readonly Write[] | undefined): number =>
    group.map(({ run, outcome }) => (pick(run) ?? []).filter((write) => isWithin(write, outcome)).length)
      .reduce((sum, count) => sum + count, 0);
  return {
    manager: group[0]?.run.manager as ManagerName,
    fault,
    side,
    count: group.length,
    gapP50Ms: median(gaps) ?? 0,
    gapMaxMs: Math.max(...gaps),
    afterPromotionP50Ms: median(promotions),
    errors,
    hung: outcomes.reduce((sum, { hung }) => sum + hung, 0),
    lost: during(({ verdicts }) => verdicts[side]?.lost),
    doubles: during(({ verdicts }) => verdicts[side]?.doubles),
  };
}

function isWithin({ endMs }: Write, { fromMs, toMs }: Outcome): boolean {
  return endMs >= fromMs && endMs <= toMs;
}

/** The lower of the two in the middle. */
function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

/** Whether everything ran, and the gateway's clients have nothing to complain of. */
export function isClean({ runs, skipped }: Report): boolean {
  return skipped.length === 0 &&
    runs.every(({ outcomes, verdicts: { gateway }, trouble }) =>
      trouble === undefined && gateway?.lost.length === 0 && gateway.doubles.length === 0 &&
      outcomes.every(({ side, hung }) => side !== 'gateway' || hung === 0)
    );
}
