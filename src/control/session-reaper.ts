/**
 * Ends the sessions on dead servers, and those of the standby port on servers that must not be read from. Each server
 * is logged once.
 */
import { deadServers, noSilences, type Silences } from '../cluster/dead-server.ts';
import type { Observation } from '../cluster/observation.ts';
import type { RotationEntry } from '../cluster/rotation.ts';
import type { Log } from '../log.ts';
import { serverAddress } from '../runtime/addresses.ts';
import type { Address } from '../runtime/runtime.ts';

/** What ends them: all data planes. */
export interface SessionEnder {
  /** How many sessions `server` has now. */
  sessionsOn(server: Address): number;
  endDead(server: Address): void;
  endStandbySessions(server: Address): void;
}

export class SessionReaper {
  #deadAfterMs: number;
  readonly #log: Log;
  #silences: Silences = noSilences;
  /** Candidates that have lost their sessions of the standby port. */
  #fenced: ReadonlySet<string> = new Set();

  constructor(deadAfterMs: number, log: Log) {
    this.#deadAfterMs = deadAfterMs;
    this.#log = log;
  }

  reconfigure(deadAfterMs: number): void {
    this.#deadAfterMs = deadAfterMs;
  }

  /**
   * After a decision: the route that avoids those servers is published first. `rotation` is that of the standby port,
   * empty without one. Where no session was lost, nothing has happened that an operator should read.
   */
  reap(
    observations: readonly Observation[],
    rotation: readonly RotationEntry[],
    now: number,
    ender: SessionEnder,
  ): void {
    const { silences, dead } = deadServers(this.#silences, observations, now, this.#deadAfterMs);
    this.#silences = silences;
    for (const { name, server, silentMs } of dead) {
      const address = serverAddress(server);
      const sessions = ender.sessionsOn(address);
      ender.endDead(address);
      if (sessions > 0) this.#log('dead_server_sessions_ended', { candidate: name, silentMs, sessions });
    }
    const fenced = rotation.filter((entry) => entry.fenced !== undefined && entry.answer !== undefined);
    for (const { candidate: { name }, answer, fenced: why } of fenced) {
      if (this.#fenced.has(name)) continue;
      const address = serverAddress(answer!);
      const sessions = ender.sessionsOn(address);
      ender.endStandbySessions(address);
      if (sessions > 0) this.#log('standby_sessions_ended', { candidate: name, why, sessions });
    }
    this.#fenced = new Set(fenced.map(({ candidate }) => candidate.name));
  }
}
