/** Clients that wait for a server, in the order of their arrival, and the ramp by which they are released. */
import { at, type Counters, dialledAt, total } from '../contract/counters.ts';
import type { DataSettings } from '../contract/messages.ts';
import type { Runtime, Timer } from '../runtime/runtime.ts';
import type { Target } from './targets.ts';
import type { Session } from './session/session.ts';

/**
 * In steps, so that a server is not stormed: each goes on until so many wait for its first byte. All at once would be served
 * at the same time, which is late, and who gives up until then has cost the server as much as the others.
 */
const step = { unanswered: 64, everyMs: 10 } as const;

/** After so many steps in which a server has answered none of them it is given as many again: it may be far, or slow to begin. */
const stalledSteps = 25;

/**
 * How soon a release is tried again while the route stands: a dial failed, or what is known of the server is too old.
 */
const retryMs = 100;

type Limits = Pick<DataSettings, 'holdMs' | 'maxHeld'>;

export class HoldQueue {
  readonly #runtime: Runtime;
  readonly #counters: Counters;
  readonly #slabs: readonly Counters[];
  readonly #next: (session: Session) => Target | undefined;
  readonly #dial: (session: Session, target: Target) => void;
  readonly #sessions = new Set<Session>();
  /** Those of them that wait for a server, and not because a dial of their own failed. */
  readonly #queue = new Set<Session>();
  #timer: Timer | undefined;
  /** Steps that ended at a full server since one was released. */
  #idleSteps = 0;

  /**
   * Counts in `counters`, one of `slabs`, which are those of all workers. `next` says where a session goes, if there is a
   * server for it; `dial` takes it there.
   */
  constructor(
    runtime: Runtime,
    counters: Counters,
    slabs: readonly Counters[],
    next: (session: Session) => Target | undefined,
    dial: (session: Session, target: Target) => void,
  ) {
    this.#runtime = runtime;
    this.#counters = counters;
    this.#slabs = slabs;
    this.#next = next;
    this.#dial = dial;
  }

  /**
   * Whether a new client has to queue that could be sent to `target`: behind those that wait, or because the server has its
   * hands full. Not behind clients whose own dial has failed: the server may have closed the connection because of what they
   * sent, and one such client would hold up all others. And not where it cannot wait: there is a server, so it is not refused.
   */
  mustQueue(session: Session, target: Target, { holdMs, maxHeld }: Limits): boolean {
    if (this.#queue.size === 0 && !this.#isFull(target)) return false;
    if (holdMs === 0 || total(this.#slabs, 'held') >= maxHeld) return false;
    if ((session.pending?.holdUntil ?? Infinity) <= this.#runtime.now()) return false;
    this.#releaseLater(step.everyMs);
    return true;
  }

  #isFull({ slot }: Target): boolean {
    return this.#counters[dialledAt + slot]! >= step.unanswered;
  }

  add(session: Session): void {
    this.#count(() => this.#sessions.add(session));
    if (session.pending?.dialFailure === undefined) this.#queue.add(session);
  }

  remove(session: Session): void {
    this.#count(() => this.#sessions.delete(session));
    this.#queue.delete(session);
  }

  /** It has waited for as long as it may. True: only its turn had not come, and it was sent to its server. */
  timedOut(session: Session): boolean {
    this.remove(session);
    const target = session.pending?.dialFailure === undefined ? this.#next(session) : undefined;
    if (target !== undefined) this.#dial(session, target);
    return target !== undefined;
  }

  /** Releases the first step of them now and the others soon. */
  release(): void {
    this.stop();
    let left = this.#idleSteps < stalledSteps ? 0 : step.unanswered;
    for (const session of this.#sessions) {
      try {
        const target = this.#next(session);
        if (target === undefined) return this.retry();
        if (this.#isFull(target) && left-- <= 0) {
          this.#idleSteps += 1;
          return this.#releaseLater(step.everyMs);
        }
        this.#idleSteps = 0;
        this.remove(session);
        this.#dial(session, target);
      } catch (error) {
        session.broke('release', error);
      }
    }
  }

  /** Releases the first step of them soon. */
  retry(): void {
    this.#releaseLater(retryMs);
  }

  #releaseLater(ms: number): void {
    this.#timer ??= this.#runtime.after(ms, () => this.release());
  }

  /** Releases none any more by itself. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** The counter is that of all ports. */
  #count(change: () => void): void {
    const before = this.#sessions.size;
    change();
    this.#counters[at.held]! += this.#sessions.size - before;
  }
}
