/**
 * Which candidates an operator must look into: each is logged once, when it gets such a standing. The verdict itself
 * says what the gateway does; this says what an operator has to do about a server, so it is logged as a warning.
 */
import type { Verdict } from '../cluster/election.ts';
import type { Standing } from '../cluster/finding.ts';
import type { Lack, Observation } from '../cluster/observation.ts';
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
  #noted: ReadonlyMap<string, LogEvent> = new Map();
  /** By candidate. */
  #hidden: ReadonlyMap<string, readonly Lack[]> = new Map();

  constructor(log: Log) {
    this.#log = log;
  }

  /** After each verdict that differs from the one before. */
  note({ findings, primary }: Verdict): void {
    const noted = new Map<string, LogEvent>();
    for (const { candidate: { name }, standing, note } of findings) {
      const event = eventOf(standing, primary !== undefined);
      if (event === undefined) continue;
      noted.set(name, event);
      // By event, not by standing: the same standing asks something else of an operator once there is a primary.
      if (this.#noted.get(name) !== event) this.#log(event, { candidate: name, why: note });
    }
    this.#noted = noted;
  }

  /** After each answer. What a candidate shows again, and then hides, is said again. */
  noteHidden(observations: readonly Observation[]): void {
    const hidden = new Map<string, readonly Lack[]>();
    for (const { candidate: { name }, answer } of observations) {
      const { lacks } = answer ?? {};
      if (lacks === undefined) continue;
      hidden.set(name, lacks);
      const before = this.#hidden.get(name) ?? [];
      for (const { name: lack, loss, remedy } of lacks) {
        if (before.some((other) => other.name === lack)) continue;
        this.#log('evidence_hidden', { candidate: name, hidden: lack, why: `without it ${loss}`, remedy });
      }
    }
    this.#hidden = hidden;
  }
}

/** While there is no primary, it is not known yet which timeline is right. */
function eventOf(standing: Standing, hasPrimary: boolean): LogEvent | undefined {
  return standing === 'stale' && !hasPrimary ? 'older_timeline_claimed' : events[standing];
}
