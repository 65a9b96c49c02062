/** A run as Markdown. Pure. */
import { median, ratiosOf, type Sample, type Spread, spreadOf, valuesOf } from '../bench/statistics.ts';
import {
  type Deal,
  type Death,
  deviationByChance,
  evennessOf,
  type Facts,
  type Goal,
  goalsOf,
  mebibyte,
  type Rest,
} from './report.ts';

export function markdownOf(facts: Facts): string {
  const { machine, command, tookSeconds, startedAt } = facts;
  const sections = [
    goalsTable(goalsOf(facts)),
    idleTable(facts),
    workersTable(facts.workerSamples),
    evennessTable(facts.deals),
    deathTable(facts.deaths),
    restTable(facts.rests),
  ].filter((lines) => lines.length > 0);
  return [
    `\`${command}\`, ${startedAt.slice(0, 10)}: ${
      Math.round(tookSeconds)
    } s; ${machine.cores} cores, ${machine.cpu}, ` +
    `Linux ${machine.kernel}; load ${machine.loadBefore} before, ${machine.loadAfter} after. Medians, from least to most in brackets.`,
    ...sections.flatMap((lines) => ['', ...lines]),
    '',
  ].join('\n');
}

function goalsTable(goals: readonly Goal[]): string[] {
  if (goals.length === 0) return [];
  const text = (value: number, unit: string) =>
    unit === 'x' ? `${value.toFixed(3)}x` : `${number(value, 1)}${unit}`;
  return markdown([
    ['goal', 'at most', 'measured', 'verdict'],
    ...goals.map(({ what, bound, unit, measured, verdict }) => [
      what,
      `${bound.toLocaleString('en')}${unit}`,
      spread(measured, (value) => text(value, unit)),
      `**${verdict}**`,
    ]),
  ]);
}

function idleTable({ idle, busy, rounds, seconds, idleSamples: samples, sessionMemory }: Facts): string[] {
  const kinds = [...new Set(samples.map(({ target }) => target.split(' ')[0]!))];
  if (kinds.length === 0) return [];
  const rows = [
    [`us of CPU a transaction`, 'cpuUs', 1],
    ['TPS', 'tps', 0],
    ['p99, ms', 'p99Ms', 2],
    ['% of a core while nobody works', 'share', 2],
  ] as const;
  return [
    `${busy} clients of pgbench, ${rounds} rounds of ${seconds} s, one worker or thread on a core of its own:`,
    '',
    ...markdown([
      [
        '',
        '',
        'none at all',
        'at its double',
        `with ${idle.toLocaleString('en')}`,
        'with / at its double, round by round',
      ],
      ...kinds.flatMap((kind) => [
        ...rows.map(([what, metric, digits]) => {
          const of = (which: string) =>
            spread(
              spreadOf(valuesOf(samples, metric, `${kind} ${which}`)),
              (value) => number(metric === 'share' ? value * 100 : value, digits),
            );
          const ratios = ratiosOf(samples, metric, `${kind} with`, `${kind} without`);
          return [
            kind,
            what,
            of('alone'),
            of('without'),
            of('with'),
            spread(spreadOf(ratios), (value) => `${value.toFixed(3)}x`),
          ];
        }),
        [
          kind,
          'bytes of an idle session, after busy ones',
          '',
          '',
          spread(
            spreadOf(sessionMemory.filter((one) => one.kind === kind).map(({ bytes }) => bytes)),
            (value) => number(value, 0),
          ),
          '',
        ],
      ]),
    ]),
  ];
}

function workersTable(samples: readonly Sample[]): string[] {
  const targets = [...new Set(samples.map(({ target }) => target))];
  if (targets.length === 0) return [];
  const sorted = [...targets].sort();
  return markdown([
    [
      'workers or threads',
      'TPS',
      'to one',
      'us of CPU a transaction',
      'to one',
      'p99, ms',
      'fullest worker',
      'busiest worker',
    ],
    ...sorted.map((target) => {
      const one = target.replace(/\d+$/, '1');
      const of = (metric: string, digits: number, unit = '') =>
        spread(spreadOf(valuesOf(samples, metric, target)), (value) => `${number(value, digits)}${unit}`);
      const toOne = (metric: string) =>
        target === one
          ? ''
          : spread(spreadOf(ratiosOf(samples, metric, target, one)), (value) => `${value.toFixed(2)}x`);
      return [
        target,
        of('tps', 0),
        toOne('tps'),
        of('cpuUs', 1),
        toOne('cpuUs'),
        of('p99Ms', 2),
        of('fullest', 2, 'x'),
        of('busiest', 2, 'x'),
      ];
    }),
  ]);
}

function evennessTable(deals: readonly Deal[]): string[] {
  if (deals.length === 0) return [];
  return markdown([
    [
      'workers',
      'sessions',
      'times',
      'even would be',
      'least',
      'most',
      'deviation',
      'by chance',
      'fullest, of an even share',
    ],
    ...deals.map((deal) => {
      const { least, most, deviation, fullest } = evennessOf(deal);
      return [
        String(deal.workers),
        number(deal.sessions, 0),
        String(deal.counts.length),
        number(deal.sessions / deal.workers, 0),
        String(least),
        String(most),
        number(deviation, 1),
        number(deviationByChance(deal), 1),
        spread(fullest, (value) => `${value.toFixed(2)}x`),
      ];
    }),
  ]);
}

function deathTable(deaths: readonly Death[]): string[] {
  if (deaths.length === 0) return [];
  const counts = [...new Set(deaths.map(({ workers }) => workers))];
  return markdown([
    [
      'one of',
      'deaths',
      'sessions lost',
      'last one told after, ms',
      'what they see',
      'replaced after, ms',
      'connects meanwhile',
      'of them failed',
      'last failure after, ms',
      'longest connect, ms',
      'longest answer of the others, ms',
      'fullest worker when all are back',
    ],
    ...counts.map((workers) => {
      const these = deaths.filter((death) => death.workers === workers);
      const of = (pick: (death: Death) => number, digits = 0) =>
        spread(spreadOf(these.map(pick)), (value) => number(value, digits));
      const failures = these.flatMap((death) => death.failures);
      const lastFailures = these.flatMap((death) =>
        death.failures.length === 0 ? [] : [Math.max(...death.failures.map(({ ms }) => ms))]
      );
      return [
        `${workers} ${workers === 1 ? 'worker' : 'workers'}`,
        String(these.length),
        of(({ lost, before }) => 100 * lost / before.reduce((sum, count) => sum + count, 0), 1) + ' %',
        of(({ toldMs }) => toldMs, 1),
        shares(these.flatMap(({ how }) => Object.entries(how))),
        of(({ replacedMs }) => replacedMs),
        number(these.reduce((sum, { connects }) => sum + connects, 0), 0),
        failures.length === 0
          ? '0'
          : `${number(failures.length, 0)}: ${shares(failures.map(({ error }) => [error, 1] as const))}`,
        spread(spreadOf(lastFailures), (value) => number(value, 0)),
        of(({ longestConnectMs }) => longestConnectMs, 1),
        workers === 1 ? 'there are none' : of(({ longestWaitMs }) => longestWaitMs, 1),
        spread(
          spreadOf(
            these.map(({ after, workers }) =>
              Math.max(...after) * workers / after.reduce((sum, count) => sum + count, 0)
            ),
          ),
          (value) => `${value.toFixed(2)}x`,
        ),
      ];
    }),
  ]);
}

/** `FIN 98 %, ECONNRESET 2 %`. */
function shares(counts: readonly (readonly [string, number])[]): string {
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  const byName = new Map<string, number>();
  for (const [name, count] of counts) byName.set(name, (byName.get(name) ?? 0) + count);
  return [...byName].sort(([, a], [, b]) => b - a)
    .map(([name, count]) => count === all ? name : `${name} ${number(100 * count / all, 1)} %`).join(', ');
}

function restTable(rests: readonly Rest[]): string[] {
  if (rests.length === 0) return [];
  const seconds = [...new Set(rests.map((rest) => rest.seconds))];
  const workers = [...new Set(rests.map((rest) => rest.workers))];
  return markdown([
    ['workers', ...seconds.map((after) => `resident after ${after} s, MiB (its own)`)],
    ...workers.map((count) => [
      count === 0 ? 'none' : String(count),
      ...seconds.map((after) => {
        const these = rests.filter((rest) => rest.workers === count && rest.seconds === after);
        const mib = (pick: (rest: Rest) => number) => number(median(these.map(pick)) / mebibyte, 1);
        return `${mib(({ residentBytes }) => residentBytes)} (${mib(({ ownBytes }) => ownBytes)})`;
      }),
    ]),
  ]);
}

function spread(of: Spread | undefined, text: (value: number) => string): string {
  if (of === undefined) return '';
  return of.count === 1 ? text(of.median) : `${text(of.median)} (${text(of.min)} to ${text(of.max)})`;
}

function number(value: number, digits: number): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function markdown([head = [], ...rows]: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
