/**
 * Looks at all sessions four times a second, as long as a setting asks for it: IDLE_TIMEOUT_MS ends those in which no byte has passed,
 * MAX_BUFFERED_BYTES adds up what is kept for them. So no session has a timer of its own, and no byte costs anything: a session
 * knows when it was last active, to a quarter of a second, and what it keeps. A sum that is made anew cannot drift either.
 */
import { at, beatMs, type Counters, total } from '../contract/counters.ts';
import type { DataSettings } from '../contract/messages.ts';
import { peerOf } from '../runtime/addresses.ts';
import type { Runtime, Timer } from '../runtime/runtime.ts';
import { buffersFull, idleEnded, type Refusal } from './refusals.ts';
import type { SessionList } from './session-list.ts';
import type { Session } from './session/session.ts';
import type { TurnedAways } from './turned-away.ts';

const roundMs = beatMs;

/** A round that comes so late was kept from it. */
const lateMs = 2_000;

type Limits = Pick<DataSettings, 'idleTimeoutMs' | 'maxBufferedBytes'>;

export class Rounds {
  readonly #runtime: Pick<Runtime, 'now' | 'after'>;
  readonly #sessions: SessionList<Session>;
  readonly #own: Counters;
  readonly #slabs: readonly Counters[];
  readonly #turnedAway: TurnedAways;
  #limits: Limits = { idleTimeoutMs: undefined, maxBufferedBytes: undefined };
  #timer: Timer | undefined;
  #lookedAt = 0;
  /** Silence from before this time does not count: nobody was there to hear. */
  #heardSince = 0;

  /** Counts in `own`, one of `slabs`, which are those of all workers. */
  constructor(
    runtime: Pick<Runtime, 'now' | 'after'>,
    sessions: SessionList<Session>,
    own: Counters,
    slabs: readonly Counters[],
    turnedAway: TurnedAways,
  ) {
    this.#runtime = runtime;
    this.#sessions = sessions;
    this.#own = own;
    this.#slabs = slabs;
    this.#turnedAway = turnedAway;
  }

  /** From now on, for all sessions. */
  reconfigure(limits: Limits): void {
    this.#limits = limits;
    const { idleTimeoutMs, maxBufferedBytes } = limits;
    this.#own[at.buffered] = 0;
    if (maxBufferedBytes !== undefined) this.#addUp();
    if (idleTimeoutMs === undefined && maxBufferedBytes === undefined) this.stop();
    else if (this.#timer === undefined) this.#wait();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Why one that has said what it wants is refused; undefined: it is not. One that has been admitted stays. */
  refusalOf(session: Session): Refusal | undefined {
    const { maxBufferedBytes } = this.#limits;
    if (maxBufferedBytes === undefined || session.admitted) return undefined;
    if (total(this.#slabs, 'buffered') < maxBufferedBytes) return undefined;
    this.#turnedAway.note('buffersFull', peerOf(session.remote));
    return buffersFull;
  }

  #wait(): void {
    this.#lookedAt = this.#runtime.now();
    this.#timer = this.#runtime.after(roundMs, () => this.#look());
  }

  #look(): void {
    const { idleTimeoutMs, maxBufferedBytes } = this.#limits;
    const [now, before] = [this.#runtime.now(), this.#lookedAt];
    // First of all: no round may be the last one.
    this.#wait();
    // This program was stopped, or busy: what clients have said meanwhile may not be read yet.
    if (now - before > lateMs) this.#heardSince = now;
    if (idleTimeoutMs !== undefined) this.#endIdle(now, idleTimeoutMs);
    if (maxBufferedBytes !== undefined) this.#addUp();
  }

  #endIdle(now: number, timeoutMs: number): void {
    this.#sessions.each(({ state }) => {
      if (state.name !== 'open') return;
      const silentSince = Math.max(state.activeAt ?? now, this.#heardSince);
      if (now - silentSince >= timeoutMs) state.gatewayEnds({ waiting: idleEnded, open: idleEnded });
    });
  }

  #addUp(): void {
    let bytes = 0;
    this.#sessions.each(({ state }) => bytes += state.bufferedBytes);
    this.#own[at.buffered] = bytes;
  }
}
