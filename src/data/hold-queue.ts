/** Clients that wait for a server, in the order of their arrival, and the ramp by which they are released. */
import { at, type Counters } from '../contract/counters.ts';
import type { Runtime, Timer } from '../runtime/runtime.ts';
import type { Target } from './targets.ts';
import type { Session } from './session/session.ts';

/** In steps, so that a new primary is not stormed. */
const step = { count: 100, everyMs: 10 } as const;

/**
 * How soon a release is tried again while the route stands: a dial failed, or what is known of the server is too old.
 */
const retryMs = 100;

export class HoldQueue {
  readonly #runtime: Runtime;
  readonly #counters: Counters;
  readonly #next: (session: Session) => Target | undefined;
  readonly #dial: (session: Session, target: Target) => void;
  readonly #sessions = new Set<Session>();
  /** Those of them that wait for a server, and not because a dial of their own failed. */
  readonly #queue = new Set<Session>();
  #timer: Timer | undefined;

  /** `next` says where a session goes, if there is a server for it; `dial` takes it there. */
  constructor(
    runtime: Runtime,
    counters: Counters,
    next: (session: Session) => Target | undefined,
    dial: (session: Session, target: Target) => void,
  ) {
    this.#runtime = runtime;
    this.#counters = counters;
    this.#next = next;
    this.#dial = dial;
  }

  /**
   * Whether new clients have to queue. Not behind clients whose own dial has failed: the server may have closed the
   * connection because of what they sent, and one such client would hold up all others.
   */
  get hasWaiting(): boolean {
    return this.#queue.size > 0;
  }

  add(session: Session): void {
    this.#count(() => this.#sessions.add(session));
    if (session.pending?.dialFailure === undefined) this.#queue.add(session);
  }

  remove(session: Session): void {
    this.#count(() => this.#sessions.delete(session));
    this.#queue.delete(session);
  }

  /** Releases the first step of them now and the others soon. */
  release(): void {
    this.stop();
    let count = 0;
    for (const session of this.#sessions) {
      if (count++ === step.count) {
        this.#releaseLater(step.everyMs);
        break;
      }
      try {
        const target = this.#next(session);
        if (target === undefined) return this.retry();
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
