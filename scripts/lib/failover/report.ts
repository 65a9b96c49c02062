/** What a run found out, and whether it is good enough. Pure. */
import type { Machine } from '../bench/results.ts';
import { quantile } from '../bench/statistics.ts';
import type { KindName } from './kinds.ts';
import type { LogWatch } from './logs.ts';
import type { RuntimeName } from './options.ts';
import type { ProbingCost } from './probing.ts';
import type { Promotion } from './promotions.ts';
import type { TroubleWatch } from './troubles.ts';

export interface Series {
  readonly runtime: RuntimeName;
  readonly promotions: readonly Promotion[];
}

export interface Facts {
  readonly startedAt: string;
  readonly tookSeconds: number;
  readonly machine: Machine;
  readonly seed: number;
  readonly clients: number;
  readonly series: readonly Series[];
  readonly costs: readonly ProbingCost[];
  readonly logs: readonly LogWatch[];
  readonly troubles: readonly TroubleWatch[];
}

/** Milliseconds of several promotions. */
export interface Row {
  readonly runtime: RuntimeName;
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

export function reportOf(facts: Facts): Report {
  const rows = facts.series.flatMap(rowsOf);
  return { ...facts, rows, goals: goalsOf(facts, rows) };
}

/** Each kind that there was, and all of them together. */
function rowsOf({ runtime, promotions }: Series): Row[] {
  const names = [...new Set(promotions.map(({ kind }) => kind))];
  return [
    ...names.map((name) => rowOf(runtime, name, promotions.filter(({ kind }) => kind === name))),
    rowOf(runtime, 'all', promotions),
  ];
}

function rowOf(runtime: RuntimeName, kind: Row['kind'], promotions: readonly Promotion[]): Row {
  const at = (share: number, pick: (of: Promotion) => number) => quantile(promotions.map(pick), share);
  const first = ({ firstWriteMs }: Promotion) => firstWriteMs;
  const routed = ({ routedMs }: Promotion) => routedMs;
  const served = ({ firstWriteMs, routedMs }: Promotion) => firstWriteMs - routedMs;
  const lastBack = ({ lastBackMs }: Promotion) => lastBackMs;
  return {
    runtime,
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

function goalsOf({ costs, logs }: Facts, rows: readonly Row[]): Goal[] {
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
  return [
    ...rows.filter(({ kind }) => kind === 'all').flatMap(({ runtime, p50, p99 }) => [
      goal('promoted to first write, p50', runtime, p50, 150, ' ms'),
      goal('promoted to first write, p99', runtime, p99, 300, ' ms'),
    ]),
    ...costs.map(({ runtime, share }) => goal('probing at rest', runtime, share * 100, 1, ' % of a core', 2)),
    ...logs.map(({ runtime, ours }) => goal("lines in PostgreSQL's logs", runtime, ours.length, 0, '')),
  ];
}
