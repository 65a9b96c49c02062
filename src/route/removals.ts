/** Ends sessions on servers that are dead, or that a standby port's client must not stay on. Each is told once. */
import { bury, noSilences, type Silences } from '../cluster/burial.ts';
import type { Observation } from '../cluster/observation.ts';
import type { Place } from '../cluster/rotation.ts';
import type { Log } from '../log.ts';
import type { Address } from '../runtime/runtime.ts';

/** Who ends them. */
export interface Remover {
  bury(server: Address): void;
  expel(server: Address): void;
}

export class Removals {
  readonly #deadAfterMs: number;
  readonly #log: Log;
  #silences: Silences = noSilences;
  /** Candidates that have lost their sessions of the standby port. */
  #fenced: ReadonlySet<string> = new Set();

  constructor(deadAfterMs: number, log: Log) {
    this.#deadAfterMs = deadAfterMs;
    this.#log = log;
  }

  /** After a decision: the route that sends nobody there is published first. */
  look(
    observations: readonly Observation[],
    rotation: readonly Place[],
    now: number,
    remover: Remover | undefined,
  ): void {
    const { silences, dead } = bury(this.#silences, observations, now, this.#deadAfterMs);
    this.#silences = silences;
    for (const { name, server, silentMs } of dead) {
      remover?.bury({ host: server.host, port: server.port });
      this.#log.warn('a server is silent; its sessions are ended', { candidate: name, silentMs });
    }
    const fenced = rotation.filter((place) => place.fenced !== undefined && place.answer !== undefined);
    for (const { candidate: { name }, answer, fenced: why } of fenced) {
      if (this.#fenced.has(name)) continue;
      remover?.expel({ host: answer!.host, port: answer!.port });
      this.#log.warn('sessions of the standby port are ended', { candidate: name, why });
    }
    this.#fenced = new Set(fenced.map(({ candidate }) => candidate.name));
  }
}
