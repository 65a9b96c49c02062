/**
 * The order of decisions, in one place. After each answer or failure of a probe, and once a second in between:
 *
 * 0. nothing but leases, where this program itself did not run, until each candidate was asked again;
 * 1. election: which server is the primary, and which route follows from it;
 * 2. leases: until when the servers' answers count in the data plane, before any route sends clients there;
 * 3. publish the route, if it is another one;
 * 4. record: evidence, journal, history, log; what goes wrong there keeps nobody waiting;
 * 5. pace: while in doubt, candidates are asked faster;
 * 6. reap: end the sessions on servers that are dead or must not be read from, after the route that avoids them.
 */
import type { Memory, Rules, Verdict } from '../cluster/election.ts';
import { countsUntil } from '../cluster/finding.ts';
import { forget, type Forgettable } from '../cluster/forget.ts';
import type { Observation } from '../cluster/observation.ts';
import { isJudged, type Stall, withoutStall } from '../cluster/stall.ts';
import type { RotationRules } from '../cluster/rotation.ts';
import { noRoute, type Route } from '../contract/messages.ts';
import { serverAddress } from '../runtime/addresses.ts';
import type { Log } from '../log.ts';
import { Attention } from './attention.ts';
import type { Drill, DrillKind } from './drill.ts';
import { Evidence, outcomeOf } from './evidence.ts';
import { History } from './history.ts';
import { Journal } from './journal.ts';
import type { Lease } from './leases.ts';
import { LogLimiter } from './log-limiter.ts';
import { type Decision, Router } from './router.ts';
import { type SessionEnder, SessionReaper } from './session-reaper.ts';

export interface ControllerOptions {
  readonly rules: Rules;
  readonly rotation: RotationRules;
  readonly hasStandbyPort: boolean;
  readonly deadAfterMs: number;
  /** How long a probe may take. */
  readonly probeMs: number;
}

/** The data plane, as far as decisions reach it. */
export interface DataPlaneControl extends SessionEnder {
  renewLeases(leases: readonly Lease[]): void;
  publish(route: Route): void;
}

/** The pace of the probes. */
export interface PaceControl {
  setFast(isFast: boolean): void;
}

type Guard = (where: string, fn: () => void) => void;

export class Controller {
  readonly journal = new Journal();
  readonly history = new History();
  readonly evidence = new Evidence();
  /** Verdicts that differed from the one before. */
  verdicts = 0;
  #last: Decision | undefined;
  #stall: Stall | undefined;
  #drill: Drill | undefined;
  #published: Route = noRoute;
  #options: ControllerOptions;
  readonly #router: Router;
  readonly #reaper: SessionReaper;
  readonly #attention: Attention;
  readonly #dataPlane: DataPlaneControl;
  readonly #prober: PaceControl;
  readonly #limiter: LogLimiter;
  readonly #guard: Guard;

  /** What `guard` gets is not needed for clients: what it throws goes no further. */
  constructor(
    options: ControllerOptions,
    dataPlane: DataPlaneControl,
    prober: PaceControl,
    log: Log,
    guard: Guard = (_, fn) => fn(),
  ) {
    this.#guard = guard;
    this.#options = options;
    this.#router = new Router(options.rules, options.rotation);
    this.#limiter = new LogLimiter(log);
    this.#reaper = new SessionReaper(options.deadAfterMs, this.#limiter.log);
    this.#attention = new Attention(this.#limiter.log);
    this.#dataPlane = dataPlane;
    this.#prober = prober;
  }

  /** Goes on with other rules; what was decided and is remembered stays. */
  reconfigure(options: ControllerOptions): void {
    this.#options = options;
    this.#router.reconfigure(options.rules, options.rotation);
    this.#reaper.reconfigure(options.deadAfterMs);
  }

  /** Undefined before the first observation. */
  get verdict(): Verdict | undefined {
    return this.#last?.verdict;
  }

  get route(): Route {
    return this.#last?.route ?? noRoute;
  }

  /** The candidates as the standby port sees them. */
  get rotation(): Decision['rotation'] {
    return this.#last?.rotation ?? [];
  }

  /** Whether the last election that had a winner chose this candidate. */
  isIncumbent(candidate: string): boolean {
    return this.verdict?.memory.incumbent === candidate;
  }

  /** What the next election will be given from those before it. */
  get memory(): Memory {
    return this.#router.memory;
  }

  /** The next election does not know it any more. */
  forget(what: Forgettable): void {
    this.#router.memory = forget(this.#router.memory, what);
  }

  /** The one that goes on. */
  get drill(): Drill | undefined {
    return this.#drill;
  }

  /** Takes effect with the next decision; only while there is a route. */
  rehearse(kind: DrillKind, ms: number, now: number): void {
    this.#limiter.log('drill', { drill: kind, ms: kind === 'fence' ? undefined : ms });
    this.history.drills.set(kind, (this.history.drills.get(kind) ?? 0) + 1);
    if (kind === 'fence') return this.#router.fence();
    this.#router.withhold();
    this.#drill = { kind, until: now + ms };
  }

  /** This program did not run until `now`. Verdict and route stay until each candidate was asked again. */
  stalled(now: number): void {
    this.#stall = { endedAt: now, judgeAt: now + this.#options.probeMs };
  }

  /**
   * `now` in monotonic milliseconds. Cheap: call it at every change. Where it throws, the route stays, and leases are not
   * renewed: if that goes on, new clients wait, as where the control plane hangs.
   */
  decide(observations: readonly Observation[], now: number): void {
    const { rules, hasStandbyPort } = this.#options;
    this.#limiter.begin(now);
    const renewLeases = () => this.#dataPlane.renewLeases(leasesOf(observations, rules));
    if (this.#last && this.#stall && !isJudged(observations, this.#stall, now)) return renewLeases();
    if (this.#drill && now >= this.#drill.until) this.#router.release();
    const { memory: before, route: { epoch } } = this.#router;
    const decision = this.#router.decide(observations, now);
    this.#last = decision;
    const { verdict, route, isNewVerdict, drill } = decision;
    renewLeases();
    // Not by what the router calls new: that one may have come to nothing.
    if (route !== this.#published) this.#dataPlane.publish(route);
    this.#published = route;
    this.#guard('record', () => {
      if (this.#drill && drill === undefined) this.#endDrill(now);
      const outcome = outcomeOf(verdict);
      const decided = { at: now, observations, rules, before, after: verdict.memory, outcome };
      this.evidence.note(decided, isNewVerdict, route.epoch !== epoch);
      this.#record(decision, observations, now);
    });
    this.#prober.setFast(isInDoubt(verdict));
    const heard = this.#stall ? withoutStall(observations, this.#stall) : observations;
    this.#reaper.reap(heard, hasStandbyPort ? decision.rotation : [], now, this.#dataPlane);
  }

  #record(
    { verdict, route, isNewVerdict, drill }: Decision,
    observations: readonly Observation[],
    now: number,
  ): void {
    this.history.note(observations, verdict, route, now, drill);
    this.#attention.noteHidden(observations);
    if (!isNewVerdict) return;
    this.verdicts += 1;
    this.journal.add(verdict, route.epoch, new Date(), drill);
    this.#attention.note(verdict);
    this.#logVerdict(verdict, route.epoch, drill);
  }

  #endDrill(now: number): void {
    const { kind, until } = this.#drill!;
    this.#drill = undefined;
    const why = now >= until
      ? 'its time is over'
      : 'the primary is lost or another one: what follows is no drill';
    this.#limiter.log('drill_over', { drill: kind, why });
  }

  #logVerdict(
    { rule, primary, reason, splitBrain, findings }: Verdict,
    epoch: number,
    drill: DrillKind | undefined,
  ): void {
    const fields = {
      primary: primary?.candidate.name ?? 'nobody',
      timeline: primary?.answer.timeline,
      epoch,
      rule,
      reason,
      drill,
      candidates: findings.map(({ candidate, standing }) => `${candidate.name}:${standing}`).join(' '),
    };
    const isMissed = primary === undefined && rule !== 'firstRound';
    this.#limiter.log(splitBrain ? 'split_brain' : isMissed ? 'no_primary' : 'verdict', fields);
  }
}

/** The last answers count until they are too old for the election, too. */
function leasesOf(observations: readonly Observation[], { maxAgeMs }: Rules): Lease[] {
  return observations.flatMap((observation) => {
    const { answer } = observation;
    if (answer === undefined) return [];
    const server = serverAddress(answer);
    return [{ server, until: countsUntil(observation, maxAgeMs) }];
  });
}

function isInDoubt({ primary }: Verdict): boolean {
  return primary === undefined || primary.standing === 'doubtful';
}
