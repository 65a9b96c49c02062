/** The results as one page that needs nothing else: ratios and goals first, then figures. Pure. */
import { type Bar, barChart, type Dot, escape, ratioChart } from './charts.ts';
import type { Elsewhere } from './goals.ts';
import type { Metric } from './metrics.ts';
import { ratioText, valueText } from './numbers.ts';
import { style } from './page-style.ts';
import type { Results, Row } from './results.ts';
import { ratiosOf, spreadOf } from './statistics.ts';
import { goalSpread, ruleText } from './table.ts';
import { threadsText } from './threads.ts';
import { oddsOf, roundsText, tallyText, type Verdict } from './verdict.ts';

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
  const peers = targets.filter(({ kind }) => kind === 'peer').map(({ name }) => name);
  const beside = peers.length > 0 ? ` beside ${peers.join(' and ')}` : '';
  const when = `${run.startedAt.slice(0, 16).replace('T', ' ')} UTC`;
  const facts = [
    ...(goals.length === 0 ? [roundsText(run.rounds)] : [tallyText(tally, run.rounds)]),
    `${machine.cores} cores`,
    ...(run.isQuick ? ['measured with --quick'] : []),
    when,
  ];
  const kinds = [['ours', 'pg_gateway'], ['peer', 'the others'], ['direct', 'without a proxy']];
  return `<h1>pg_gateway${beside}</h1>
<p class="lead">${escape(facts.join(', '))}</p>
<ul class="key">${
    kinds.map(([kind, text]) => `<li class="${kind}"><i></i>${text}</li>`).join('')
  }<li class="verdict"><b class="met">green</b> meets its goal in every round, <b class="missed">red</b> misses it in every round</li></ul>`;
}

function machine({ machine, targets, server, ...run }: Results): string {
  const facts = [
    ['CPU', `${machine.cores} cores, ${machine.cpu}`],
    ['Linux', machine.kernel],
    ['memory', `${machine.memoryGiB} GiB`],
    ['open files', valueText(machine.openFiles, { digits: 0 })],
    ['server', server],
    ['load', `${machine.loadBefore} before, ${machine.loadAfter} after`],
    ['took', `${Math.round(run.tookSeconds)} s`],
    ['threads', run.threadsWanted === undefined ? 'as each does by itself' : `${run.threadsWanted} for each`],
  ];
  const rows = targets.map(({ name, label, kind, threads }) =>
    `<tr class="${kind}"><td><i></i>${escape(name)}</td><td>${escape(label)}</td><td>${
      threads === undefined ? '' : threadsText(threads)
    }</td></tr>`
  );
  return `<h2>Machine and targets</h2><ul class="facts">${
    facts.map(([name = '', text = '']) => `<li>${name} <b>${escape(text)}</b></li>`).join('')
  }</ul><div class="wide"><table class="targets">${rows.join('')}</table></div>`;
}

function goals({ goals, rounds, elsewhere }: Results): string {
  if (goals.length === 0) return '';
  const rows = goals.map((goal) => {
    const [median = '', range = ''] = goalSpread(goal).split(/ (?=\()/);
    const figures = goal.why === undefined
      ? `<td>${escape(median)}</td><td>${escape(range.replace(/[()]/g, ''))}</td>`
      : `<td class="why" colspan="2">${escape(goal.why)}</td>`;
    return `<tr class="${stateOf(goal.verdict)}"><td><b>${goal.verdict}</b></td><td>${
      escape(goal.what)
    }</td>` +
      `<td>${escape(goal.target)}${goal.against === undefined ? '' : ` / ${escape(goal.against)}`}</td>` +
      `<td>${goal.sign} ${
        valueText(goal.bound, { digits: goal.bound % 1 === 0 ? 0 : 2 })
      }</td>${figures}</tr>`;
  });
  return `<h2>Goals</h2><p>Each ratio is taken within a round, where both sides met the same machine. ${ruleText} Where
the truth is exactly the bound, ${roundsText(rounds)} fall on the same side of it by luck one time in ${
    oddsOf(rounds)
  }.</p><div class="wide"><table class="goals"><tr><th></th><th>what</th><th>who</th><th>goal</th>
<th>median</th><th>from, to</th></tr>${rows.join('')}${elsewhere.map(elsewhereRow).join('')}</table></div>`;
}

/** Colours are for what every round says. */
function stateOf(verdict: Verdict): 'met' | 'missed' | 'open' {
  return verdict === 'met' || verdict === 'missed' ? verdict : 'open';
}

function elsewhereRow({ what, goal, by }: Elsewhere): string {
  const places = by.map((place) => `<code>${escape(place)}</code>`).join('<br>');
  return `<tr class="open"><td><b>elsewhere</b></td><td>${escape(what)}<small>${escape(goal)}</small></td>` +
    `<td class="why" colspan="4">measured by: ${places}</td></tr>`;
}

/** What says most; against HAProxy, or against the server itself where no HAProxy was measured. */
const told = [
  'addedUs',
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
  const { targets, rows, samples, goals } = results;
  const base = targets.some(({ name }) => name === 'haproxy') ? 'haproxy' : 'direct';
  const cards = told.flatMap((key) => {
    const row = rows.find(({ metric }) => metric.key === key);
    if (row === undefined) return [];
    const dots = targets.filter(({ name }) => name !== base).flatMap(({ name, kind }): Dot[] => {
      const spread = spreadOf(ratiosOf(samples, key, name, base));
      const goal = goals.find((goal) => goal.metric === key && goal.target === name && goal.against === base);
      return spread === undefined
        ? []
        : [{ label: name, kind, ...spread, bound: goal?.bound, state: goal && stateOf(goal.verdict) }];
    });
    return dots.length === 0
      ? []
      : [card({ ...row.metric, unit: '' }, ratioChart(row.metric.title, dots, ratioText))];
  });
  if (cards.length === 0) return '';
  return `<h2>Ratios to ${base}</h2><p>1x is as ${base} does it. The dot is the median of the rounds, the band goes from
the least to the greatest round, the upright stroke is the goal where there is one.</p><div class="cards">${
    cards.join('')
  }</div>`;
}

function charts({ rows, targets }: Results): string {
  const groups = [...new Set(rows.map(({ metric }) => metric.group))];
  return groups.map((group) => {
    const cards = rows.filter(({ metric }) => metric.group === group).map(({ metric, cells }: Row) => {
      const bars = targets.flatMap(({ name, kind }, at): Bar[] => {
        const cell = cells[at];
        return cell === undefined ? [] : [{ label: name, kind, ...cell }];
      });
      return card(metric, barChart(metric.title, bars, (value) => valueText(value, metric)));
    });
    return `<h2>${escape(group)}</h2><div class="cards">${cards.join('')}</div>`;
  }).join('\n');
}

function card({ title, unit, better }: Metric, chart: string): string {
  const note = `${unit === '' ? '' : `${unit}, `}${better} is better`;
  return `<section class="card"><h3>${escape(title)}<small>${escape(note)}</small></h3>${chart}</section>`;
}

function everything({ rows, targets }: Results): string {
  let group = '';
  const lines = rows.map(({ metric, cells }) => {
    const title = metric.group === group
      ? ''
      : `<tr class="group"><td colspan="${targets.length + 1}">${escape(metric.group)}</td></tr>`;
    group = metric.group;
    const text = (value: number) => valueText(value, metric);
    const columns = cells.map((cell) =>
      cell === undefined
        ? '<td></td>'
        : `<td>${text(cell.median)}${
          cell.count === 1 ? '' : `<small>${text(cell.min)} to ${text(cell.max)}</small>`
        }</td>`
    );
    return `${title}<tr><td>${escape(metric.title)}${metric.unit === '' ? '' : `, ${metric.unit}`}</td>${
      columns.join('')
    }</tr>`;
  });
  return `<h2>All figures</h2><div class="wide"><table class="all"><tr><th></th>${
    targets.map(({ name, threads }) =>
      `<th>${escape(name)}${threads === undefined ? '' : `<small>${threadsText(threads)}</small>`}</th>`
    ).join('')
  }</tr>${lines.join('')}</table></div>`;
}

function skipped(list: readonly string[]): string {
  if (list.length === 0) return '';
  return `<h2>Left out</h2><ul>${list.map((text) => `<li>${escape(text)}</li>`).join('')}</ul>`;
}
