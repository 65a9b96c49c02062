/** Who is primary, since when, and why. */
import type { Status } from '../status.ts';
import { byId, setClass, setText } from './dom.ts';
import { clock, counted, duration } from './words.ts';

export type Mood = 'well' | 'none' | 'split';

/** In letters. One that is longer is written smaller. */
const longName = 26;

export function moodOf({ route }: Status): Mood {
  return route.splitBrain ? 'split' : route.primary === null ? 'none' : 'well';
}

export function showVerdict(status: Status, isReached: boolean): void {
  const { route, draining } = status;
  const mood = moodOf(status);
  setClass(byId('verdict'), mood);
  const label = mood === 'split' ? 'Primary, in a split brain' : 'Primary';
  setText(byId('verdict-label'), isReached ? label : `${label}, when last heard of`);
  const name = route.primary?.candidate ?? 'none';
  setText(byId('primary'), name);
  setClass(byId('primary'), name.length > longName ? 'long' : '');
  setText(byId('since'), sinceText(status));
  setText(byId('why'), sentence(route.reason));
  byId('draining').hidden = !draining;
}

function sinceText({ route, clients, time }: Status): string {
  if (route.since === null || route.sinceMs === null) return 'since the gateway started';
  const since = `for ${duration(route.sinceMs)}, since ${clock(new Date(route.since), new Date(time))}`;
  if (route.primary !== null) {
    return route.primary.address === route.primary.candidate
      ? since
      : `at ${route.primary.address}, ${since}`;
  }
  return `${since}; ${counted(clients.held, 'client waits', 'clients wait')}`;
}

export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
