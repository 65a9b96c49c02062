/** What a run found out, and whether it is good enough. Pure. */
import type { Machine } from '../bench/results.ts';
import { ratiosOf, type Sample, type Spread, spreadOf } from '../bench/statistics.ts';
import { type Verdict, verdictOf } from '../bench/verdict.ts';

export type Kind = 'executable' | 'HAProxy';

/** Of an idle session, where busy ones have been before. */
export interface SessionMemory {
  readonly kind: Kind;
  readonly bytes: number;
}

/** How sessions were dealt out. */
export interface Deal {
  readonly workers: number;
  readonly sessions: number;
  /** Each time, by worker. */
  readonly counts: readonly (readonly number[])[];
}

/** The death of one worker. */
export interface Death {
  readonly workers: number;
  /** Idle sessions by worker: before, and when those that were lost are back. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly lost: number;
  /** Until the last one of them knew. */
  readonly toldMs: number;
  /** What they saw: `FIN`, or the code of an error. */
  readonly how: Readonly<Record<string, number>>;
  /** Until there was another worker that listens. */
  readonly replacedMs: number;
  /** Those who connected from then on, and those of them who got no session, with when they knew. */
  readonly connects: number;
  readonly failures: readonly { readonly ms: number; readonly error: string }[];
  readonly longestConnectMs: number;
  /** The longest answer that a session of another worker waited for. */
  readonly longestWaitMs: number;
}

/** At rest. */
export interface Rest {
  readonly workers: number;
  /** After the start. */
  readonly seconds: number;
  readonly residentBytes: number;
  readonly ownBytes: number;
}

export interface Facts {
  readonly startedAt: string;
  readonly tookSeconds: number;
  readonly machine: Machine;
  readonly command: string;
  readonly idle: number;
  readonly busy: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly idleSamples: readonly Sample[];
  readonly sessionMemory: readonly SessionMemory[];
  readonly workerSamples: readonly Sample[];
  readonly deals: readonly Deal[];
  readonly deaths: readonly Death[];
  readonly rests: readonly Rest[];
  /** Of an idle session, each time before a gateway that has just started. */
  readonly sessionBytes: readonly number[];
}

export interface Goal {
  readonly what: string;
  readonly bound: number;
  readonly unit: string;
  readonly measured: Spread | undefined;
  readonly verdict: Verdict;
}

/** Of docs/benchmarks/memory-at-rest.md, one worker, a minute after the start: it shall not be more. */
const restMiB = 65.5;
export const mebibyte = 2 ** 20;

/** Those of what was measured. */
export function goalsOf({ idle, busy, idleSamples, sessionBytes, rests }: Facts): Goal[] {
  const goal = (what: string, bound: number, unit: string, values: readonly number[]): Goal[] => {
    const measured = spreadOf(values);
    return measured === undefined
      ? []
      : [{ what, bound, unit, measured, verdict: verdictOf('at most', bound, measured) }];
  };
  const at = rests.filter(({ workers, seconds }) => workers === 1 && seconds === 60);
  return [
    ...goal(
      `CPU a transaction of ${busy} clients beside ${
        idle.toLocaleString('en')
      } idle sessions, to that without them`,
      1.1,
      'x',
      ratiosOf(idleSamples, 'cpuUs', 'executable with', 'executable without'),
    ),
    ...goal('memory of an idle session', 1024, ' bytes', sessionBytes),
    ...goal(
      'resident memory at rest with one worker, after a minute',
      restMiB,
      ' MiB',
      at.map(({ residentBytes }) => residentBytes / mebibyte),
    ),
  ];
}

/** How many more or fewer than its share a worker gets, as a rule, where chance alone decides: one standard deviation. */
export function deviationByChance({ workers, sessions }: Pick<Deal, 'workers' | 'sessions'>): number {
  return Math.sqrt(sessions * (1 / workers) * (1 - 1 / workers));
}

/** What a worker had at the least and at the most, and the fullest one's part of an even share in each deal. */
export function evennessOf({ workers, sessions, counts }: Deal) {
  const all = counts.flat();
  const fullest = counts.map((each) => Math.max(...each) * workers / sessions);
  const mean = sessions / workers;
  const variance = all.reduce((sum, count) => sum + (count - mean) ** 2, 0) / all.length;
  return {
    least: Math.min(...all),
    most: Math.max(...all),
    deviation: Math.sqrt(variance),
    fullest: spreadOf(fullest),
  };
}
