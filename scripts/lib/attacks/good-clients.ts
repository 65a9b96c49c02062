/**
 * The good clients, as a process of its own: at each place some long sessions that ask small questions, and one client that
 * connects anew, asks and leaves. `m` on the input begins to measure, `e` ends that, and then it says what they saw, as a line of
 * JSON. In between the sessions ask now and then, and nobody connects.
 *
 *   good-clients.ts PLACES SESSIONS EVERY-MS CONNECT-EVERY-MS
 */
import type { TcpNetConnectOpts } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { QuietSession } from '../../../test/bed/quiet-session.ts';
import { Seen, type Sight } from './seen.ts';

const [places = '[]', sessions, everyMs, connectEveryMs] = process.argv.slice(2);
/** After an error. */
const restMs = 100;

/** While nothing is measured, so that none of them is idle for long. */
const calmMs = 200;

let isOver = true;
let number = 0;

class Place {
  readonly #where: TcpNetConnectOpts;
  readonly #sessions: (QuietSession | undefined)[] = [];
  /** Undefined: nothing is measured. */
  #seen: Seen | undefined;
  /** What failed meanwhile counts as well. */
  #strays = new Seen();
  #connecting: Promise<void> = Promise.resolve();

  constructor(where: TcpNetConnectOpts) {
    this.#where = where;
  }

  /** Rejects if one of the long sessions cannot be opened. */
  async open(count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      this.#sessions.push(await QuietSession.open(this.#where));
      void this.#keepAsking(at, count);
    }
  }

  begin(): void {
    const seen = this.#seen = this.#strays;
    this.#strays = new Seen();
    this.#connecting = this.#keepConnecting(seen);
  }

  /** With what is still under way when it ends. */
  async end(): Promise<Seen> {
    await this.#connecting;
    const seen = this.#seen ?? new Seen();
    this.#seen = undefined;
    return seen;
  }

  async #keepAsking(at: number, count: number): Promise<never> {
    const every = Number(everyMs);
    // Not all at once.
    await pause(every * at / count);
    while (true) {
      const seen = this.#seen;
      const from = performance.now();
      try {
        const session = this.#sessions[at] ??= await QuietSession.open(this.#where);
        await session.ask(++number);
        seen?.answered(performance.now() - from, every);
      } catch (error) {
        (this.#seen ?? this.#strays).failed(error);
        this.#sessions[at]?.end();
        this.#sessions[at] = undefined;
        await pause(restMs);
      }
      const between = seen === undefined ? calmMs : every;
      await pause(Math.max(0, between - (performance.now() - from)));
    }
  }

  /** From the connection to the first answer. */
  async #keepConnecting(seen: Seen): Promise<void> {
    while (!isOver) {
      const from = performance.now();
      try {
        const session = await QuietSession.open(this.#where);
        await session.ask(++number);
        seen.connected(performance.now() - from);
        session.end();
      } catch (error) {
        seen.failed(error);
      }
      await pause(Math.max(0, Number(connectEveryMs) - (performance.now() - from)));
    }
  }
}

const all: Record<string, Place> = Object.fromEntries(
  Object.entries(JSON.parse(places) as Record<string, TcpNetConnectOpts>)
    .map(([name, where]) => [name, new Place(where)]),
);
for (const place of Object.values(all)) await place.open(Number(sessions));
console.log(JSON.stringify({ ready: true }));

process.stdin.on('data', async (words) => {
  for (const word of String(words)) {
    isOver = word !== 'm';
    if (!isOver) {
      for (const place of Object.values(all)) place.begin();
      continue;
    }
    const seen: [string, Sight][] = [];
    for (const [name, place] of Object.entries(all)) seen.push([name, await place.end()]);
    console.log(JSON.stringify(Object.fromEntries(seen)));
  }
});
process.stdin.once('end', () => process.exit(0));
