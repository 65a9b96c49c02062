/** The figures that the whole must reach, as ratios within a round, and whether they were. Pure. */
import { type Known, whyAbsent } from './cells.ts';
import { concurrencies, metricOf } from './metrics.ts';
import { ratioText, valueText } from './numbers.ts';
import { ratiosOf, type Sample, type Spread, spreadOf, valuesOf } from './statistics.ts';
import { type Sign, type Verdict, verdictOf } from './verdict.ts';

export interface Goal {
  /** A sentence for people. */
  readonly what: string;
  /** Which of our targets is judged, and against whom; undefined: against a fixed figure. */
  readonly target: string;
  readonly against: string | undefined;
  readonly metric: string;
  readonly sign: Sign;
  readonly bound: number;
  /** Ratios, or values in the metric's unit where `against` is undefined; undefined: not measured. */
  readonly measured: Spread | undefined;
  readonly verdict: Verdict;
  /** Why it was not measured. */
  readonly why: string | undefined;
}

/** A goal that needs more than this benchmark starts. */
export interface Elsewhere {
  readonly what: string;
  readonly goal: string;
  /** Where it is measured or shown: a command, or a test file and the name of its test. */
  readonly by: readonly string[];
}

export const elsewhere: readonly Elsewhere[] = [
  {
    what: 'promoted to first write through the gateway',
    goal: 'p50 at most 150 ms, p99 at most 300 ms',
    by: [
      'scripts/failover --only promotions',
      'test/e2e/failover.test.ts: kill -9 of the primary, then a promotion: clients wait and write to the new one',
    ],
  },
  {
    what: 'probing three candidates at rest',
    goal: 'under 1 % of a core',
    by: ['scripts/failover --only cpu'],
  },
  {
    what: 'a slow reader',
    goal: 'at most 512 KiB of ours per session, never grows',
    by: ['test/load/bulk.test.ts: readers that do not read cost bounded memory, and hold up nobody'],
  },
  {
    what: 'planned switchover, clients that connect per transaction',
    goal: '0 errors',
    by: [
      'test/e2e/failover.test.ts: a clean switchover: a session that reconnects for each transaction sees no error',
    ],
  },
];

type Wish = Pick<Goal, 'what' | 'metric' | 'sign' | 'bound'> & {
  readonly against?: string;
  /** Our target, where it is not the best engine that was measured. */
  readonly target?: string;
};

const less = (what: string, metric: string, bound: number, against?: string, target?: string): Wish => ({
  what,
  metric,
  bound,
  sign: 'at most',
  ...(against === undefined ? {} : { against }),
  ...(target === undefined ? {} : { target }),
});
const more = (what: string, metric: string, bound: number, against: string): Wish => ({
  what,
  metric,
  bound,
  against,
  sign: 'at least',
});

/** The C program whose place this one takes. */
const original = 'original';

/** What the program shall be ahead of, or level with, in each. */
const peers = ['nginx', 'haproxy', 'pgbouncer', original];

const floor = 'floor';
const counts = concurrencies.map((clients) =>
  [clients, clients === 1 ? '1 client' : `${clients} clients`] as const
);

const alone = ', alone on a core';

const wishes: readonly Wish[] = [
  less('added round trip', 'addedUs', 1.05, floor),
  ...counts.map(([count, text]) => less(`CPU per transaction, ${text}`, `cpuUs${count}`, 1.08, floor)),
  ...counts.map(([count, text]) =>
    less(`CPU per transaction, ${text}${alone}`, `ownCpuUs${count}`, 1.08, floor)
  ),
  ...counts.map(([count, text]) => more(`transactions per second, ${text}`, `tps${count}`, 0.95, floor)),
  ...peers.map((peer) => less('added round trip', 'addedUs', 1, peer)),
  ...peers.flatMap((peer) =>
    counts.map(([n, text]) => less(`CPU per transaction, ${text}`, `cpuUs${n}`, 1, peer))
  ),
  ...peers.flatMap((peer) =>
    counts.map(([n, text]) => less(`CPU per transaction, ${text}${alone}`, `ownCpuUs${n}`, 1, peer))
  ),
  ...peers.flatMap((peer) =>
    counts.map(([n, text]) => more(`transactions per second, ${text}`, `tps${n}`, 1, peer))
  ),
  more('COPY out, GB/s', 'copyOutGbs', 1.1, 'haproxy'),
  less('COPY out, CPU per GB', 'copyOutCpuMs', 0.8, 'haproxy'),
  more('COPY in, GB/s', 'copyInGbs', 1.1, 'haproxy'),
  less('COPY in, CPU per GB', 'copyInCpuMs', 0.8, 'haproxy'),
  less('connect to ready, with PREWARM=2', 'readyMs', 0.7, 'direct', 'binary-ahead'),
  less('resident memory at rest, MiB', 'restMiB', 64),
  less('memory per idle session, bytes', 'sessionBytes', 1024),
  // The server itself holds as many as were asked for: 10,000, or what the limit of open files allows.
  more('idle sessions held, of 10,000 or what the limit allows', 'idleSessions', 1, 'direct'),
  less('portable on Bun: added round trip', 'addedUs', 1, 'haproxy', 'bun-portable'),
  less('portable on Node: added round trip', 'addedUs', 1.3, 'haproxy', 'node-portable'),
  less('portable on Deno: added round trip', 'addedUs', 1.3, 'haproxy', 'deno-portable'),
];

interface Measured extends Known {
  readonly targets: readonly (Known['targets'][number] & { readonly kind: string })[];
  readonly samples: readonly Sample[];
  readonly leftOutBy: string | undefined;
}

/** Every goal, for the first of our targets unless the goal names one. Nothing of ours measured: no goals. */
export function judgeAll(run: Measured): Goal[] {
  const { samples } = run;
  const ours = run.targets.filter(({ kind }) => kind === 'ours');
  const best = (ours.find(({ absent }) => absent === undefined) ?? ours[0])?.name;
  if (best === undefined) return [];
  return wishes.map(({ against, target = best, ...wish }) => {
    const values = against === undefined
      ? valuesOf(samples, wish.metric, target)
      : ratiosOf(samples, wish.metric, target, against);
    const measured = spreadOf(values);
    const why = measured === undefined ? reasonFor(run, wish.metric, [target, against]) : undefined;
    return { ...wish, target, against, measured, verdict: verdictOf(wish.sign, wish.bound, measured), why };
  });
}

/** Why there is nothing to compare these with each other by, or to judge the one. */
function reasonFor(run: Measured, metric: string, names: readonly (string | undefined)[]): string {
  for (const name of names) {
    if (name === undefined || valuesOf(run.samples, metric, name).length > 0) continue;
    if (run.targets.some((target) => target.name === name)) return `${name}: ${whyAbsent(run, metric, name)}`;
    if (name === original) {
      return 'it is not distributed: --original FOLDER starts the one that was built there';
    }
    return run.leftOutBy === undefined ? `${name} was not measured` : `${run.leftOutBy} leaves ${name} out`;
  }
  return 'no round measured both';
}

/** How a figure of this goal is written: as a ratio, or in the metric's unit. */
export function goalText({ against, metric, bound }: Goal): (value: number) => string {
  return (value) =>
    against === undefined ? valueText(value, metricOf(metric), bound) : ratioText(value, bound);
}
