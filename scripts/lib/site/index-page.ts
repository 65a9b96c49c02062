/** The first page: what there is to see, and how it stands. Pure. */
import { escape } from '../bench/charts.ts';
import type { Suite } from '../test/report.ts';
import { page, type Subject } from './layout.ts';
import { count, countText } from './tests-page.ts';

/** What scripts/bench says of itself in results.json. */
export interface BenchFacts {
  readonly startedAt: string;
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly targets: readonly { readonly name: string; readonly kind: string; readonly absent?: string }[];
  readonly machine: { readonly cores: number; readonly cpu: string };
}

/** Undefined stands for what there is none of. */
export function indexPage(
  suites: readonly Suite[] | undefined,
  bench: BenchFacts | undefined,
  subject: Subject,
): string {
  return page(
    'pg_gateway',
    subject,
    `<header><h1>pg_gateway</h1><p class="lead">One address in front of a replicated PostgreSQL.</p>
<p>What its tests and its benchmark say of the newest commit, as GitHub's machines ran them.</p></header>
<div class="cards">${testsCard(suites)}${benchCard(bench)}</div>`,
  );
}

function testsCard(suites: readonly Suite[] | undefined): string {
  if (suites === undefined) return card('Tests', '<p>This run has left no results.</p>');
  const state = count(suites).failed === 0 ? 'passed' : 'failed';
  return card(
    '<a href="tests.html">Tests</a>',
    `<p class="${state}">${
      countText(suites)
    }</p><p>Each test on each runtime, what was skipped, and why.</p>`,
  );
}

function benchCard(bench: BenchFacts | undefined): string {
  if (bench === undefined) return card('Benchmark', '<p>This run has measured nothing.</p>');
  const { startedAt, rounds, isQuick, machine, targets } = bench;
  const peers = targets.filter(({ kind, absent }) => kind === 'peer' && absent === undefined).map((
    { name },
  ) => name);
  const how = `${rounds} ${isQuick ? 'short ' : ''}round${
    rounds === 1 ? '' : 's'
  } on ${machine.cores} cores (${machine.cpu})`;
  return card(
    '<a href="bench/index.html">Benchmark</a>',
    `<p>${escape(how)}${peers.length === 0 ? '' : `, beside ${escape(peers.join(' and '))}`}, <time>${
      escape(startedAt.slice(0, 10))
    }</time>.</p>
<p>A shared machine: compare within a round, not between days.</p>`,
  );
}

/** Both are HTML. */
function card(title: string, body: string): string {
  return `<section class="card"><h2>${title}</h2>${body}</section>`;
}
