/**
 * Servers that let the probe in and asked for nothing (`trust`, or `ident`). To pg_hba.conf all clients of the gateway have the
 * gateway's address, so a rule for that address lets in whoever reaches the gateway: `host all all 127.0.0.1/32 trust`,
 * which images of PostgreSQL ship, opens a database to the network as soon as the gateway runs on its machine.
 */
import type { Observation } from '../cluster/observation.ts';
import type { Log } from '../log.ts';
import { isLoopback } from '../runtime/addresses.ts';

/** Their names; none where only this machine reaches the gateway, which they let in anyhow. */
export function unaskedLogins(
  observations: readonly Observation[],
  listenHosts: readonly string[],
): readonly string[] {
  if (listenHosts.every((host) => host === 'localhost' || isLoopback(host))) return [];
  return observations.filter(({ answer }) => answer?.letInUnasked).map(({ candidate }) => candidate.name);
}

/** Logs each such server once. */
export class UnaskedLogins {
  readonly #listenHosts: readonly string[];
  readonly #log: Log;
  readonly #logged = new Set<string>();

  constructor(listenHosts: readonly string[], log: Log) {
    this.#listenHosts = listenHosts;
    this.#log = log;
  }

  note(observations: readonly Observation[]): void {
    for (const candidate of unaskedLogins(observations, this.#listenHosts)) {
      if (this.#logged.has(candidate)) continue;
      this.#logged.add(candidate);
      this.#log('login_unasked', { candidate });
    }
  }
}
