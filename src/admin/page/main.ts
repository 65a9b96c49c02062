/** Asks the gateway again and again, and shows what it says; what was said last stays while it cannot be reached. */
import type { Entry } from '../../control/journal.ts';
import type { HistoryStatus } from '../history.ts';
import type { Status } from '../status.ts';
import { showCharts } from './charts.ts';
import { byId, setClass, setText } from './dom.ts';
import { showEvents } from './events.ts';
import { showLimits } from './limits.ts';
import { showServers } from './servers.ts';
import { moodOf, showVerdict } from './verdict.ts';
import { clock, counted, duration } from './words.ts';

const everyMs = 1000;
const patienceMs = 4000;

let status: Status | undefined;
let history: HistoryStatus | undefined;
let journal: readonly Entry[] = [];
/** On this machine's clock. */
let heardAt: number | undefined;
/** What the journal looked like when it was asked for: it is long, and changes seldom. */
let journalMark = '';
let historyDueAt = 0;

/** Throws unless the answer came in time and is good. */
async function ask<T>(path: string): Promise<T> {
  // Relative: a proxy may serve the page under a path of its own.
  const response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(patienceMs) });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return await response.json() as T;
}

async function look(): Promise<void> {
  const before = status;
  status = await ask<Status>('status');
  // A page that stays open for weeks sees new versions of the gateway, which have a page of their own.
  if (before && before.version !== status.version) location.reload();
  const mark = JSON.stringify([status.startedAt, status.route.epoch, status.journal.at(-1)]);
  const isNew = mark !== journalMark;
  if (isNew) journal = await ask<Entry[]>('journal');
  journalMark = mark;
  if (isNew || status.route.primary === null || performance.now() >= historyDueAt) {
    history = await ask<HistoryStatus>('history');
    historyDueAt = performance.now() + history.everyMs;
  }
  heardAt = Date.now();
}

function show(isReached: boolean): void {
  showReach(isReached);
  if (status === undefined || history === undefined) return;
  const main = document.querySelector('main');
  if (main) main.hidden = false;
  showVerdict(status, isReached);
  showServers(status);
  showLimits(status);
  showEvents(journal, history);
  showCharts(history, status.route.primary?.candidate);
  showAbout(status);
  setText(document.querySelector('title')!, titleOf(status, isReached));
}

function showReach(isReached: boolean): void {
  const now = Date.now();
  setClass(byId('reach'), isReached ? '' : 'away');
  if (isReached) setText(byId('reach'), clock(new Date(now), new Date(now)));
  else if (heardAt === undefined) setText(byId('reach'), 'The gateway does not answer.');
  else {
    const since = clock(new Date(heardAt), new Date(now));
    setText(
      byId('reach'),
      `Not reached since ${since}, for ${
        duration(Math.max(1000, now - heardAt))
      }. This is what was known then.`,
    );
  }
}

function titleOf(status: Status, isReached: boolean): string {
  const primary = status.route.primary?.candidate;
  const mood = moodOf(status);
  const what = mood === 'split' ? 'split brain' : primary === undefined ? 'no primary' : primary;
  return `${isReached ? '' : '(not reached) '}${what} · pg_gateway`;
}

function showAbout(
  { version, engine, runtime, uptimeMs, startedAt, time, rules, route, failovers }: Status,
): void {
  const facts = [
    `pg_gateway ${version}`,
    `${engine} engine on ${runtime}`,
    `up for ${duration(uptimeMs)}, since ${clock(new Date(startedAt), new Date(time))}`,
    `epoch ${route.epoch}`,
    `timeline ${rules.newestTimeline}`,
    ...(rules.system === null ? [] : [`system ${rules.system}`]),
    counted(failovers, 'failover'),
  ];
  setText(byId('about'), facts.join('  ·  '));
}

async function run(): Promise<never> {
  setText(byId('where'), location.host);
  while (true) {
    const isReached = await look().then(() => true, () => false);
    show(isReached);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

void run();
