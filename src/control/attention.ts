/**
 * Which candidates an operator must look into: each is logged once, when it gets such a standing. The verdict itself
 * says what the gateway does; this says what an operator has to do about a server, so it is logged as a warning.
 */
import type { Verdict } from '../cluster/election.ts';
import type { Standing } from '../cluster/finding.ts';
import type { LogEvent } from '../log-events.ts';
import type { Log } from '../log.ts';

/** Standings that are not here need no operator. */
const events: Partial<Record<Standing, LogEvent>> = {
  stale: 'former_primary_writable',
  foreign: 'candidate_foreign',
  distrusted: 'candidate_distrusted',
  rejecting: 'candidate_rejecting',
  down: 'candidate_down',
};

export class Attention {
  readonly #log: Log;
  #standings: ReadonlyMap<string, Standing> = new Map();

  constructor(log: Log) {
    this.#log = log;
  }

  /** After each verdict that differs from the one before. */
  note({ findings, primary }: Verdict): void {
    for (const { candidate: { name }, standing, note } of findings) {
      // While there is no primary, it is not known yet which timeline is right.
      const event = standing === 'stale' && primary === undefined
        ? 'older_timeline_claimed'
        : events[standing];
      if (event === undefined || this.#standings.get(name) === standing) continue;
      this.#log(event, { candidate: name, why: note });
    }
    this.#standings = new Map(findings.map(({ candidate: { name }, standing }) => [name, standing]));
  }
}
