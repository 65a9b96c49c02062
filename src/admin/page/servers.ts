/** The gateway, and lines to its servers: what each is, its sessions, how far it is behind, how fast it answers. */
import type { CandidateStatus, Status } from '../status.ts';
import { byId, element, setChildren, setClass, setText } from './dom.ts';
import { bytes, counted, duration, grouped } from './words.ts';

interface Row {
  readonly item: HTMLElement;
  readonly name: HTMLElement;
  readonly standing: HTMLElement;
  readonly sessions: HTMLElement;
  readonly lag: HTMLElement;
  readonly probe: HTMLElement;
  readonly note: HTMLElement;
}

/** How a server may stand without anybody having to see to it. */
const calm: readonly string[] = ['primary', 'standby', 'alias'];

/** Codes of /status that are no words. */
const words: Readonly<Record<string, string>> = {
  readOnly: 'read-only',
  alias: 'same server',
  rival: 'also primary',
};

/** More than so many are laid out in up to four columns, each of which then has some. */
const mostInColumn = 9;

const rows = new Map<string, Row>();

export function showServers({ route, candidates, clients }: Status): void {
  const sessions = new Map(clients.sessions.map(({ server, sessions }) => [server, sessions]));
  setText(byId('sessions'), grouped([...sessions.values()].reduce((sum, count) => sum + count, 0)));
  setText(byId('held'), grouped(clients.held));
  setClass(byId('waiting'), clients.held > 0 ? 'some' : '');
  const primary = route.primary?.candidate;
  // It is what is looked for first; the others keep the order of CANDIDATES.
  const sorted = candidates.toSorted((a, b) => Number(b.name === primary) - Number(a.name === primary));
  const names = new Set(candidates.map(({ name }) => name));
  for (const name of rows.keys()) if (!names.has(name)) rows.delete(name);
  document.querySelector('main')?.classList.toggle('many', candidates.length > mostInColumn);
  setChildren(
    byId('candidates'),
    sorted.map((candidate) => {
      const row = rowOf(candidate.name);
      const address = candidate.answer?.address;
      const isPrimary = candidate.name === primary;
      const count = address === undefined ? 0 : sessions.get(address) ?? 0;
      show(row, candidate, count, isPrimary);
      return row.item;
    }),
  );
}

function rowOf(name: string): Row {
  const known = rows.get(name);
  if (known) return known;
  const row: Row = {
    item: document.createElement('li'),
    name: element('span', 'name', name),
    standing: element('span', 'standing'),
    sessions: element('span', 'sessions'),
    lag: element('span', 'lag'),
    probe: element('span', 'probe'),
    note: element('span', 'note'),
  };
  row.item.append(element('div', 'row', row.name, row.standing, row.sessions, row.lag, row.probe, row.note));
  row.name.title = name;
  rows.set(name, row);
  return row;
}

function show(row: Row, candidate: CandidateStatus, sessions: number, isPrimary: boolean): void {
  const { standing, lag, answer, failure, note, standbyPort } = candidate;
  const isServed = isPrimary || sessions > 0 || (standbyPort !== null && standbyPort.weight > 0);
  const kind = isPrimary
    ? 'primary'
    : calm.includes(standing)
    ? 'calm'
    : standing === 'unknown'
    ? 'unknown'
    : 'wrong';
  setClass(row.item, `${kind}${isServed ? ' served' : ''}`);
  setText(row.standing, words[standing] ?? standing);
  setText(row.sessions, isServed || sessions > 0 ? counted(sessions, 'session') : '');
  setText(row.lag, lag === null ? '' : lagText(lag));
  setText(row.probe, failure === null && answer !== null ? `${answer.tookMs.toFixed(1)} ms` : '');
  setText(row.note, calm.includes(standing) && failure === null ? standbyPort?.out ?? '' : note);
  // Of the primary this is not the reason of anything.
  if (isPrimary && failure === null) setText(row.note, '');
}

function lagText({ ms, bytes: behind }: { readonly ms: number; readonly bytes: number }): string {
  return behind === 0 && ms === 0 ? 'in step' : `${bytes(behind)}, ${duration(ms)} behind`;
}
