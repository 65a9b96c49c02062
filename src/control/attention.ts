/**
 * Which candidates somebody must see to: each is told once when it gets there. The verdict itself says what the gateway
 * does; this says what a person has to do about a server, so it is told as a warning.
 */
import type { Verdict } from '../cluster/election.ts';
import type { Standing } from '../cluster/finding.ts';
import type { Log } from '../log.ts';

/** What happened and what to do. The note of the finding says why. Standings that are not here are nobody's work. */
const sentences: Partial<Record<Standing, string>> = {
  stale:
    'a former primary accepts writes, and what is written there will be lost: stop it, or rebuild it as a standby',
  foreign: 'a candidate belongs to another cluster: correct CANDIDATES, or SYSTEM_IDENTIFIER',
  rejecting: 'a candidate is up and rejects the probe',
  down: 'a candidate does not answer',
};

/** While no primary is there, nobody knows yet which timeline is right. */
const undecided = 'a candidate accepts writes on an older timeline, and nobody is routed to it: see explain';

export class Attention {
  readonly #log: Pick<Log, 'warn'>;
  #standings: ReadonlyMap<string, Standing> = new Map();

  constructor(log: Pick<Log, 'warn'>) {
    this.#log = log;
  }

  /** After each verdict that is news. */
  note({ findings, primary }: Verdict): void {
    for (const { candidate: { name }, standing, note } of findings) {
      const sentence = standing === 'stale' && primary === undefined ? undecided : sentences[standing];
      if (sentence === undefined || this.#standings.get(name) === standing) continue;
      this.#log.warn(sentence, { candidate: name, why: note });
    }
    this.#standings = new Map(findings.map(({ candidate: { name }, standing }) => [name, standing]));
  }
}
