/**
 * All clients of a storm, as a process of its own. Says `{opened}` when each has written a row. After a line `storm PORT`
 * it says when each was served by the server at PORT (`CrowdReport`), once all were, or after a line `end`.
 *
 *   crowd-process.ts JSON      a `CrowdPlan`
 */
import { createInterface } from 'node:readline';
import { seeded } from '../ha/schedule.ts';
import { Client, type Seen } from './client.ts';
import { countInto } from './counts.ts';
import type { CrowdPlan, CrowdReport } from './crowd.ts';
import { monotonicMs } from '../failover/recovery.ts';

const { places, count, seed, askEveryMs, patienceMs } = JSON.parse(process.argv[2] ?? '') as CrowdPlan;
/** How many log in at once in the beginning: a crowd, but one that every backlog can hold. */
const abreast = 32;

const opened = new Set<number>();
/** The new primary; undefined before the storm. */
let next: number | undefined;
let served = new Map<number, number>();
let [broken, notConnected, notWritten]: Record<string, number>[] = [{}, {}, {}];
let hasTold = false;

const seen: Seen = {
  served: (id, port) => {
    if (!opened.has(id)) {
      opened.add(id);
      clients[opened.size - 1 + abreast]?.connect();
      if (opened.size === count) say({ opened: count });
    }
    if (port !== next || served.has(id)) return;
    served.set(id, monotonicMs());
    if (served.size === count) tell();
  },
  broke: (reason) => countInto(broken!, reason),
  notConnected: (reason) => countInto(notConnected!, reason),
  notWritten: (reason) => countInto(notWritten!, reason),
};

const terms = { places, askEveryMs, patienceMs, random: seeded(seed), seen };
const clients = Array.from({ length: count }, (_, id) => new Client(id, terms));

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function tell(): void {
  if (hasTold) return;
  hasTold = true;
  say(
    {
      servedAtMs: [...served.values()],
      broken: broken!,
      notConnected: notConnected!,
      notWritten: notWritten!,
    } satisfies CrowdReport,
  );
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const [word, port] = line.split(' ');
  if (word === 'end') return tell();
  next = Number(port);
  served = new Map();
  [broken, notConnected, notWritten] = [{}, {}, {}];
}).once('close', () => process.exit(0));
for (const client of clients.slice(0, abreast)) client.connect();
