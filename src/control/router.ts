/**
 * Turns what is known of the candidates into the route. It decides nothing itself: the election does. It never withdraws
 * a session; it only says which epochs have lost their server.
 */
import { elect, type Memory, noMemory, type Rule, type Rules, type Verdict } from '../cluster/election.ts';
import { noPositions, type Positions, withPrimary } from '../cluster/lag.ts';
import { isSameOrHidden } from '../cluster/hidden.ts';
import type { Answer, Observation } from '../cluster/observation.ts';
import { everyStandby, type RotationEntry, rotationOf, type RotationRules } from '../cluster/rotation.ts';
import { noRoute, type Route, type Standby } from '../contract/messages.ts';
import { isSameAddress, serverAddress } from '../runtime/addresses.ts';
import type { DrillKind } from './drill.ts';

/** What an election led to. */
export interface Decision {
  readonly verdict: Verdict;
  /** Its epoch is new only if the primary is. */
  readonly route: Route;
  /** The candidates as the standby port sees them. */
  readonly rotation: readonly RotationEntry[];
  /** The route is another one than before. */
  readonly isNewRoute: boolean;
  /** The verdict differs from the one before, in more than figures. */
  readonly isNewVerdict: boolean;
  /** What of the route is a drill, and not what follows from the verdict. */
  readonly drill: DrillKind | undefined;
}

export class Router {
  /** What earlier elections have left to the next one. */
  memory: Memory = noMemory;
  #route: Route = noRoute;
  #signature = '';
  /** The server of the present route; undefined if it has none. */
  #server: Answer | undefined;
  /** The server of the last route that had one: its sessions live on while there is none. */
  #lastServer: Answer | undefined;
  /** Of this server a drill withdraws the route. */
  #withheld: Answer | undefined;
  #isFencing = false;
  #positions: Positions = noPositions;
  #rules: Rules;
  #rotationRules: RotationRules;

  constructor(rules: Rules, rotationRules: RotationRules = everyStandby) {
    this.#rules = rules;
    this.#rotationRules = rotationRules;
  }

  get route(): Route {
    return this.#route;
  }

  /** The next election goes by these. */
  reconfigure(rules: Rules, rotationRules: RotationRules): void {
    this.#rules = rules;
    this.#rotationRules = rotationRules;
  }

  /** The present server is no route from the next decision on: until `release`, or until it is not the elected one. */
  withhold(): void {
    this.#withheld = this.#server;
  }

  release(): void {
    this.#withheld = undefined;
  }

  /** The next decision ends all sessions on the present server, as if it were another one. */
  fence(): void {
    this.#isFencing = true;
  }

  /** Holds an election over `observations` at `now`, in monotonic milliseconds. Cheap: call it at every change. */
  decide(observations: readonly Observation[], now: number): Decision {
    const verdict = elect(observations, this.memory, now, this.#rules);
    this.memory = verdict.memory;
    if (verdict.primary) this.#positions = withPrimary(this.#positions, verdict.primary.answer);
    const rotation = rotationOf(verdict.findings, this.#positions, this.#rotationRules);
    const drill = this.#drill(verdict);
    const next = this.#next(verdict, rotation, drill);
    const isNewRoute = !sameRoute(next, this.#route);
    if (isNewRoute) this.#route = next;
    const nextSignature = signature(verdict, next.epoch);
    const isNewVerdict = nextSignature !== this.#signature;
    this.#signature = nextSignature;
    return { verdict, route: this.#route, rotation, isNewRoute, isNewVerdict, drill };
  }

  /** A loss that is real ends a drill: nothing of it is hidden. */
  #drill({ primary }: Verdict): DrillKind | undefined {
    const server = primary?.answer;
    if (!isSameServer(server, this.#withheld)) this.#withheld = undefined;
    const isFencing = this.#isFencing && server !== undefined && isSameServer(server, this.#server);
    this.#isFencing = false;
    if (this.#withheld !== undefined) return 'no-primary';
    return isFencing ? 'fence' : undefined;
  }

  #next(verdict: Verdict, rotation: readonly RotationEntry[], drill: DrillKind | undefined): Route {
    const answer = drill === 'no-primary' ? undefined : verdict.primary?.answer;
    const primary = answer && serverAddress(answer);
    const isFence = drill === 'fence';
    const isSame = !isFence && isSameServer(answer, this.#server) &&
      isSameAddress(primary, this.#route.primary);
    const epoch = isSame ? this.#route.epoch : this.#route.epoch + 1;
    const isOther = answer !== undefined && this.#lastServer !== undefined &&
      !isSameServer(answer, this.#lastServer);
    this.#server = answer;
    this.#lastServer = answer ?? this.#lastServer;
    return {
      epoch,
      fence: isOther || isFence ? epoch : this.#route.fence,
      primary,
      standbys: rotation.flatMap(({ standing, answer, weight }) =>
        standing === 'standby' && answer ? [{ address: serverAddress(answer), weight }] : []
      ),
      reason: drill === 'no-primary'
        ? `a drill: new clients wait although ${verdict.reason}`
        : verdict.reason,
      detail: verdict.findings.map(({ candidate, note }) => `${candidate.name} ${note}`).join('\n'),
      standbyDetail: rotation.flatMap(({ candidate, out }) => out ? [`${candidate.name} ${out}`] : [])
        .join('\n'),
    };
  }
}

/**
 * A server as sessions see it: one that is promoted or started again counts as another server, as its old sessions are
 * lost; a name that resolves to another address of the same server does not make it another one.
 */
function isSameServer(a: Answer | undefined, b: Answer | undefined): boolean {
  return a?.startedAt === b?.startedAt && isSameOrHidden(a?.timeline, b?.timeline) &&
    isSameOrHidden(a?.system, b?.system);
}

/**
 * What makes a verdict differ from the one before. Texts are left out: the figures in them may change at every probe. A
 * server that won a split brain, or was elected because all others follow it or belong to its system, is the incumbent in the next election:
 * that is another rule, but nothing new.
 */
function signature({ rule, primary, findings, splitBrain }: Verdict, epoch: number): string {
  const standings = findings.map(({ candidate, standing }) => `${candidate.name} ${standing}`);
  const outcome = primary
    ? `${primary.candidate.name} ${primary.answer.timeline} ${splitBrain ? 'of several' : lasting(rule)}`
    : rule;
  return [epoch, outcome, ...standings].join('|');
}

function lasting(rule: Rule): Rule {
  return rule === 'everybodyFollows' || rule === 'newSystem' ? 'onlyPrimary' : rule;
}

function sameRoute(a: Route, b: Route): boolean {
  return a.epoch === b.epoch && a.fence === b.fence && a.reason === b.reason && a.detail === b.detail &&
    a.standbyDetail === b.standbyDetail &&
    isSameAddress(a.primary, b.primary) && a.standbys.length === b.standbys.length &&
    a.standbys.every((standby, index) => isSameStandby(standby, b.standbys[index]!));
}

function isSameStandby(a: Standby, b: Standby): boolean {
  return a.weight === b.weight && isSameAddress(a.address, b.address);
}
