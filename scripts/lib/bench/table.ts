/** The results as text for a terminal. Pure. */
import { isMeasured } from './cells.ts';
import { markOf, reasonsIn } from './footnotes.ts';
import { type Elsewhere, type Goal, goalText } from './goals.ts';
import { noteOf } from './metrics.ts';
import { spreadText, valueText } from './numbers.ts';
import { busyText, othersText, type Results, threadsBy } from './results.ts';
import { roundsText, ruleText, tallyText } from './verdict.ts';

export function tableOf(results: Results): string {
  const { machine: { cores, cpu, kernel, memoryGiB, loadBefore, loadAfter }, targets, skipped } = results;
  const threads = threadsBy(results);
  const busy = busyText(results);
  const parts = [
    `${cores} cores, ${cpu}, Linux ${kernel}, ${memoryGiB} GiB; load average ${loadBefore} before, ${loadAfter} after`,
    ...(busy === undefined ? [] : [busy]),
    `taken by others before each round: ${othersText(results)}`,
    `${results.server}; ${roundsText(results.rounds)}, ${Math.round(results.tookSeconds)} s`,
    ...targets.map(({ name, label }) => `  ${name}: ${[label, threads(name)].filter(Boolean).join('; ')}`),
    ...skipped.map((text) => `  left out: ${text}`),
    '',
    ...figures(results),
    '',
    ...goalLines(results),
  ];
  return `${parts.join('\n')}\n`;
}

function figures(results: Results): string[] {
  const { targets, rows } = results;
  const threads = threadsBy(results);
  const reasons = reasonsIn(rows);
  const lines = [
    [results.rounds === 1 ? 'of one round' : 'median of the rounds', ...targets.map(({ name }) => name)],
    ['', ...targets.map(({ name }) => threads(name))],
  ];
  let group = '';
  for (const { metric, cells } of rows) {
    if (metric.group !== group) {
      lines.push([], [metric.group.toUpperCase()]);
      const note = noteOf(metric.group);
      if (note !== undefined) lines.push([note]);
    }
    group = metric.group;
    const title = metric.unit === '' ? metric.title : `${metric.title}, ${metric.unit}`;
    lines.push([
      title,
      ...cells.map((cell) => isMeasured(cell) ? valueText(cell.median, metric) : markOf(cell.why, reasons)),
    ]);
  }
  return [...align(lines), '', ...reasons.map((why) => `${markOf(why, reasons)} not measured: ${why}`)];
}

function goalLines(results: Results): string[] {
  const { goals, tally, rounds, elsewhere } = results;
  if (goals.length === 0) return [];
  const threads = threadsBy(results);
  const who = (name: string) => threads(name) === '' ? name : `${name} (${threads(name)})`;
  const rows = goals.map((goal) => [
    goal.verdict,
    goal.what,
    who(goal.target),
    goal.against === undefined ? '' : `/ ${who(goal.against)}`,
    `${goal.sign} ${goal.bound}`,
    goal.why ?? goalSpread(goal),
  ]);
  return [
    'GOALS (ratios within a round: median, and min to max)',
    ...align(rows, 'left'),
    tallyText(tally, rounds),
    ruleText(rounds),
    '',
    'GOALS THAT ARE MEASURED ELSEWHERE',
    ...elsewhere.flatMap(elsewhereLines),
  ];
}

function elsewhereLines({ what, goal, by }: Elsewhere): string[] {
  return [`${what}: ${goal}`, ...by.map((place) => `  measured by: ${place}`)];
}

function goalSpread(goal: Goal): string {
  return goal.measured === undefined ? '' : spreadText(goal.measured, goalText(goal));
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
