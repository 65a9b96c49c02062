/**
 * Ends sessions in which no byte has passed for IDLE_TIMEOUT_MS. No session has a timer for that, and no byte costs anything: a
 * session knows when it was last active, to a quarter of a second, and once a second all are looked at.
 */
import type { Runtime, Timer } from '../runtime/runtime.ts';
import { idleEnded } from './refusals.ts';
import type { SessionList } from './session-list.ts';
import type { Session } from './session/session.ts';

const lookMs = 1_000;

export class IdleTimeout {
  readonly #runtime: Pick<Runtime, 'now' | 'after'>;
  readonly #sessions: SessionList<Session>;
  /** Undefined: none is ended. */
  #timeoutMs: number | undefined;
  #timer: Timer | undefined;
  #lookedAt = 0;
  /** Silence from before this time does not count: nobody was there to hear. */
  #heardSince = 0;

  constructor(
    runtime: Pick<Runtime, 'now' | 'after'>,
    sessions: SessionList<Session>,
    timeoutMs: number | undefined,
  ) {
    this.#runtime = runtime;
    this.#sessions = sessions;
    this.reconfigure(timeoutMs);
  }

  reconfigure(timeoutMs: number | undefined): void {
    this.#timeoutMs = timeoutMs;
    if (timeoutMs === undefined) return this.stop();
    if (this.#timer === undefined) this.#wait();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wait(): void {
    this.#lookedAt = this.#runtime.now();
    this.#timer = this.#runtime.after(lookMs, () => this.#look(this.#timeoutMs!));
  }

  #look(timeoutMs: number): void {
    const now = this.#runtime.now();
    // This program was stopped, or busy: what clients have said meanwhile may not be read yet.
    if (now - this.#lookedAt > 2 * lookMs) this.#heardSince = now;
    this.#sessions.each(({ state }) => {
      if (state.name !== 'open') return;
      const silentSince = Math.max(state.activeAt ?? now, this.#heardSince);
      if (now - silentSince >= timeoutMs) state.gatewayEnds({ waiting: idleEnded, open: idleEnded });
    });
    this.#wait();
  }
}
