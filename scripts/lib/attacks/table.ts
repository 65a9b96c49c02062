/** A report as Markdown. Pure. */
import { attackOf } from './attacks.ts';
import type { Report, Row, Ways } from './report.ts';
import { mostRatio } from './report.ts';

const latencies = [
  'attack',
  'against',
  'connections',
  'p50 ms',
  'p99 ms',
  'p99, times',
  'directly, times',
  'connect, times',
  'processor',
];
const leftovers = [
  'attack',
  'against',
  'errors',
  'recovered after',
  'descriptors',
  'memory',
  'threads',
  'log lines',
  'missed',
];

export function markdownOf(report: Report): string {
  const { machine, rows, skipped, crashes, rounds, seconds } = report;
  const names = [...new Set(rows.map(({ attack }) => attack))];
  return [
    `${machine.cores} processors, ${machine.cpu}, Linux ${machine.kernel}; load ${machine.loadBefore} before, ` +
    `${machine.loadAfter} after; ${rounds} rounds of ${seconds} s without and ${seconds} s with each attack; ` +
    `${Math.round(report.tookSeconds)} s in all.`,
    '',
    ...tableOf(latencies, rows.map(latencyCells)),
    '',
    `p50 and p99 are of small questions on long sessions, without and beside the attack; the goal is a p99 of at most ` +
    `${mostRatio} times, in brackets the single rounds. "Directly" are the same clients past the gateway at PostgreSQL at the same ` +
    'time, which is the part of the machine. "Connect" is the median from the connection to the first answer. "Processor" ' +
    'is what the gateway and the attackers take of one.',
    '',
    ...tableOf(leftovers, rows.map(leftoverCells)),
    '',
    'Before and after: of descriptors, resident memory and threads, after the same attack had been there once. In brackets what the ' +
    'memory of one has grown meanwhile that nobody attacks: more than 1 % beyond that is growth.',
    '',
    ...names.map((name) => `* ${name}: ${attackOf(name).what}.`),
    ...crashes.map((text) => `* ended by an attack: ${text}`),
    ...skipped.map((text) => `* not done: ${text}`),
  ].join('\n');
}

function latencyCells(row: Row): string[] {
  const { through, direct } = row;
  return [
    row.attack,
    row.target,
    row.opened.toLocaleString('en-US') + (row.failed > 0 ? ` (${row.failed} failed)` : ''),
    fromTo(through.without.p50Ms, through.beside.p50Ms),
    fromTo(through.without.p99Ms, through.beside.p99Ms),
    timesOf(through),
    timesOf(direct),
    Number.isNaN(through.connectRatio)
      ? ''
      : `${through.connectRatio.toFixed(2)} (${direct.connectRatio.toFixed(2)})`,
    `${percent(row.targetLoad)} and ${percent(row.attackersLoad)}`,
  ];
}

function leftoverCells(row: Row): string[] {
  return [
    row.attack,
    row.target,
    String(row.errors) + (row.told[0] === undefined ? '' : ` (${row.told[0]})`),
    row.recoveredMs === null ? 'not at all' : `${(row.recoveredMs / 1000).toFixed(2)} s`,
    `${row.descriptorsBefore} to ${row.descriptorsAfter}`,
    `${row.residentMiB.toFixed(1)} MiB, ${signed(row.growthPercent)} (${signed(row.twinGrowthPercent)})`,
    `${row.threadsBefore} to ${row.threadsAfter}`,
    String(row.lines),
    row.missed.join(', ') || 'none',
  ];
}

function timesOf({ p99Ratio, p99RatioFrom, p99RatioTo }: Ways): string {
  // In short there is nothing to compare with.
  if (Number.isNaN(p99Ratio)) return '';
  return `${p99Ratio.toFixed(2)} (${p99RatioFrom.toFixed(2)} to ${p99RatioTo.toFixed(2)})`;
}

function fromTo(withoutMs: number, besideMs: number): string {
  return `${Number.isNaN(withoutMs) ? '' : `${withoutMs.toFixed(2)} to `}${besideMs.toFixed(2)}`;
}

function signed(value: number): string {
  return `${value > 0 ? '+' : ''}${value.toFixed(1)} %`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function tableOf(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line)];
}
