/** Quantiles, and ratios of what was measured in the same round. Pure. */

/** One figure of one target in one round. */
export interface Sample {
  readonly round: number;
  readonly target: string;
  readonly metric: string;
  readonly value: number;
}

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
  /** How many values there were. */
  readonly count: number;
}

/** By nearest rank, of values in any order; NaN of none. `share` is 0 to 1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? NaN;
}

/** So that five lie beyond it: a p99 of fewer is little more than the longest, and of fewer than 100 it is that. */
const leastForP99 = 500;

/** Words where there are too few values for it. */
export function p99Of(values: readonly number[]): number | string {
  if (values.length >= leastForP99) return quantile(values, 0.99);
  return `a p99 of ${values.length} is little more than the longest; it takes ${leastForP99}`;
}

/** Of values in any order; of an even count it lies between the middle two. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? NaN;
  const lower = sorted[(sorted.length - 1) >> 1] ?? NaN;
  return (lower + upper) / 2;
}

/** Undefined of nothing. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  return {
    min: Math.min(...values),
    median: median(values),
    max: Math.max(...values),
    count: values.length,
  };
}

export function valuesOf(samples: readonly Sample[], metric: string, target: string): number[] {
  return samples.filter((sample) => sample.metric === metric && sample.target === target).map((sample) =>
    sample.value
  );
}

/**
 * `target` over `base`, round by round: what disturbs a round disturbs both. Rounds that lack one of the two, or
 * where `base` is not above zero, say nothing and are left out.
 */
export function ratiosOf(samples: readonly Sample[], metric: string, target: string, base: string): number[] {
  const inRound = (name: string) =>
    new Map(
      samples.filter((sample) => sample.metric === metric && sample.target === name).map((
        { round, value },
      ) => [round, value]),
    );
  const bases = inRound(base);
  return [...inRound(target)].flatMap(([round, value]) => {
    const below = bases.get(round);
    return below !== undefined && below > 0 ? [value / below] : [];
  });
}

/** Round by round, how much more `metric` is through a target than it is directly, as samples of `name`. */
export function addedOver(
  samples: readonly Sample[],
  metric: string,
  base: string,
  name: string,
): readonly Sample[] {
  const bases = new Map(
    samples.filter((sample) => sample.metric === metric && sample.target === base).map((
      { round, value },
    ) => [round, value]),
  );
  return samples.filter((sample) => sample.metric === metric && sample.target !== base).flatMap((sample) => {
    const below = bases.get(sample.round);
    return below === undefined ? [] : [{ ...sample, metric: name, value: sample.value - below }];
  });
}
