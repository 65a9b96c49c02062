/** The results as text for a terminal. Pure. */
import { ratioText, spreadText, valueText } from './numbers.ts';
import type { Elsewhere, Goal } from './goals.ts';
import { metricOf } from './metrics.ts';
import type { Results } from './results.ts';
import { threadsText } from './threads.ts';
import { leastRounds, roundsText, tallyText } from './verdict.ts';

export function tableOf(results: Results): string {
  const { machine: { cores, cpu, kernel, memoryGiB, loadBefore, loadAfter }, targets, skipped } = results;
  const parts = [
    `${cores} cores, ${cpu}, Linux ${kernel}, ${memoryGiB} GiB; load average ${loadBefore} before, ${loadAfter} after`,
    `${results.server}; ${roundsText(results.rounds)}, ${Math.round(results.tookSeconds)} s; medians`,
    ...targets.map(({ name, label, threads }) =>
      `  ${name}: ${label}${threads === undefined ? '' : `; ${threadsText(threads)}`}`
    ),
    ...skipped.map((text) => `  left out: ${text}`),
    '',
    ...figures(results),
    '',
    ...goalLines(results),
  ];
  return `${parts.join('\n')}\n`;
}

function figures({ targets, rows }: Results): string[] {
  const lines = [
    ['', ...targets.map(({ name }) => name)],
    ['threads', ...targets.map(({ threads }) => threads === undefined ? '' : String(threads))],
  ];
  let group = '';
  for (const { metric, cells } of rows) {
    if (metric.group !== group) lines.push([], [metric.group.toUpperCase()]);
    group = metric.group;
    const title = metric.unit === '' ? metric.title : `${metric.title}, ${metric.unit}`;
    lines.push([title, ...cells.map((cell) => cell === undefined ? '' : valueText(cell.median, metric))]);
  }
  return align(lines);
}

function goalLines({ goals, tally, rounds, elsewhere }: Results): string[] {
  if (goals.length === 0) return [];
  const rows = goals.map((goal) => [
    goal.verdict,
    goal.what,
    goal.target,
    goal.against === undefined ? '' : `/ ${goal.against}`,
    `${goal.sign} ${goal.bound}`,
    goal.why ?? goalSpread(goal),
  ]);
  return [
    'GOALS (ratios within a round: median, and min to max)',
    ...align(rows, 'left'),
    tallyText(tally, rounds),
    ruleText,
    '',
    'GOALS THAT ARE MEASURED ELSEWHERE',
    ...elsewhere.flatMap(elsewhereLines),
  ];
}

function elsewhereLines({ what, goal, by }: Elsewhere): string[] {
  return [`${what}: ${goal}`, ...by.map((place) => `  measured by: ${place}`)];
}

/** How verdicts are reached, for whoever reads them. */
export const ruleText =
  'A goal is met where every round meets it, missed where every round misses it, and within ' +
  `noise otherwise. Fewer than ${leastRounds} rounds give no verdict.`;

/** The median, and its range. */
export function goalSpread({ measured, against, metric }: Goal): string {
  if (measured === undefined) return '';
  return spreadText(
    measured,
    (value) => against === undefined ? valueText(value, metricOf(metric)) : ratioText(value),
  );
}

/** A line of one cell is a heading and makes no column wider. */
function align(lines: readonly (readonly string[])[], side: 'left' | 'right' = 'right'): string[] {
  const widths: number[] = [];
  for (const line of lines) {
    if (line.length > 1) line.forEach((cell, at) => widths[at] = Math.max(widths[at] ?? 0, cell.length));
  }
  return lines.map((line) =>
    line.length === 1
      ? line.join('')
      : line.map((cell, at) =>
        at === 0 || side === 'left' ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)
      ).join('  ').trimEnd()
  );
}
