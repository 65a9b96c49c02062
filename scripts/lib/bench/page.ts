/** The results as one page that needs nothing else: ratios and goals first, then figures. Pure. */
import { type Absent, type Cell, isMeasured } from './cells.ts';
import { barChart, escape, type Line, type Ratio, ratioChart } from './charts.ts';
import { markOf, reasonsIn } from './footnotes.ts';
import { type Elsewhere, type Goal, goalText } from './goals.ts';
import { concurrencies, type Metric, noteOf, opensConnections } from './metrics.ts';
import { rangeText, ratioText, valueText } from './numbers.ts';
import { style } from './page-style.ts';
import { busyText, othersText, type Results, type Row, type TargetInfo, threadsBy } from './results.ts';
import { ratiosOf, spreadOf } from './statistics.ts';
import { leastRounds, roundsText, ruleText, tallyText, type Verdict } from './verdict.ts';

export function pageOf(results: Results): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>pg_gateway: benchmark</title><style>${style}</style>
<header>${heading(results)}</header>
${ratios(results)}
${goals(results)}
${machine(results)}
${charts(results)}
${everything(results)}
${skipped(results.skipped)}
</html>
`;
}

function heading({ goals, tally, targets, machine, ...run }: Results): string {
  const peers = targets.filter(({ kind, absent }) => kind === 'peer' && absent === undefined).map((
    { name },
  ) => name);
  const beside = peers.length > 0 ? ` beside ${peers.join(', ').replace(/, ([^,]*)$/, ' and $1')}` : '';
  const facts = [
    `${run.secondsEach} s for each run of pgbench`,
    ...(run.isQuick ? ['measured with --quick'] : []),
    `${machine.cores} cores`,
    `${run.startedAt.slice(0, 16).replace('T', ' ')} UTC`,
  ];
  const kinds = [['ours', 'pg_gateway'], ['floor', 'the floor'], ['peer', 'the others'], [
    'direct',
    'without a proxy',
  ]];
  const busy = busyText({ machine, rounds: run.rounds });
  return `<h1>pg_gateway${beside}</h1>
<p class="lead">${goals.length === 0 ? roundsText(run.rounds) : tallyText(tally, run.rounds)}</p>
<p>${escape(facts.join(', '))}</p>${busy === undefined ? '' : `<p class="busy">${escape(busy)}</p>`}
<ul class="key">${kinds.map(([kind, text]) => `<li class="${kind}"><i></i>${text}</li>`).join('')}${
    run.rounds < leastRounds ? '' : colours
  }</ul>`;
}

const colours = '<li class="verdict"><b class="met">green</b> meets its goal in every round</li>' +
  '<li class="verdict"><b class="missed">red</b> misses it in every round</li>';

function machine(results: Results): string {
  const { machine, targets, server, ...run } = results;
  const threads = threadsBy(results);
  const facts = [
    ['CPU', `${machine.cores} cores, ${machine.cpu}`],
    ['Linux', machine.kernel],
    ['memory', `${machine.memoryGiB} GiB`],
    ['open files', valueText(machine.openFiles, { digits: 0 })],
    ['server', server],
    ['load', `${machine.loadBefore} before, ${machine.loadAfter} after`],
    ['taken by others before each round', othersText(run)],
    ['took', `${Math.round(run.tookSeconds)} s`],
    ['threads', run.threadsWanted === undefined ? 'as each does by itself' : `${run.threadsWanted} for each`],
  ];
  const rows = targets.map(({ name, label, kind, absent }) =>
    `<tr class="${kind}"><td><i></i>${escape(name)}</td><td>${escape(label)}</td><td>${
      escape(absent ?? threads(name))
    }</td></tr>`
  );
  return `<h2>Machine and targets</h2><ul class="facts">${
    facts.map(([name = '', text = '']) => `<li>${name} <b>${escape(text)}</b></li>`).join('')
  }</ul><div class="wide"><table class="targets">${rows.join('')}</table></div>`;
}

function goals(results: Results): string {
  const { goals, rounds, elsewhere } = results;
  if (goals.length === 0) return '';
  return `<h2>Goals</h2><p>Each ratio is taken within a round, where both sides met the same machine. ${
    ruleText(rounds)
  }</p><div class="wide"><table class="goals"><tr><th></th><th>what</th><th>who</th><th>goal</th>
<th>median</th><th>from, to</th><th>rounds</th></tr>${goals.map((goal) => goalRow(goal, results)).join('')}${
    elsewhere.map(elsewhereRow).join('')
  }</table></div>`;
}

function goalRow(goal: Goal, results: Results): string {
  const { verdict, what, target, against, sign, bound, measured, why = '' } = goal;
  const text = goalText(goal);
  const names = against === undefined ? [target] : [target, against];
  const threads = names.map(threadsBy(results));
  const figures = measured === undefined
    ? `<td class="why" colspan="3">${escape(why)}</td>`
    : `<td>${text(measured.median)}</td><td>${rangeText(measured, text)}</td><td>${measured.count}</td>`;
  return `<tr class="${stateOf(verdict)}"><td><b>${verdict}</b></td><td>${escape(what)}</td>` +
    `<td>${escape(names.join(' / '))}<small>${
      threads.includes('') ? '' : escape(threads.join(' / '))
    }</small></td>` +
    `<td>${sign} ${valueText(bound, { digits: bound % 1 === 0 ? 0 : 2 })}</td>${figures}</tr>`;
}

/** Colours are for what every round says. */
function stateOf(verdict: Verdict): 'met' | 'missed' | 'open' {
  return verdict === 'met' || verdict === 'missed' ? verdict : 'open';
}

function elsewhereRow({ what, goal, by }: Elsewhere): string {
  const places = by.map((place) => `<code>${escape(place)}</code>`).join('<br>');
  return `<tr class="open"><td><b>elsewhere</b></td><td>${escape(what)}<small>${escape(goal)}</small></td>` +
    `<td class="why" colspan="5">measured by: ${places}</td></tr>`;
}

/** What says most; against the floor, or what comes next that was measured. */
const told = [
  'addedUs',
  ...concurrencies.map((count) => `ownCpuUs${count}`),
  'cpuUs16',
  'tps1',
  'tps16',
  'tps64',
  'p99Ms16',
  'readyMs',
  'burstMs',
  'connectRate',
  'copyOutGbs',
  'copyOutCpuMs',
  'copyInGbs',
  'copyInCpuMs',
  'noisyUs',
  'noisyP99Us',
];

function ratios(results: Results): string {
  const { targets, rows, rounds } = results;
  const isHere = (name: string) =>
    targets.some((target) => target.name === name && target.absent === undefined);
  const base = ['floor', 'haproxy'].find(isHere) ?? 'direct';
  const others = targets.filter(({ name }) => name !== base);
  if (others.length === 0) return '';
  const shown = told.flatMap((key) => rows.filter(({ metric }) => metric.key === key));
  const cards = shown.map(({ metric, cells }) => {
    const below = cells[targets.findIndex(({ name }) => name === base)] as Cell;
    // Nothing can be compared with it: said once, not in every line.
    if (!isMeasured(below)) {
      return card({ ...metric, unit: '' }, nothing(`no ratio to ${base}: ${below.why}`));
    }
    const lines = others.map((target) => ratioLine(results, metric, target, base));
    return card({ ...metric, unit: '' }, chartOf(lines, () => ratioChart(metric.title, lines, ratioText)));
  });
  const read = rounds === 1
    ? 'The dot is the one round that there was'
    : 'The dot is the median of the rounds, the band goes from the least to the greatest round';
  const instead = targets.filter(({ name, absent }) =>
    ['floor', 'haproxy'].includes(name) && absent !== undefined
  )
    .map(({ name, absent }) => `${name} is not here: ${escape(absent ?? '')}. `).join('');
  const what = base === 'floor'
    ? ', a bare relay in C that does nothing else: nothing that asks the kernel for each ' +
      'message can do much better'
    : '';
  return `<h2>Ratios to ${base}</h2><p>${instead}1x is as ${base} does it${what}. ${read}, the upright stroke is the goal where
there is one.</p><div class="cards">${cards.join('')}</div>`;
}

function ratioLine(results: Results, metric: Metric, target: TargetInfo, base: string): Ratio {
  const { samples, goals, rows, targets } = results;
  const { name, kind } = target;
  const goal = goals.find((goal) =>
    goal.metric === metric.key && goal.target === name && goal.against === base
  );
  const own = rows.find((row) => row.metric === metric)?.cells[targets.indexOf(target)] as Cell;
  const spread = spreadOf(ratiosOf(samples, metric.key, name, base));
  const isPooled = name === 'pgbouncer' && opensConnections(metric);
  return {
    label: name,
    note: threadsBy(results)(name),
    kind,
    cell: isPooled && isMeasured(own)
      ? { why: 'not comparable: it answers from its pool and opens no connection' }
      : spread ?? (isMeasured(own) ? { why: `no round measured both it and ${base}` } : own),
    bound: goal?.bound,
    state: goal && stateOf(goal.verdict),
  };
}

function charts(results: Results): string {
  const { rows, targets } = results;
  const threads = threadsBy(results);
  const groups = [...new Set(rows.map(({ metric }) => metric.group))];
  return groups.map((group) => {
    const cards = rows.filter(({ metric }) => metric.group === group).map(({ metric, cells }: Row) => {
      const lines = targets.map(({ name, kind }, at): Line => (
        { label: name, note: threads(name), kind, cell: cells[at] as Cell }
      ));
      return card(
        metric,
        chartOf(lines, () => barChart(metric.title, lines, (value) => valueText(value, metric))),
      );
    });
    const note = noteOf(group);
    return `<h2>${escape(group)}</h2>${
      note === undefined ? '' : `<p>${escape(note)}</p>`
    }<div class="cards">${cards.join('')}</div>`;
  }).join('\n');
}

/** One sentence where all lines would say the same. */
function chartOf(lines: readonly Line[], draw: () => string): string {
  const reasons = new Set(lines.map(({ cell }) => isMeasured(cell) ? undefined : cell.why));
  const [only] = reasons;
  return reasons.size === 1 && only !== undefined ? nothing(`not measured: ${only}`) : draw();
}

function nothing(text: string): string {
  return `<p class="why">${escape(text)}</p>`;
}

function card({ title, unit, better }: Metric, chart: string): string {
  const note = `${unit === '' ? '' : `${unit}, `}${better} is better`;
  return `<section class="card"><h3>${escape(title)} <small>${escape(note)}</small></h3>${chart}</section>`;
}

function everything(results: Results): string {
  const { rows, targets, rounds } = results;
  const threads = threadsBy(results);
  const reasons = reasonsIn(rows);
  let group = '';
  const lines = rows.map(({ metric, cells }) => {
    const title = metric.group === group
      ? ''
      : `<tr class="group"><td colspan="${targets.length + 1}">${escape(metric.group)}</td></tr>`;
    group = metric.group;
    const columns = cells.map((cell) => {
      if (!isMeasured(cell)) {
        return `<td class="none" title="${escape(cell.why)}">${markOf(cell.why, reasons)}</td>`;
      }
      return `<td>${valueText(cell.median, metric)}<small>${cellNote(cell, metric, rounds)}</small></td>`;
    });
    return `${title}<tr><td>${escape(metric.title)}${metric.unit === '' ? '' : `, ${metric.unit}`}</td>${
      columns.join('')
    }</tr>`;
  });
  const head = targets.map(({ name, absent }) =>
    `<th>${escape(name)}<small>${escape(absent === undefined ? threads(name) : 'not here')}</small></th>`
  );
  return `<h2>All figures</h2><p>${
    rounds === 1 ? 'Of one round.' : 'The median of the rounds, and from the least to the greatest.'
  }</p>
<div class="wide"><table class="all"><tr><th></th>${head.join('')}</tr>${lines.join('')}</table>${
    reasons.length === 0
      ? ''
      : `<ol class="reasons">${reasons.map((why) => `<li>${escape(why)}</li>`).join('')}</ol>`
  }</div>`;
}

/** The range, and in how many rounds it was measured where not in all. */
function cellNote(spread: Exclude<Cell, Absent>, metric: Metric, rounds: number): string {
  const range = rangeText(spread, (value) => valueText(value, metric));
  return spread.count === 1 || spread.count === rounds ? range : `${range}, ${roundsText(spread.count)}`;
}

function skipped(list: readonly string[]): string {
  if (list.length === 0) return '';
  return `<h2>Left out</h2><ul class="left-out">${
    list.map((text) => `<li>${escape(text)}</li>`).join('')
  }</ul>`;
}
