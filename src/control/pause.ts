/**
 * A planned pause, for a switchover or a restart of the database: newcomers wait as if there were no server, sessions go on.
 * It ends by itself, so that a pause that was forgotten refuses nobody for ever.
 */
import type { Log } from '../log.ts';

export interface Paused {
  /** Who asked for it. */
  readonly by: string;
  readonly since: Date;
  /** When it ends by itself. */
  readonly until: Date;
}

/** The data planes, as far as a pause reaches them. */
export interface Pausable {
  /** From now on newcomers wait, up to `holdMs` or HOLD_MS, whichever is longer, and read `reason` if that was in vain. */
  hold(reason: string, holdMs: number): void;
  /** No more of that. */
  release(): void;
}

export class Pause {
  readonly #dataPlanes: Pausable;
  readonly #log: Log;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Undefined: there is none. */
  now: Paused | undefined;

  constructor(dataPlanes: Pausable, log: Log) {
    this.#dataPlanes = dataPlanes;
    this.#log = log;
  }

  /** One that is there already goes on for `ms` from now. */
  begin(ms: number, by: string): Paused {
    const now = Date.now();
    const paused = { by, since: this.now?.since ?? new Date(now), until: new Date(now + ms) };
    this.now = paused;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end('its time is over'), ms);
    this.#dataPlanes.hold(`paused by ${by} until ${paused.until.toISOString()} (pg_gateway pause)`, ms);
    this.#log('paused', { by, until: paused.until.toISOString() });
    return paused;
  }

  /** False: there was none. */
  end(why: string): boolean {
    if (this.now === undefined) return false;
    clearTimeout(this.#timer);
    this.now = undefined;
    this.#dataPlanes.release();
    this.#log('resumed', { why });
    return true;
  }
}
