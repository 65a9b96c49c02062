/** What happened, as a timeline: failovers with what clients felt, alarms, and candidates that changed. */
import type { Entry } from '../../control/journal.ts';
import type { HistoryStatus, InterruptionStatus } from '../history.ts';
import { byId, element, setChildren } from './dom.ts';
import { type Event, pastOf } from './past.ts';
import { sentence } from './verdict.ts';
import { clock, counted, duration } from './words.ts';

/** What is shown, by its text: an item that says the same is left in place. */
let shown = new Map<string, HTMLElement>();

export function showEvents(journal: readonly Entry[], { interruptions, time }: HistoryStatus): void {
  const events = pastOf(journal, interruptions);
  const next = new Map<string, HTMLElement>();
  for (const event of events) {
    const key = JSON.stringify(event);
    next.set(key, shown.get(key) ?? itemOf(event, new Date(time)));
  }
  shown = next;
  setChildren(byId('events'), [...next.values()]);
  byId('quiet').hidden = events.length > 0;
}

function itemOf(event: Event, today: Date): HTMLElement {
  const time = element('time', '', clock(new Date(event.time), today).replace(' ', '\n'));
  time.setAttribute('datetime', event.time);
  return element('li', event.kind, time, ...contentOf(event));
}

function contentOf(event: Event): HTMLElement[] {
  switch (event.kind) {
    case 'interruption':
      return interruptionOf(event.interruption);
    case 'primary':
      return [
        element('strong', '', event.entry.primary ? `${event.entry.primary} is primary` : 'no primary'),
        element('p', 'reason', sentence(event.entry.reason)),
      ];
    case 'splitBrain':
      return [element('strong', '', 'split brain'), element('p', 'reason', sentence(event.reason))];
    case 'standings':
      return event.changes.map(({ name, note }) =>
        element('p', 'change', element('span', 'who', name), ` ${sentence(note)}`)
      );
  }
}

function interruptionOf(
  { from, to, ended, lengthMs, sessionsEnded, holds, refused, reason }: InterruptionStatus,
) {
  const what = to === null ? `${from} is lost` : to === from ? `${to} is back` : `${from} → ${to}`;
  const felt = [
    `${duration(lengthMs)} without a primary${ended === null ? ' so far' : ''}`,
    `${counted(sessionsEnded, 'session')} ended`,
    `${counted(holds, 'client')} waited`,
    ...(refused > 0 ? [`${counted(refused, 'client')} refused`] : []),
  ];
  return [
    element('strong', '', what),
    element('p', 'felt', felt.join(', ')),
    element('p', 'reason', sentence(reason)),
  ];
}
