/** What a run found out, and whether it is good enough. Pure. */
import type { Machine } from '../bench/results.ts';
import { quantile } from '../bench/statistics.ts';
import type { AlarmWatch } from './alarms.ts';
import type { KindName } from './kinds.ts';
import type { LogWatch } from './logs.ts';
import type { RuntimeName } from './options.ts';
import type { ProbingCost } from './probing.ts';
import type { Promotion } from './promotions.ts';
import type { TroubleWatch } from './troubles.ts';

export interface Series {
  readonly runtime: RuntimeName;
  /** PROBE_INTERVAL_MS; undefined: the default. */
  readonly intervalMs?: number | undefined;
  readonly promotions: readonly Promotion[];
}

export interface Facts {
  readonly startedAt: string;
  readonly tookSeconds: number;
  readonly machine: Machine;
  /** Of each run. */
  readonly seeds: readonly number[];
  readonly clients: number;
  readonly series: readonly Series[];
  readonly costs: readonly ProbingCost[];
  readonly alarms: readonly AlarmWatch[];
  readonly logs: readonly LogWatch[];
  readonly troubles: readonly TroubleWatch[];
}

/** Milliseconds of several promotions. */
export interface Row {
  readonly runtime: RuntimeName;
  readonly intervalMs?: number | undefined;
  readonly kind: KindName | 'all';
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** Of the parts that make up the first write: until the gateway has the new route, and from there on. */
  readonly routedP50: number;
  readonly routedMax: number;
  readonly servedP50: number;
  readonly servedMax: number;
  readonly lastBackP50: number;
  readonly lastBackMax: number;
}

export interface Goal {
  readonly what: string;
  readonly runtime: RuntimeName;
  readonly measured: string;
  readonly bound: string;
  readonly isMet: boolean;
}

export interface Report extends Facts {
  readonly rows: readonly Row[];
  readonly goals: readonly Goal[];
}

/** Where something tells of trouble, or something that should come does not: all but a primary that lives on. */
const promptKinds: readonly KindName[] = ['kill', 'stop', 'freeze', 'silence'];

/** What a p99 of so many is. */
function p99Name(count: number): string {
  return count > 100 ? 'p99' : `the longest of ${count}`;
}

export function reportOf(facts: Facts): Report {
  const rows = facts.series.flatMap(rowsOf);
  return { ...facts, rows, goals: goalsOf(facts, rows) };
}

/** Each kind that there was, and all of them together. */
function rowsOf({ promotions, ...gateway }: Series): Row[] {
  const names = [...new Set(promotions.map(({ kind }) => kind))];
  return [
    ...names.map((name) => rowOf(gateway, name, promotions.filter(({ kind }) => kind === name))),
    rowOf(gateway, 'all', promotions),
  ];
}

function rowOf(
  gateway: Omit<Series, 'promotions'>,
  kind: Row['kind'],
  promotions: readonly Promotion[],
): Row {
  const at = (share: number, pick: (of: Promotion) => number) => quantile(promotions.map(pick), share);
  const first = ({ firstWriteMs }: Promotion) => firstWriteMs;
  const routed = ({ routedMs }: Promotion) => routedMs;
  const served = ({ firstWriteMs, routedMs }: Promotion) => firstWriteMs - routedMs;
  const lastBack = ({ lastBackMs }: Promotion) => lastBackMs;
  return {
    ...gateway,
    kind,
    count: promotions.length,
    p50: at(0.5, first),
    p90: at(0.9, first),
    p99: at(0.99, first),
    max: at(1, first),
    routedP50: at(0.5, routed),
    routedMax: at(1, routed),
    servedP50: at(0.5, served),
    servedMax: at(1, served),
    lastBackP50: at(0.5, lastBack),
    lastBackMax: at(1, lastBack),
  };
}

function goalsOf({ costs, alarms, logs }: Facts, rows: readonly Row[]): Goal[] {
  const goal = (
    what: string,
    runtime: RuntimeName,
    value: number,
    most: number,
    unit: string,
    digits = 0,
  ): Goal => ({
    what,
    runtime,
    measured: `${value.toFixed(digits)}${unit}`,
    bound: `at most ${most}${unit}`,
    isMet: value <= most,
  });
  // Another interval is somebody's own choice.
  const atDefaults = rows.filter(({ intervalMs }) => intervalMs === undefined);
  return [
    ...atDefaults.filter(({ kind }) => promptKinds.some((one) => one === kind)).flatMap((
      { runtime, kind, count, p50, p99 },
    ) => [
      goal(`${kind}: promoted to first write, p50`, runtime, p50, 50, ' ms'),
      goal(`${kind}: promoted to first write, ${p99Name(count)}`, runtime, p99, 150, ' ms'),
    ]),
    ...atDefaults.filter(({ kind }) => kind === 'all').flatMap(({ runtime, p50, p99 }) => [
      goal('promoted to first write, p50', runtime, p50, 150, ' ms'),
      goal('promoted to first write, p99', runtime, p99, 300, ' ms'),
    ]),
    ...costs.filter(({ intervalMs }) => intervalMs === undefined).map(({ runtime, share }) =>
      goal('probing at rest', runtime, share * 100, 1, ' % of a core', 2)
    ),
    ...alarms.flatMap(({ runtime, failures, verdicts }) => [
      goal('failed probes on a busy machine', runtime, failures, 0, ''),
      goal('other verdicts on a busy machine', runtime, verdicts, 0, ''),
    ]),
    ...logs.map(({ runtime, ours }) => goal("lines in PostgreSQL's logs", runtime, ours.length, 0, '')),
  ];
}

/** Several runs as if they had been one: of the load of the machine the highest before and after one. Throws on none. */
export function together(runs: readonly Facts[]): Facts {
  const [first] = runs;
  if (first === undefined) throw new Error('there is no run to put together');
  if (runs.some(({ clients }) => clients !== first.clients)) {
    throw new Error('runs with different numbers of clients cannot be put together');
  }
  const series = new Map<string, Series>();
  for (const one of runs.flatMap(({ series }) => series)) {
    const name = `${one.runtime} ${one.intervalMs}`;
    const promotions = [...series.get(name)?.promotions ?? [], ...one.promotions];
    series.set(name, { ...one, promotions });
  }
  return {
    startedAt: first.startedAt,
    tookSeconds: runs.reduce((sum, { tookSeconds }) => sum + tookSeconds, 0),
    machine: {
      ...first.machine,
      loadBefore: Math.max(...runs.map(({ machine }) => machine.loadBefore)),
      loadAfter: Math.max(...runs.map(({ machine }) => machine.loadAfter)),
    },
    seeds: [...new Set(runs.flatMap(({ seeds }) => seeds))],
    clients: first.clients,
    series: [...series.values()],
    costs: runs.flatMap(({ costs }) => costs),
    alarms: runs.flatMap(({ alarms }) => alarms),
    logs: runs.flatMap(({ logs }) => logs),
    troubles: runs.flatMap(({ troubles }) => troubles),
  };
}
