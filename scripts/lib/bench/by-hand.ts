/** What measurements by hand have in common: a server of their own, rounds in which all take turns, a table in Markdown. */
import { type Cluster, startCluster } from '../../../test/bed/cluster.ts';
import { removeWorkspace } from '../../../test/bed/workspace.ts';
import { killAll } from './children.ts';
import { buildFloor } from './floor.ts';
import { load } from './machine.ts';
import { prepareTables } from './pgbench.ts';
import { ratiosOf, type Sample, spreadOf, valuesOf } from './statistics.ts';
import { rotated } from './turns.ts';

/**
 * Builds the floor in `folder`, starts a server that has pgbench's tables, and prints what `work` resolves with, and the load
 * before and after. All that was started ends with it; so does this process.
 */
export async function measureByHand(
  folder: string,
  work: (cluster: Cluster) => Promise<string>,
): Promise<never> {
  process.once('exit', killAll);
  const trouble = await buildFloor(folder);
  if (trouble !== undefined) throw new Error(trouble);
  const before = load();
  const cluster = await startCluster({ maxConnections: 600, settings: { shared_buffers: '128MB' } });
  try {
    await prepareTables({ host: '127.0.0.1', port: cluster.first.port });
    const text = await work(cluster);
    console.log(`load before ${before}, after ${load()}\n${text}`);
  } finally {
    killAll();
    await cluster.close();
    await removeWorkspace();
  }
  process.exit(0);
}

/** By metric. */
export type Measured = Readonly<Record<string, number | undefined>>;

/** `measure` is called with all of `members`, in another order each round, and resolves with what it measured of each. */
export async function inRounds<M extends { readonly name: string }>(
  count: number,
  members: readonly M[],
  measure: (order: readonly M[]) => Promise<readonly (readonly [M, Measured])[]>,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let round = 0; round < count; round++) {
    for (const [{ name: target }, measured] of await measure(rotated(members, round * 2))) {
      for (const [metric, value] of Object.entries(measured)) {
        if (value !== undefined) samples.push({ round, target, metric, value });
      }
    }
    console.error(`round ${round + 1} of ${count}, load ${load()}`);
  }
  return samples;
}

/** Each by itself, one after the other. */
export function oneByOne<M>(measure: (member: M) => Promise<Measured>) {
  return async (order: readonly M[]): Promise<(readonly [M, Measured])[]> => {
    const all: (readonly [M, Measured])[] = [];
    for (const member of order) all.push([member, await measure(member)]);
    return all;
  };
}

/** A line for each target: medians, and the ratio to `baseOf` the metric within a round, from least to most. */
export function ratioTable(
  targets: readonly string[],
  samples: readonly Sample[],
  baseOf: (metric: string) => string,
): string {
  const metrics = [...new Set(samples.map(({ metric }) => metric))];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const cell = (metric: string, target: string): string => {
    const value = spreadOf(valuesOf(samples, metric, target));
    if (value === undefined) return '';
    const { median } = value;
    const text = median.toFixed(median >= 1000 ? 0 : median >= 10 ? 1 : 2);
    const ratio = spreadOf(ratiosOf(samples, metric, target, baseOf(metric)));
    if (ratio === undefined || target === baseOf(metric)) return text;
    return `${text}, ${ratio.median.toFixed(2)}x (${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})`;
  };
  return [
    line(['', ...metrics]),
    line(['---', ...metrics.map(() => '---')]),
    ...targets.map((target) => line([target, ...metrics.map((metric) => cell(metric, target))])),
  ].join('\n');
}
