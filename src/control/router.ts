/**
 * Turns what is known of the candidates into the route, and keeps the journal of why. It decides nothing itself: the
 * election does. It never withdraws a session; it only says which epochs have lost their server.
 */
import { elect, type Memory, noMemory, type Rule, type Rules, type Verdict } from '../cluster/election.ts';
import { noPositions, type Positions, withPrimary } from '../cluster/lag.ts';
import type { Answer, Observation } from '../cluster/observation.ts';
import { everyStandby, type Place, rotationOf, type RotationRules } from '../cluster/rotation.ts';
import { noRoute, type Route } from '../contract/messages.ts';
import { type Entry, Journal } from './journal.ts';

export interface RouterEvents {
  /** A new route. Its epoch is new only if the primary is. */
  route(route: Route): void;
  /** A verdict that differs from the one before. */
  verdict(entry: Entry, verdict: Verdict): void;
}

export class Router {
  readonly journal = new Journal();
  #route: Route = noRoute;
  #verdict: Verdict | undefined;
  #memory: Memory = noMemory;
  #signature = '';
  /** The server of the present route; undefined if it has none. */
  #server: string | undefined;
  /** The server of the last route that had one: its sessions live on while there is none. */
  #lastServer: string | undefined;
  #positions: Positions = noPositions;
  #rotation: readonly Place[] = [];
  readonly #rules: Rules;
  readonly #rotationRules: RotationRules;
  readonly #events: RouterEvents;

  constructor(rules: Rules, events: RouterEvents, rotationRules: RotationRules = everyStandby) {
    this.#rules = rules;
    this.#rotationRules = rotationRules;
    this.#events = events;
  }

  get route(): Route {
    return this.#route;
  }

  /** The candidates as the standby port sees them. */
  get rotation(): readonly Place[] {
    return this.#rotation;
  }

  /** Undefined before the first observation. */
  get verdict(): Verdict | undefined {
    return this.#verdict;
  }

  /** Holds an election over `observations` at `now`, in monotonic milliseconds. Cheap: call it at every change. */
  decide(observations: readonly Observation[], now: number): void {
    const verdict = elect(observations, this.#memory, now, this.#rules);
    if (verdict.primary) this.#positions = withPrimary(this.#positions, verdict.primary.answer);
    this.#rotation = rotationOf(verdict.findings, this.#positions, this.#rotationRules);
    const route = this.#next(verdict);
    const news = signature(verdict, route.epoch);
    const isNews = news !== this.#signature;
    this.#verdict = verdict;
    this.#memory = verdict.memory;
    this.#signature = news;
    if (!sameRoute(route, this.#route)) {
      this.#route = route;
      this.#events.route(route);
    }
    if (isNews) this.#events.verdict(this.journal.add(verdict, route.epoch), verdict);
  }

  #next(verdict: Verdict): Route {
    const answer = verdict.primary?.answer;
    const primary = answer && { host: answer.host, port: answer.port };
    const server = answer && identity(answer);
    const isSame = server === this.#server && sameText(primary, this.#route.primary);
    const epoch = isSame ? this.#route.epoch : this.#route.epoch + 1;
    const isOther = server !== undefined && this.#lastServer !== undefined && server !== this.#lastServer;
    this.#server = server;
    this.#lastServer = server ?? this.#lastServer;
    return {
      epoch,
      fence: isOther ? epoch : this.#route.fence,
      primary,
      standbys: this.#rotation.flatMap(({ standing, answer, weight }) =>
        standing === 'standby' && answer
          ? [{ address: { host: answer.host, port: answer.port }, weight }]
          : []
      ),
      reason: verdict.reason,
      detail: verdict.findings.map(({ candidate, note }) => `${candidate.name} ${note}`).join('\n'),
      standbyDetail: this.#rotation.flatMap(({ candidate, out }) => out ? [`${candidate.name} ${out}`] : [])
        .join('\n'),
    };
  }
}

/**
 * A server as sessions see it: whoever is promoted or started again is another one, and its old sessions are lost;
 * a name that resolves to another address of the same server is not.
 */
function identity({ system, timeline, startedAt }: Answer): string {
  return `${system} ${timeline} ${startedAt}`;
}

/**
 * What makes a verdict news. Texts with figures in them may change at every probe; and whoever won a split brain, or was
 * elected because everybody follows it, is the incumbent in the next election, which is another rule and nothing new.
 */
function signature({ rule, primary, findings, splitBrain }: Verdict, epoch: number): string {
  const standings = findings.map(({ candidate, standing }) => `${candidate.name} ${standing}`);
  const outcome = primary
    ? `${primary.candidate.name} ${primary.answer.timeline} ${splitBrain ? 'of several' : lasting(rule)}`
    : rule;
  return [epoch, outcome, ...standings].join('|');
}

function lasting(rule: Rule): Rule {
  return rule === 'everybodyFollows' ? 'onlyPrimary' : rule;
}

function sameRoute(a: Route, b: Route): boolean {
  return a.epoch === b.epoch && a.fence === b.fence && a.reason === b.reason && a.detail === b.detail &&
    a.standbyDetail === b.standbyDetail &&
    sameText(a.primary, b.primary) && sameText(a.standbys, b.standbys);
}

function sameText(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
