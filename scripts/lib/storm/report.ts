/** What storms have shown, and whether the gateway is ahead. Pure. */
import type { Machine } from '../bench/results.ts';
import { median, quantile, type Spread, spreadOf } from '../bench/statistics.ts';
import type { Connections } from './connections.ts';
import { type Counts, sumOf } from './counts.ts';
import type { Options, WayName } from './options.ts';

/** One storm through one way. */
export interface Trial {
  readonly way: WayName;
  readonly round: number;
  readonly clients: number;
  /** Of all processors, before it began. */
  readonly othersShare: number;
  /** From the fault to the order to promote. */
  readonly leaderlessMs: number;
  /** From that order to the promotion, which is PostgreSQL's own time. */
  readonly promotingMs: number;
  /** From the last answer in recovery to the first one out of it: the promotion lies within. */
  readonly doubtMs: number;
  /** From the promotion to the first acknowledged row of each client, in that order. */
  readonly servedMs: readonly number[];
  /** Sessions that ended. */
  readonly broken: Counts;
  /** Connects that failed, and first writes that did. */
  readonly notConnected: Counts;
  readonly notWritten: Counts;
  /** Since the fault. */
  readonly successor: Connections & { readonly cpuMs: number };
  /** Backends that the other standby started. */
  readonly otherStarted: number;
  readonly proxyCpuMs: number | undefined;
}

export interface Facts {
  readonly startedAt: string;
  readonly tookSeconds: number;
  readonly command: string;
  readonly machine: Machine;
  readonly options: Pick<Options, 'clients' | 'kind' | 'rounds' | 'seed' | 'settings'>;
  readonly trials: readonly Trial[];
}

/** Times that the goals are about. Infinite where so many clients never were served. */
export const times = {
  '50 %': (trial: Trial) => servedBy(trial, 0.5),
  '99 %': (trial: Trial) => servedBy(trial, 0.99),
  'all': (trial: Trial) => servedBy(trial, 1),
} as const;
export type TimeName = keyof typeof times;
export const timeNames = Object.keys(times) as TimeName[];

function servedBy({ clients, servedMs }: Trial, share: number): number {
  const all = [...servedMs, ...Array.from({ length: clients - servedMs.length }, () => Infinity)];
  return quantile(all, share);
}

/** In milliseconds; infinite where none was. */
export function firstServed({ servedMs }: Trial): number {
  return servedMs[0] ?? Infinity;
}

export function missingOf({ clients, servedMs }: Trial): number {
  return clients - servedMs.length;
}

export function failuresOf({ notConnected, notWritten }: Trial): number {
  return sumOf(notConnected) + sumOf(notWritten);
}

/** Of the trials of one way. Undefined without any. */
export function spread(trials: readonly Trial[], pick: (trial: Trial) => number): Spread | undefined {
  return spreadOf(trials.map(pick));
}

export interface Goal {
  readonly time: TimeName;
  readonly against: WayName;
  /** The gateway's median and the other's, in milliseconds. */
  readonly ours: number;
  readonly theirs: number;
  readonly isMet: boolean;
  /** Some storm of the one that is behind was quicker than some storm of the other. */
  readonly isWithinNoise: boolean;
}

export function goalsOf(trials: readonly Trial[]): Goal[] {
  const of = (way: WayName) => trials.filter((trial) => trial.way === way);
  const ours = of('gateway');
  if (ours.length === 0) return [];
  return (['haproxy', 'hosts'] as const).filter((way) => of(way).length > 0).flatMap((against) =>
    timeNames.map((time) => {
      const [mine, other] = [ours.map(times[time]), of(against).map(times[time])];
      const isMet = median(mine) < median(other);
      const [ahead, behind] = isMet ? [mine, other] : [other, mine];
      const isWithinNoise = Math.max(...ahead) >= Math.min(...behind);
      return { time, against, ours: median(mine), theirs: median(other), isMet, isWithinNoise };
    })
  );
}
