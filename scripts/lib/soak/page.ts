/** A run as Markdown: what is printed, and the page of the documents. Pure. */
import { quantile } from '../bench/statistics.ts';
import { serverKindNames, serverKinds } from '../failover/kinds.ts';
import type { Facts, Failover, Rest } from './facts.ts';
import { afterWarmUp, type Check, clock, isExpected, mib } from './verdict.ts';

export function markdownOf(facts: Facts, verdict: readonly Check[]): string {
  return `${[...summary(facts), ...checks(verdict), ...details(facts)].join('\n')}\n`;
}

/** The page has the drawing beside it. */
export function pageOf(facts: Facts, verdict: readonly Check[]): string {
  const { seconds, everySeconds, failovers } = facts;
  return `${
    [
      '# Hours of mixed load',
      '',
      '<!-- Written by scripts/soak --page: change scripts/lib/soak/page.ts instead. -->',
      '',
      `Clients of every kind for ${
        lengthOf(seconds)
      }, and a failover every ${everySeconds} s: ${failovers.length} of them.`,
      '`scripts/test` does two minutes of it (`test/reliability/soak.test.ts`).',
      '',
      `![Memory, descriptors, clients, errors, processor time and the load of the machine over ${
        lengthOf(seconds)
      }](../images/soak.svg)`,
      '',
      ...summary(facts),
      ...checks(verdict),
      ...details(facts),
      '## How',
      '',
      ...how,
    ].join('\n')
  }\n`;
}

const how = [
  'A primary and two standbys, PostgreSQL 18 with `synchronous_standby_names = ANY 1`: a client is told of a commit when one of',
  'the standbys has it. The gateway is `dist/pg_gateway` with its default settings, but for a standby port, `HOLD_MS` of a minute',
  'and `STARTUP_TIMEOUT_MS` of 3 s. All are on one machine, and so are the clients, in one process.',
  '',
  'A failover goes as a careful cluster manager does it: something happens to the primary; up to a second later one standby leaves it',
  'for the other, and the one that has more is promoted. Whether the old primary is dead, has stopped, hangs and comes back to',
  'life, or never noticed, is all the same to that, and the gateway has to find it out by itself. When all clients are back, the',
  'old primary is rebuilt as a standby.',
  '',
  '* *Back* is a client that has done something since the promotion.',
  '* *Lost* is what a client was told of as done, and what is not in the table in the end. Quick writers do not wait for a standby,',
  '  so theirs may be; but none may be taken by an old primary once another client has been told of a write on the new one.',
  '* A client may see that its connection is lost from the fault until two seconds after all are back. Any other error, and',
  '  any at another time, is unexpected, and so is data that cannot be right: sums of accounts, rows of a cursor, copied bytes.',
  '* Memory is judged by a line through all of its samples after a fifth of the time (least squares).',
];

function summary(facts: Facts): string[] {
  const { startedAt, machine, version, samples } = facts;
  const loads = samples.map(({ load }) => load);
  return [
    `Measured ${startedAt.slice(0, 10)} with \`${commandOf(facts)}\`, which ran for ${
      lengthOf(facts.seconds)
    }, pg_gateway ${version}; ${machine.cores} cores (${machine.cpu}), Linux ${machine.kernel}.`,
    ...(loads.length === 0 ? [] : [
      `The load average of the machine was ${quantile(loads, 0.5).toFixed(1)} in the middle, from ${
        Math.min(...loads).toFixed(1)
      } to ${Math.max(...loads).toFixed(1)}: the times below are those of a machine that others ${
        quantile(loads, 0.5) > machine.cores ? 'needed, too' : 'left alone'
      }.`,
    ]),
    '',
  ];
}

/** Without what is so by default. */
function commandOf({ wantedMinutes, everySeconds, loadPercent, clients, seed }: Facts): string {
  const idle = clients.find(({ kind }) => kind === 'idle')?.count;
  return [
    `scripts/soak --minutes ${wantedMinutes} --seed ${seed}`,
    ...(everySeconds === 30 ? [] : [`--every ${everySeconds}`]),
    ...(loadPercent === 100 ? [] : [`--load ${loadPercent}`]),
    ...(idle === undefined || idle === 200 ? [] : [`--idle ${idle}`]),
  ].join(' ');
}

function checks(verdict: readonly Check[]): string[] {
  return [
    ...table(
      ['', 'what', 'measured', 'bound'],
      verdict.map((
        { what, measured, bound, isMet },
      ) => [isMet ? 'met' : '**missed**', what, measured, bound]),
    ),
    ...verdict.filter(({ findings }) => findings.length > 0).flatMap(({ what, findings }) => [
      `${what}:`,
      '',
      ...findings.map((finding) => `* ${cell(finding)}`),
      '',
    ]),
  ];
}

function details(facts: Facts): string[] {
  const { failovers, clients, troubles, logLines, counted, copiedBytes, missedCancels, reloads } = facts;
  const lost = troubles.filter((trouble) => isExpected(trouble, failovers));
  return [
    '## Memory and descriptors',
    '',
    ...table(['', 'resident, MiB', 'proportional (PSS), MiB', 'descriptors', 'threads'], footprints(facts)),
    '## Failovers',
    '',
    ...table(
      [
        'the old primary',
        'times',
        'promoted to first write, p50 and max, ms',
        'to the last client, s',
        'fault to two standbys, s',
      ],
      [
        ...serverKindNames.map((kind) =>
          [serverKinds[kind].what, failovers.filter((failover) => failover.kind === kind)] as const
        ),
        ['all', failovers] as const,
      ].filter(([, some]) => some.length > 0).map(([what, some]) => [
        what,
        String(some.length),
        times(some, ({ firstWriteMs }) => firstWriteMs, 0),
        times(some, ({ allBackMs }) => allBackMs / 1000, 1),
        times(some, ({ healedMs }) => healedMs / 1000, 1),
      ]),
    ),
    'Each first write waited for a standby that had just changed its primary.',
    '',
    '## Clients',
    '',
    ...table(
      ['clients', 'how many', 'what they do', 'done', 'lost at a failover'],
      clients.map((
        { kind, what, count, done, failed },
      ) => [kind, String(count), what, thousands(done), thousands(failed)]),
    ),
    ...(counted === undefined ? [] : [
      `The gateway took ${thousands(counted.accepted)} connections, of which ${
        thousands(counted.holds)
      } had to wait for a server and ${
        thousands(counted.refused)
      } were refused (half-finished ones, in words), passed on ${
        thousands(counted.cancels)
      } cancel requests (${missedCancels} came before their query) and ${
        (counted.bytes / 2 ** 30).toFixed(1)
      } GiB; ${
        (copiedBytes / 2 ** 30).toFixed(1)
      } GiB were COPY. Its configuration was read again ${reloads} times.`,
      '',
    ]),
    `What was lost, by what the client was told: ${listOf(countsOf(lost.map(({ code }) => code)))}.`,
    '',
    `Lines of the gateway's log: ${listOf(logLines)}.`,
    '',
  ];
}

/** Of a minute the median: a failover is no state. */
function footprints({ before, after, samples, seconds }: Facts): string[][] {
  const counted = afterWarmUp(samples);
  const from = counted[0]?.second ?? 0;
  const row = (what: string, states: readonly Rest[]) => {
    const middle = (pick: (state: Rest) => number) => quantile(states.map(pick), 0.5);
    return states.length === 0 ? [] : [[
      what,
      mib(middle(({ residentBytes }) => residentBytes)),
      mib(middle(({ proportionalBytes }) => proportionalBytes)),
      String(middle(({ descriptors }) => descriptors)),
      String(middle(({ threads }) => threads)),
    ]];
  };
  return [
    ...row('at rest, before', [before]),
    ...row(`the minute after ${clock(from)}`, counted.filter(({ second }) => second < from + 60)),
    ...row('the last minute', counted.filter(({ second }) => second >= seconds - 60)),
    ...row('at rest, afterwards', after === undefined ? [] : [after]),
  ];
}

function times(failovers: readonly Failover[], pick: (failover: Failover) => number, digits: number): string {
  const values = failovers.map(pick);
  return `${quantile(values, 0.5).toFixed(digits)}, ${Math.max(...values).toFixed(digits)}`;
}

function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** The most frequent first. */
function listOf(counts: Readonly<Record<string, number>>): string {
  const all = Object.entries(counts).sort(([, a], [, b]) => b - a).map(([name, count]) =>
    `\`${name}\` ${thousands(count)}`
  );
  return all.length === 0 ? 'none' : all.join(', ');
}

function lengthOf(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes === 60
    ? 'an hour'
    : minutes > 120
    ? `${(minutes / 60).toFixed(1)} hours`
    : `${minutes} minutes`;
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line), ''];
}

/** A message of somebody else's must not break the table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 300);
}

function thousands(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
