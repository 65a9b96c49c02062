/** All clients but the writers: each does its piece of work again and again, and remembers when it last succeeded. */
import { setTimeout as pause } from 'node:timers/promises';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { seeded } from '../ha/schedule.ts';
import type { ClientKind, Trouble } from './facts.ts';

/** What one client does. */
export interface Job {
  /** One piece of work; calls `done` for each part that succeeded. Rejects with what the client was told. */
  work(done: () => void): Promise<void>;
  /** After a failure: the next piece of work begins with a new connection. */
  renew(): void;
  /** Ends what is going on. */
  end(): void;
}

export interface Kind {
  readonly kind: string;
  readonly what: string;
  readonly count: number;
  /** Between two pieces of work, at a load of 100 %. */
  readonly restMs: number;
  /** Whether each of them must be back after a failover: those that never get a session are not waited for. */
  readonly returns: boolean;
  /** Most of its work is waiting, which is ended at once when all is over. */
  readonly waits?: boolean;
  job(number: number, random: () => number): Job;
}

interface Member {
  readonly kind: Kind;
  readonly job: Job;
  lastDoneMs: number;
}

/** Of clients after a failover, by their kinds. */
export interface Return {
  /** Those that had done nothing at the deadline. */
  readonly missing: readonly string[];
  /** Those that were the last ones. */
  readonly last: readonly string[];
}

/** For what is going on when all is over. */
const patienceMs = 10_000;

export class Crew {
  readonly troubles: Trouble[] = [];
  readonly #members: Member[] = [];
  readonly #counts = new Map<Kind, { done: number; failed: number }>();
  readonly #running: Promise<void>[] = [];
  readonly #loadPercent: number;
  readonly #seed: number;
  readonly #fromMs: number;
  #isOver = false;

  /** `fromMs` is when the load begins, by `performance.now()`. */
  constructor(fromMs: number, loadPercent: number, seed: number) {
    this.#fromMs = fromMs;
    this.#loadPercent = loadPercent;
    this.#seed = seed;
  }

  get seconds(): number {
    return (performance.now() - this.#fromMs) / 1000;
  }

  start(kinds: readonly Kind[]): void {
    for (const kind of kinds) {
      this.#counts.set(kind, { done: 0, failed: 0 });
      for (let number = 0; number < kind.count; number++) {
        const random = seeded(this.#seed + 7919 * this.#members.length);
        const member = { kind, job: kind.job(number, random), lastDoneMs: -Infinity };
        this.#members.push(member);
        this.#running.push(this.#run(member, random));
      }
    }
  }

  note(kind: string, error: unknown): void {
    const { code, message } = error as { code?: string; message?: string };
    const text = message ?? String(error);
    const said = /SQLSTATE ([0-9A-Z]{5})/.exec(text)?.[1];
    this.troubles.push({ second: this.seconds, kind, code: code ?? said ?? text, message: text });
  }

  /** Waits until each client has done something after `sinceMs`, by `performance.now()`. */
  async untilAllWorked(sinceMs: number, deadlineMs: number): Promise<Return> {
    const kindsOf = (members: readonly Member[]) => [...new Set(members.map(({ kind }) => kind.kind))];
    let last: string[] = [];
    const missing = () =>
      this.#members.filter(({ kind, lastDoneMs }) => kind.returns && lastDoneMs < sinceMs);
    await waitFor('all clients to work', () => {
      const now = missing();
      if (now.length > 0) last = kindsOf(now);
      return now.length === 0;
    }, { deadlineMs, everyMs: 25 }).catch(() => {});
    return { missing: kindsOf(missing()), last };
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    const end = () => this.#members.forEach(({ job }) => job.end());
    const timer = setTimeout(end, patienceMs);
    this.#members.filter(({ kind }) => kind.waits).forEach(({ job }) => job.end());
    await Promise.all(this.#running);
    clearTimeout(timer);
    end();
  }

  get counts(): ClientKind[] {
    return [...this.#counts].map(([{ kind, what, count }, counted]) => ({ kind, what, count, ...counted }));
  }

  async #run(member: Member, random: () => number): Promise<void> {
    const { kind, job } = member;
    const counted = this.#counts.get(kind)!;
    const rest = () => pause(kind.restMs * (0.5 + random()) * 100 / this.#loadPercent);
    const done = () => {
      member.lastDoneMs = performance.now();
      counted.done++;
    };
    // Not all in the same moment.
    await pause(random() * 2000);
    while (!this.#isOver) {
      try {
        await job.work(done);
      } catch (error) {
        if (this.#isOver) break;
        counted.failed++;
        this.note(kind.kind, error);
        job.renew();
      }
      await rest();
    }
  }
}
