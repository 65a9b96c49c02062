/** The journal and the interruptions as one list of what happened, the latest first. Pure. */
import type { Entry } from '../../control/journal.ts';
import type { InterruptionStatus } from '../history.ts';

/** How many are shown. */
export const mostEvents = 60;

export interface ChangedStanding {
  readonly name: string;
  /** Reads after the name. */
  readonly note: string;
}

export type Event =
  | { readonly kind: 'interruption'; readonly time: string; readonly interruption: InterruptionStatus }
  /** A primary was found, or lost, and no client felt it: at the start. */
  | { readonly kind: 'primary'; readonly time: string; readonly entry: Entry }
  | { readonly kind: 'splitBrain'; readonly time: string; readonly reason: string }
  | { readonly kind: 'standings'; readonly time: string; readonly changes: readonly ChangedStanding[] };

/** Both oldest first. */
export function pastOf(journal: readonly Entry[], interruptions: readonly InterruptionStatus[]): Event[] {
  const events: Event[] = interruptions.map((interruption) => ({
    kind: 'interruption',
    time: interruption.ended ?? interruption.began,
    interruption,
  }));
  let before: Entry | undefined;
  for (const entry of journal) {
    events.push(...eventsOf(entry, before, interruptions));
    before = entry;
  }
  // Of one moment, what was pushed first is the more important.
  return events.sort((a, b) => Date.parse(b.time) - Date.parse(a.time)).slice(0, mostEvents);
}

function eventsOf(
  entry: Entry,
  before: Entry | undefined,
  interruptions: readonly InterruptionStatus[],
): Event[] {
  const { time, reason } = entry;
  const events: Event[] = [];
  if (entry.splitBrain && !before?.splitBrain) events.push({ kind: 'splitBrain', time, reason });
  const isTold = interruptions.some((interruption) => isWithin(time, interruption));
  const isOfPrimary = entry.epoch !== before?.epoch;
  // Before the first probes are answered, nothing has happened.
  if (isOfPrimary && !isTold && entry.rule !== 'firstRound') events.push({ kind: 'primary', time, entry });
  const changes = before === undefined ? [] : changesOf(entry, before);
  if (changes.length > 0) events.push({ kind: 'standings', time, changes });
  return events;
}

function isWithin(time: string, { began, ended }: InterruptionStatus): boolean {
  return time >= began && (ended === null || time <= ended);
}

/** Who is primary is told elsewhere; and that a server turns out to be a standby is nothing that happened. */
function changesOf(entry: Entry, before: Entry): ChangedStanding[] {
  const standings = new Map(before.candidates.map(({ name, standing }) => [name, standing]));
  return entry.candidates.filter(({ name, standing }) => {
    const last = standings.get(name) ?? 'unknown';
    return standing !== 'primary' && standing !== last && !(last === 'unknown' && standing === 'standby');
  });
}
