/** How much of each limit is in use, and the rules by which it decides. */
import type { Status } from '../status.ts';
import { byId, element, setChildren, setClass, setText } from './dom.ts';
import { bytes, duration, grouped } from './words.ts';

interface Meter {
  readonly item: HTMLElement;
  readonly value: HTMLElement;
  readonly bar: HTMLElement;
  readonly fill: HTMLElement;
}

const meters = new Map<string, Meter>();
let shownRules = '';

export function showLimits(status: Status): void {
  const { clients, limits } = status;
  const served = clients.sessions.reduce((sum, { sessions }) => sum + sessions, 0);
  setChildren(byId('meters'), [
    meter('Sessions', served + clients.held, limits.maxSessions),
    meter('Waiting', clients.held, limits.maxHeld),
    meter('Clients in all', clients.active, limits.maxClients),
    ...(clients.bufferedBytes === null || limits.maxBufferedBytes === null
      ? []
      : [meter('Kept for slow readers', clients.bufferedBytes, limits.maxBufferedBytes, bytes)]),
  ]);
  showRules(status);
}

function meter(name: string, used: number, most: number, text = grouped): HTMLElement {
  const { item, value, bar, fill } = meterOf(name);
  const share = most > 0 ? Math.min(1, used / most) : 1;
  setText(value, `${text(used)} of ${text(most)}`);
  setClass(item, share >= 0.95 ? 'full' : share >= 0.8 ? 'high' : '');
  bar.setAttribute('aria-valuemax', String(most));
  bar.setAttribute('aria-valuenow', String(Math.min(used, most)));
  fill.style.width = `${share * 100}%`;
  return item;
}

function meterOf(name: string): Meter {
  const known = meters.get(name);
  if (known) return known;
  const value = element('span', 'value');
  const fill = element('div', 'fill');
  const bar = element('div', 'bar', fill);
  bar.setAttribute('role', 'meter');
  bar.setAttribute('aria-label', name);
  bar.setAttribute('aria-valuemin', '0');
  const made = { item: element('div', '', element('span', '', name), value, bar), value, bar, fill };
  meters.set(name, made);
  return made;
}

function showRules({ clients, limits, rules, standbyPort }: Status): void {
  const all: (readonly [string, string])[] = [
    ['a client waits at most', duration(limits.holdMs)],
    ['failed probes that withdraw the primary', String(rules.failAfter)],
    ['an answer counts for', duration(rules.maxAgeMs)],
    ['silence that ends sessions', duration(limits.deadAfterMs)],
    ['in a split brain', rules.splitBrain === 'refuse' ? 'all are refused' : 'the primary stays'],
  ];
  if (standbyPort?.maxLagMs != null) {
    all.push(['a standby to read from lags less than', duration(standbyPort.maxLagMs)]);
  }
  if (standbyPort?.maxLagBytes != null) all.push(['and by less than', bytes(standbyPort.maxLagBytes)]);
  const { maxPerAddress, ratePerAddress: rate, idleTimeoutMs } = limits;
  if (maxPerAddress !== null) all.push(['connections of one address', grouped(maxPerAddress)]);
  if (rate !== null) all.push(['its connects in a second, and at once', `${rate.perSecond}, ${rate.burst}`]);
  if (idleTimeoutMs !== null) all.push(['silence that ends a session', duration(idleTimeoutMs)]);
  const { turnedAway } = clients.recently;
  const refused = Object.values(turnedAway).reduce((sum, count) => sum + count, 0);
  if (refused > 0) {
    all.push([`turned away in the last ${duration(clients.recently.ms)}`, grouped(refused)]);
  }
  const key = JSON.stringify(all);
  if (key === shownRules) return;
  shownRules = key;
  byId('rules').replaceChildren(
    ...all.map(([term, value]) => element('div', '', element('dt', '', term), element('dd', '', value))),
  );
}
