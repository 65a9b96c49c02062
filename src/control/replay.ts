/** Decides recorded evidence once more, with the rules of then or with others. Pure: the elections are the gateway's own. */
import { elect, type Memory, noMemory, type Rules } from '../cluster/election.ts';
import type { Observation } from '../cluster/observation.ts';
import { type Outcome, outcomeOf } from './evidence.ts';
import type { EvidenceFile } from './evidence-file.ts';

export interface Replayed {
  readonly at: Date;
  readonly then: Outcome;
  readonly now: Outcome;
  readonly isSame: boolean;
  /** Either is another one than at the decision before. */
  readonly isNew: boolean;
}

/** What clients feel of verdicts. */
export interface Felt {
  /** How often another server took over, and ended all sessions on the one before. */
  readonly changes: number;
  readonly withoutRouteMs: number;
  readonly longestMs: number;
}

export interface Replay {
  readonly decisions: readonly Replayed[];
  readonly then: Felt;
  readonly now: Felt;
}

/** `change` makes other rules of those of then. Throws an Error, with the number of the entry, where one cannot be decided. */
export function replay(file: EvidenceFile, change: (rules: Rules) => Rules = (rules) => rules): Replay {
  const { entries, savedAt, clockMs } = file;
  const dateOf = (at: number) => new Date(Date.parse(savedAt) - clockMs + at);
  const [then, now] = [new Feeling(), new Feeling()];
  let memory: Memory = noMemory;
  let rules: Rules | undefined;
  const decisions: Replayed[] = [];
  entries.forEach(({ at, observations, outcome, ...given }, index) => {
    memory = given.memory ?? memory;
    rules = given.rules === undefined ? rules : change(given.rules);
    const again = decided(observations, memory, at, rules, index);
    memory = again.memory;
    const last = decisions.at(-1);
    then.note(at, outcome, observations);
    now.note(at, again.outcome, observations);
    decisions.push({
      at: dateOf(at),
      then: outcome,
      now: again.outcome,
      isSame: isSame(outcome, again.outcome),
      isNew: last === undefined || isOther(last.then, outcome) || isOther(last.now, again.outcome),
    });
  });
  return { decisions, then: then.until(clockMs), now: now.until(clockMs) };
}

function decided(
  observations: readonly Observation[],
  memory: Memory,
  at: number,
  rules: Rules | undefined,
  index: number,
): { readonly outcome: Outcome; readonly memory: Memory } {
  try {
    if (rules === undefined) throw new Error('there are no rules');
    const verdict = elect(observations, memory, at, rules);
    return { outcome: outcomeOf(verdict), memory: verdict.memory };
  } catch (error) {
    throw new Error(`is broken: entry ${index + 1} cannot be decided (${(error as Error).message})`);
  }
}

/** In all that a verdict says. */
function isSame(a: Outcome, b: Outcome): boolean {
  return a.reason === b.reason && !isOther(a, b);
}

function isOther(a: Outcome, b: Outcome): boolean {
  return a.rule !== b.rule || a.primary !== b.primary || a.splitBrain !== b.splitBrain ||
    a.standings.length !== b.standings.length ||
    a.standings.some((standing, index) => standing !== b.standings[index]);
}

class Feeling {
  #changes = 0;
  #withoutRouteMs = 0;
  #longestMs = 0;
  #server: string | undefined;
  #lostAt: number | undefined;

  note(at: number, { primary, rule }: Outcome, observations: readonly Observation[]): void {
    const answer = observations.find(({ candidate }) => candidate.name === primary)?.answer;
    if (answer === undefined) {
      // Before the first round nobody expects a route.
      if (rule !== 'firstRound') this.#lostAt ??= at;
      return;
    }
    this.#found(at);
    const server = `${answer.system} ${answer.timeline} ${answer.startedAt}`;
    if (this.#server !== undefined && server !== this.#server) this.#changes += 1;
    this.#server = server;
  }

  #found(at: number): void {
    const ms = at - (this.#lostAt ?? at);
    this.#withoutRouteMs += ms;
    this.#longestMs = Math.max(this.#longestMs, ms);
    this.#lostAt = undefined;
  }

  until(at: number): Felt {
    this.#found(at);
    return { changes: this.#changes, withoutRouteMs: this.#withoutRouteMs, longestMs: this.#longestMs };
  }
}
