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

/** Undefined of nothing. The median of an even count lies between the middle two. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, max] = [sorted.at(0), sorted.at(-1)];
  if (min === undefined || max === undefined) return undefined;
  const upper = sorted[sorted.length >> 1] as number;
  const lower = sorted[(sorted.length - 1) >> 1] as number;
  return { min, median: (lower + upper) / 2, max, count: sorted.length };
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
