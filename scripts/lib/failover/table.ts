/** A report as text. Pure. */
import type { AlarmWatch } from './alarms.ts';
import type { LogWatch } from './logs.ts';
import type { ProbingCost } from './probing.ts';
import type { Goal, Report, Row } from './report.ts';
import type { TroubleWatch } from './troubles.ts';

const heading = [
  'GATEWAY',
  'PROMOTIONS',
  'TIMES',
  'P50',
  'P90',
  'P99',
  'MAX',
  'ROUTED P50',
  'MAX',
  'THEN SERVED P50',
  'MAX',
  'LAST CLIENT P50',
  'MAX',
];

export function tableOf(report: Report): string {
  const { machine, seeds, clients, rows, costs, alarms, logs, troubles, goals } = report;
  return [
    `${machine.cores} cores, ${machine.cpu}, Linux ${machine.kernel}; ` +
    `load ${machine.loadBefore} before, ${machine.loadAfter} after; ${Math.round(report.tookSeconds)} s`,
    ...(rows.length === 0 ? [] : [
      '',
      `From promoted to the first acknowledged write, ms; ${clients} ${
        clients === 1 ? 'client' : 'clients'
      }, ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`,
      ...align([heading, ...rows.map(cellsOf)]),
      doubtOf(report),
    ]),
    ...(costs.length === 0 ? [] : ['', 'Probing three candidates at rest', ...align(costs.map(costCells))]),
    ...(alarms.length === 0 ? [] : ['', 'A busy machine, and nothing wrong', ...alarms.map(alarmLine)]),
    ...(logs.length === 0 ? [] : ['', "Lines in PostgreSQL's logs", ...logs.flatMap(logLines)]),
    ...(troubles.length === 0 ? [] : ['', ...align([troubleHeading, ...troubles.map(troubleCells)])]),
    '',
    ...align(goals.map(goalCells)),
  ].join('\n');
}

function cellsOf(row: Row): string[] {
  const { runtime, intervalMs, kind, count } = row;
  const { p50, p90, p99, max, routedP50, routedMax, servedP50, servedMax, lastBackP50, lastBackMax } = row;
  const times = [p50, p90, p99, max, routedP50, routedMax, servedP50, servedMax, lastBackP50, lastBackMax];
  return [gatewayName(runtime, intervalMs), kind, String(count), ...times.map((ms) => ms.toFixed(0))];
}

/** How well the moment of a promotion is known. */
function doubtOf({ series }: Report): string {
  const doubts = series.flatMap(({ promotions }) => promotions.map(({ doubtMs }) => doubtMs)).sort((a, b) =>
    a - b
  );
  const [middle, most] = [doubts[doubts.length >> 1] ?? 0, doubts.at(-1) ?? 0];
  return `Each is too long by up to the time between two answers of the new primary: ${
    middle.toFixed(1)
  } ms in the ` +
    `middle, ${most.toFixed(1)} at the most.`;
}

function costCells({ runtime, intervalMs, share, seconds, probes }: ProbingCost): string[] {
  const cost = `${(share * 100).toFixed(2)} % of a core`;
  return [
    gatewayName(runtime, intervalMs),
    cost,
    `${probes} probes in ${seconds.toFixed(0)} s`,
    `${(share * seconds * 1e6 / probes).toFixed(0)} us each`,
  ];
}

function gatewayName(runtime: string, intervalMs: number | undefined): string {
  return intervalMs === undefined ? runtime : `${runtime}, each ${intervalMs} ms`;
}

function alarmLine(watch: AlarmWatch): string {
  const { runtime, minutes, busyProcesses, clients, transactions, load, probes, slow } = watch;
  const { overdue, failures, verdicts } = watch;
  return `${runtime}: ${minutes} min with ${busyProcesses} processes that only compute and ${clients} clients of pgbench ` +
    `(${
      Math.round(transactions / minutes / 60)
    } transactions a second), load ${load}; ${probes} answers, ${slow} of ` +
    `them after more than 25 ms; ${overdue} overdue, each a change to the fast pace; ${failures} failed; ` +
    `${verdicts} other verdicts`;
}

function logLines({ runtime, minutes, sessions, ours, others }: LogWatch): string[] {
  return [
    `${runtime}: ${ours.length} because of us in ${minutes} min, with ${sessions} sessions and as many port checks; ` +
    `${others} of the servers' own accord`,
    ...ours.map(({ server, process, text }) => `  ${server}, ${process}: ${text}`),
  ];
}

const troubleHeading = ['TROUBLE', 'LOGGING', 'LINES', 'MINUTES', 'IN 10 MINUTES'];

function troubleCells({ trouble, logging, lines, minutes }: TroubleWatch): string[] {
  return [trouble, logging, String(lines), String(minutes), String(Math.round(lines * 10 / minutes))];
}

function goalCells({ what, runtime, measured, bound, isMet }: Goal): string[] {
  return [isMet ? 'met' : 'missed', what, runtime, measured, bound];
}

function align(lines: readonly (readonly string[])[]): string[] {
  const widths = (lines[0] ?? []).map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines.map((line) => line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ').trimEnd());
}
