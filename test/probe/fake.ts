/** A clock that is moved by hand, and servers that are played by the test. */
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { ProbeError } from '../../src/probe/failure.ts';
import type { Probe, ProbeEvents, ProbeTarget } from '../../src/probe/query.ts';
import type { Facts } from '../../src/probe/question.ts';

interface Alarm {
  readonly at: number;
  readonly fn: () => void;
}

export class FakeClock implements Pick<Runtime, 'now' | 'after'> {
  #now = 1000;
  #alarms = new Set<Alarm>();

  now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void): { cancel(): void } {
    const alarm = { at: this.#now + ms, fn };
    this.#alarms.add(alarm);
    return { cancel: () => this.#alarms.delete(alarm) };
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#alarms.size;
  }

  /** The program does not run for `ms`: no timer fires before the next `pass`. */
  stall(ms: number): void {
    this.#now += ms;
  }

  /** Moves on by `ms`, stopping at each timer, and lets promises settle at each stop. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    while (true) {
      const next = [...this.#alarms].sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.#now = Math.max(this.#now, next.at);
      this.#alarms.delete(next);
      next.fn();
      await settled();
    }
    this.#now = end;
  }
}

/** Lets everything run that waits for nothing but promises. */
export async function settled(): Promise<void> {
  for (let count = 0; count < 30; count += 1) await Promise.resolve();
}

export const someFacts: Facts = {
  system: '7000000000000000001',
  timeline: 1,
  startedAt: '1700000000000000 5432 *',
  inRecovery: false,
  readOnly: false,
  lsn: 100n,
  replayedLsn: 100n,
};

/** One opened probe, with the strings to pull. */
export interface FakeProbe extends Probe {
  readonly target: ProbeTarget;
  readonly events: ProbeEvents;
  readonly openedAt: number;
  /** When it was asked. */
  readonly asked: number[];
  isClosed: boolean;
  isHeard: boolean;
  answer(facts?: Partial<Facts>): Promise<void>;
  fail(error: ProbeError): Promise<void>;
}

/** How a server behaves by itself: `undefined` leaves the question open until the test answers it. */
export type Behaviour = (probe: FakeProbe) => Partial<Facts> | ProbeError | undefined;

/** Opens fake probes, and remembers them. */
export class FakeServers {
  readonly probes: FakeProbe[] = [];
  behaviour: Behaviour = () => ({});
  /** Whether servers at different addresses are different ones, also where they say the same start. */
  areOthers = false;
  readonly #marks = new Map<string, string>();
  #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  readonly open = (target: ProbeTarget, events: ProbeEvents): Probe => {
    const clock = this.#clock;
    let pending: { resolve(facts: Facts): void; reject(error: ProbeError): void } | undefined;
    let wasReady = false;
    let hasMark = false;
    const own = `mark ${this.probes.length}`;
    const probe: FakeProbe = {
      target,
      events,
      openedAt: clock.now(),
      asked: [],
      isClosed: false,
      isHeard: false,
      heard: () => probe.isHeard,
      close: () => void (probe.isClosed = true),
      ask: (isMarked) => {
        if (probe.isClosed || pending) throw new Error('asked a closed or busy probe');
        probe.asked.push(clock.now());
        hasMark = isMarked === true;
        return new Promise<Facts>((resolve, reject) => {
          pending = { resolve, reject };
          const said = this.behaviour(probe);
          if (said instanceof Error) void probe.fail(said);
          else if (said) void probe.answer(said);
        });
      },
      answer: (facts = {}) => {
        if (!wasReady) events.ready();
        wasReady = true;
        const said = { ...someFacts, ...facts };
        pending?.resolve(hasMark ? { ...said, marks: { own, seen: this.#seenWith(said, own) } } : said);
        pending = undefined;
        return settled();
      },
      fail: (error) => {
        pending?.reject(error);
        pending = undefined;
        return settled();
      },
    };
    this.probes.push(probe);
    return probe;
  };

  /** Servers with the same start are one, unless the test says otherwise. */
  #seenWith({ startedAt }: Facts, own: string): readonly string[] {
    this.#marks.set(own, startedAt);
    return [...this.#marks].flatMap(([mark, start]) => start === startedAt && !this.areOthers ? [mark] : []);
  }

  /** Those of one port. */
  of(port: number): FakeProbe[] {
    return this.probes.filter(({ target }) => target.port === port);
  }

  last(port: number): FakeProbe {
    const probe = this.of(port).at(-1);
    if (!probe) throw new Error(`no server was asked on port ${port}`);
    return probe;
  }
}
