/** What scripts/test has found, for a person: what failed first, then what was skipped and why, then all. Pure. */
import { escape } from '../bench/charts.ts';
import type { Outcome } from '../test/junit.ts';
import type { Suite } from '../test/report.ts';
import { page, type Subject } from './layout.ts';

export function testsPage(suites: readonly Suite[], subject: Subject): string {
  const stages = [...new Set(suites.map(({ stage }) => stage))];
  const of = (stage: string) => suites.filter((suite) => suite.stage === stage);
  return page(
    'pg_gateway: tests',
    subject,
    `<nav><a href="index.html">pg_gateway</a></nav>
<header><h1>Tests</h1><p class="lead">${countText(suites)}</p>
<p>${stages.length} stages, ${duration(secondsOf(suites))} of work; several files run at a time.</p></header>
${failures(suites)}
<h2>Stages</h2><div class="wide"><table class="stages"><tr><th>stage</th><th>passed</th><th>failed</th><th>skipped</th>
<th>work</th></tr>${stages.map((stage) => stageRow(stage, of(stage))).join('')}</table></div>
${skips(suites)}
<h2>All</h2><div class="wide">${stages.map((stage) => stageDetails(stage, of(stage))).join('')}</div>`,
  );
}

/** `N passed, N failed`, with `, N skipped` if there are any. */
export function countText(suites: readonly Suite[]): string {
  const { passed, failed, skipped } = count(suites);
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}

export function count(suites: readonly Suite[]): Record<Outcome['state'], number> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { outcomes } of suites) for (const { state } of outcomes) counts[state]++;
  return counts;
}

const secondsOf = (suites: readonly Suite[]): number => suites.reduce((sum, { seconds }) => sum + seconds, 0);

function duration(seconds: number): string {
  return seconds < 100 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 60)} min`;
}

interface Entry extends Outcome {
  readonly stage: string;
  readonly file: string;
}

function entriesOf(suites: readonly Suite[], state: Outcome['state']): Entry[] {
  return suites.flatMap(({ stage, file, outcomes }) =>
    outcomes.filter((outcome) => outcome.state === state).map((outcome) => ({ ...outcome, stage, file }))
  );
}

function failures(suites: readonly Suite[]): string {
  const failed = entriesOf(suites, 'failed');
  if (failed.length === 0) return '';
  const items = failed.map(({ stage, file, name, detail }) =>
    `<section class="card"><h3 class="failed">${escape(name)}</h3><p>${escape(stage)}, <code>${
      escape(file)
    }</code></p><pre>${escape(detail)}</pre></section>`
  );
  return `<h2>Failed</h2>${items.join('')}`;
}

/** By reason: one reason, such as a tool that is not there, often stands behind many. */
function skips(suites: readonly Suite[]): string {
  const skipped = entriesOf(suites, 'skipped');
  if (skipped.length === 0) return '';
  const byReason = new Map<string, Entry[]>();
  for (const entry of skipped) {
    const reason = reasonOf(entry, skipped);
    byReason.set(reason, [...byReason.get(reason) ?? [], entry]);
  }
  const items = [...byReason].map(([reason, entries]) =>
    `<details><summary>${escape(reason)} <small>${entries.length}</small></summary><ul>${
      entries.map(({ stage, file, name }) =>
        `<li>${escape(stage)}, <code>${escape(file)}</code>: ${escape(name)}</li>`
      ).join('')
    }</ul></details>`
  );
  return `<h2>Skipped, and why</h2><div class="wide">${items.join('')}</div>`;
}

/** Only Node tells why a test is skipped; the same test on another runtime is skipped for the same reason. */
function reasonOf(entry: Entry, skipped: readonly Entry[]): string {
  const told = [entry, ...skipped].find(({ file, name, detail }) =>
    file === entry.file && name === entry.name && detail !== ''
  );
  return told?.detail ?? 'the runner does not tell the reason';
}

/** A step such as the build counts no tests, and has an outcome only if it failed. */
const succeeded = (suites: readonly Suite[]): boolean =>
  suites.every(({ outcomes }) => outcomes.length === 0);

function stageText(suites: readonly Suite[]): string {
  return succeeded(suites) ? 'succeeded' : countText(suites);
}

function stageRow(stage: string, suites: readonly Suite[]): string {
  if (succeeded(suites)) {
    return `<tr><td>${escape(stage)}</td><td colspan="3">succeeded</td><td>${
      duration(secondsOf(suites))
    }</td></tr>`;
  }
  const { passed, failed, skipped } = count(suites);
  return `<tr><td>${escape(stage)}</td><td>${passed}</td><td${
    failed === 0 ? '' : ' class="failed"'
  }>${failed}</td><td>${skipped}</td><td>${duration(secondsOf(suites))}</td></tr>`;
}

function stageDetails(stage: string, suites: readonly Suite[]): string {
  const files = suites.map((suite) =>
    `<details><summary><code>${escape(suite.file)}</code> <small>${stageText([suite])}, ${
      duration(suite.seconds)
    }</small></summary><ul>${suite.outcomes.map(line).join('')}</ul></details>`
  );
  return `<details><summary>${escape(stage)} <small>${stageText(suites)}</small></summary>${
    files.join('')
  }</details>`;
}

function line({ name, state }: Outcome): string {
  return `<li>${state === 'passed' ? '' : `<b class="${state}">${state}</b> `}${escape(name)}</li>`;
}
