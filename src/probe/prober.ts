/**
 * Probes all candidates in parallel, so that a hung one delays no other, and keeps what is known of each. Which servers
 * there are follows DNS: names come and go with the records of a service, addresses with their names.
 */
import { type Candidate, candidateAt, type Entry, maxCandidates } from '../cluster/candidate.ts';
import { groupBy } from '../cluster/group-by.ts';
import { isSameOrHidden } from '../cluster/hidden.ts';
import { isRepetition, type Observation, unobserved, withFailure } from '../cluster/observation.ts';
import { isOneServer } from '../cluster/same-server.ts';
import type { Log } from '../log.ts';
import type { Runtime, Timer } from '../runtime/runtime.ts';
import type { AddressProbeOptions, AddressProbeTools } from './address-probe.ts';
import type { Credentials } from './credentials.ts';
import { Discovery } from './discovery.ts';
import { NameProbe, type NameProbeOptions, type NameProbeTools } from './name-probe.ts';
import { lookEveryMs, LoopWatch } from './loop-watch.ts';
import { minGapMs, ProbeTicker } from './pace.ts';
import { openProbe } from './query.ts';
import { answers } from './server-group.ts';
import { type Resolver, resolverBy, systemResolver, type Target } from './resolver.ts';

export interface ProberOptions extends AddressProbeOptions {
  /** How long what was found for a name is used before it is looked up again. */
  readonly dnsTtlMs: number;
  /** Ask these for all names; undefined: as the system is configured. */
  readonly nameServers?: readonly string[] | undefined;
}

export interface ProberEvents {
  /** All observations, after each change of one; or after several that bring nothing new. Must not throw. */
  observed(observations: readonly Observation[]): void;
  log: Log;
  /** Whether the election's last choice was this candidate: DNS alone does not take it away. */
  isIncumbent(candidate: string): boolean;
  /** The answer of the incumbent takes longer than it has taken of late. */
  overdue?(candidate: string): void;
  /** This program did not run until `now`: all candidates are asked anew, and what was known of them is old. */
  stalled?(now: number): void;
  /** An exception in our own code: what it was for has failed. */
  faulted?(where: string, error: unknown): void;
}

/** What tests replace. */
export interface ProberTools {
  readonly open?: AddressProbeTools['open'] | undefined;
  readonly resolver?: Resolver | undefined;
  readonly random?: (() => number) | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Service {
  readonly entry: Entry;
  readonly discovery: Discovery<readonly Target[]>;
  /** Empty until the first lookup. */
  targets: readonly Candidate[];
  unresolved: Observation;
}

export class Prober {
  #entries: readonly Entry[];
  #credentials: Credentials;
  readonly #events: ProberEvents;
  /** One record that all probes read, so that a reload reaches them. */
  readonly #options: Mutable<NameProbeOptions>;
  readonly #tools: Mutable<NameProbeTools>;
  /** By the names of their entries. */
  readonly #services = new Map<string, Service>();
  /** By `host:port`; the present ones, in the order of the entries. */
  #names: ReadonlyMap<string, NameProbe> = new Map();
  /** A reload has taken them out, and they have the primary. */
  #leaving: readonly NameProbe[] = [];
  #reported: readonly Observation[] = [];
  #reportTimer: Timer | undefined;
  readonly #givenResolver: Resolver | undefined;
  readonly #watch: LoopWatch;
  #watchTimer: Timer | undefined;
  #isFast = false;
  /** The primary's answer is overdue. */
  #isHurried = false;
  #isFull = false;

  constructor(
    entries: readonly Entry[],
    credentials: Credentials,
    options: ProberOptions,
    unguarded: Pick<Runtime, 'now' | 'after'>,
    events: ProberEvents,
    tools: ProberTools = {},
  ) {
    const faulted = events.faulted?.bind(events);
    const after: Runtime['after'] = (ms, fn) =>
      unguarded.after(ms, faulted ? () => guarded(fn, faulted) : fn);
    const clock = { now: () => unguarded.now(), after };
    this.#entries = entries;
    this.#credentials = credentials;
    this.#givenResolver = tools.resolver;
    this.#events = events;
    this.#options = { ...options, dnsTimeoutMs: options.connectTimeoutMs, clock, faulted };
    this.#tools = {
      clock,
      random: tools.random ?? Math.random,
      ticker: new ProbeTicker(),
      open: tools.open ?? ((target, events) => openProbe(target, this.#credentials, events)),
      resolver: tools.resolver ?? resolverOf(options),
      isFast: () => this.#isFast || this.#isHurried,
      isIncumbent: events.isIncumbent,
      hasRoom: (address) => this.#hasRoom(address),
      log: events.log,
      hasStalled: () => this.look(),
      faulted,
    };
    this.#watch = new LoopWatch(clock.now());
    for (const entry of entries) {
      if (entry.kind === 'service') this.#services.set(entry.name, this.#serviceOf(entry));
    }
    this.#names = this.#present();
  }

  /** What is known now, in the order of CANDIDATES; services without known servers come last. */
  get observations(): readonly Observation[] {
    const unresolved = [...this.#services.values()].filter(({ targets }) => targets.length === 0);
    const known = [...this.#names.values()].flatMap(({ observations }) => observations);
    return [...known, ...unresolved.map(({ unresolved }) => unresolved)];
  }

  /** Begins with all of them at once. To be called once. */
  start(): void {
    this.#watch.look(this.#tools.clock.now());
    this.#watchOn();
    for (const probe of this.#names.values()) probe.start();
    for (const { discovery } of this.#services.values()) discovery.start();
  }

  /** Leaves no timer and no socket, and reports nothing any more. For ever. */
  stop(): void {
    for (const probe of this.#names.values()) probe.stop();
    for (const { discovery } of this.#services.values()) discovery.stop();
    this.#reportTimer?.cancel();
    this.#watchTimer?.cancel();
  }

  /**
   * Goes on with another configuration. What is known of the candidates stays; with another login all are asked anew. A
   * candidate that is primary and is named no more stays until another one is elected.
   */
  reconfigure(entries: readonly Entry[], credentials: Credentials, options: ProberOptions): void {
    const isOtherLogin = loginText(credentials, entries) !== loginText(this.#credentials, entries);
    Object.assign(this.#options, { ...options, dnsTimeoutMs: options.connectTimeoutMs });
    this.#tools.resolver = this.#givenResolver ?? resolverOf(options);
    [this.#entries, this.#credentials] = [entries, credentials];
    const names = new Set(entries.map(({ name }) => name));
    for (const [name, { discovery }] of this.#services) {
      if (names.has(name)) continue;
      discovery.stop();
      this.#services.delete(name);
    }
    for (const entry of entries) {
      if (entry.kind !== 'service' || this.#services.has(entry.name)) continue;
      const service = this.#serviceOf(entry);
      this.#services.set(entry.name, service);
      service.discovery.start();
    }
    this.#isFull = false;
    this.#follow();
    const named = new Set(this.#named().map(({ name }) => name));
    this.#leaving = [...this.#names].flatMap(([name, probe]) => named.has(name) ? [] : [probe]);
    if (isOtherLogin) { for (const probe of this.#probes()) probe.beginAnew(); }
  }

  /** Before anything is concluded from the age of what is known. True if this program did not run for a while. */
  look(): boolean {
    const now = this.#tools.clock.now();
    const ms = this.#watch.look(now);
    if (ms === 0) return false;
    this.#tools.log('stalled', { ms });
    for (const probe of this.#probes()) probe.beginAnew();
    this.#events.stalled?.(now);
    return true;
  }

  /** What servers said that answer no more. */
  forgetOldAnswers(): void {
    for (const probe of this.#names.values()) probe.forgetOldAnswers();
  }

  #watchOn(): void {
    this.#watchTimer = this.#tools.clock.after(lookEveryMs, () => {
      this.#watchOn();
      this.look();
    });
  }

  /** The faster pace, for as long as there is no primary or one is suspected. */
  setFast(isFast: boolean): void {
    this.#isFast = isFast;
    this.#pace();
  }

  /** An overdue answer of the primary is doubt enough to ask the others at the fast pace, long before it is a failure. */
  #hurry(candidate: string): void {
    if (this.#isHurried) return;
    this.#isHurried = true;
    this.#tools.log('answer_overdue', { candidate });
    this.#events.overdue?.(candidate);
    this.#pace();
    this.probeNow();
  }

  #pace(): void {
    for (const probe of this.#probes()) probe.setFast(this.#isFast || this.#isHurried);
  }

  /** Asks all candidates at once; one that is being asked is asked again right after. Cheap to call often. */
  probeNow(): void {
    for (const probe of this.#probes()) probe.askNow();
  }

  #probes() {
    return [...this.#names.values()].flatMap(({ members }) => members.map(({ probe }) => probe));
  }

  #serviceOf(entry: Entry): Service {
    const { resolver, clock, log } = this.#tools;
    const discovery = new Discovery(entry.host, () => resolver.targets(entry.host), this.#options, {
      found: (targets) => {
        service.targets = targets.map(({ host, port }) => candidateAt(host, port));
        service.unresolved = unobserved(entry);
        this.#follow();
      },
      failed: ({ kind, message }) => {
        if (service.unresolved.failures === 0) {
          log('name_unresolved', {
            name: entry.name,
            why: message,
          });
        }
        service.unresolved = withFailure(service.unresolved, { at: clock.now(), kind, message });
        if (service.targets.length === 0) this.#publish();
      },
    });
    const service: Service = { entry, discovery, targets: [], unresolved: unobserved(entry) };
    return service;
  }

  /** Names that are in no record of a service any more go, new ones are looked up. */
  #follow(): void {
    const before = this.#names;
    this.#names = this.#present();
    for (const [name, probe] of before) if (!this.#names.has(name)) probe.stop();
    for (const [name, probe] of this.#names) if (!before.has(name)) probe.start();
    this.#publish();
  }

  #named(): readonly Candidate[] {
    return this.#entries.flatMap((entry) => this.#services.get(entry.name)?.targets ?? [entry]);
  }

  /** The names in the entries and in the records of services, and the one that has the incumbent. */
  #present(): ReadonlyMap<string, NameProbe> {
    const present = new Map<string, NameProbe>();
    for (const candidate of this.#named()) {
      if (present.has(candidate.name)) continue;
      if (present.size < maxCandidates) {
        present.set(candidate.name, this.#names.get(candidate.name) ?? this.#probeOf(candidate));
      } else this.#logFull(candidate.name);
    }
    for (const [name, probe] of this.#names) {
      if (!present.has(name) && probe.isKept()) present.set(name, probe);
    }
    return present;
  }

  #probeOf(candidate: Candidate): NameProbe {
    return new NameProbe(candidate, this.#options, this.#tools, {
      changed: () => this.#publish(),
      suspected: () => this.#suspect(candidate),
      ended: () => this.probeNow(),
      overdue: (name) => this.#hurry(name),
    });
  }

  /** The services whose records have this name may have another one by now. */
  #suspect({ name }: Candidate): void {
    for (const { targets, discovery } of this.#services.values()) {
      if (targets.some((target) => target.name === name)) discovery.suspect();
    }
  }

  #hasRoom(address: string): boolean {
    const hasRoom = this.#probes().length < maxCandidates;
    if (!hasRoom) this.#logFull(address);
    return hasRoom;
  }

  /** Once: which ones are too many may change at each lookup. */
  #logFull(candidate: string): void {
    if (this.#isFull) return;
    this.#isFull = true;
    const fields = { limit: maxCandidates, candidate };
    this.#tools.log('too_many_candidates', fields);
  }

  /**
   * Reports at once what may change a decision. Answers of servers that are asked at the same time and that say the
   * same as before are gathered: what follows from them costs as much processor time as the questions. They are
   * reported with the last of them, or after a moment.
   */
  #publish(): void {
    this.#mark();
    if (this.#isHurried && !this.#probes().some(({ isOverdue }) => isOverdue)) {
      this.#isHurried = false;
      this.#pace();
    }
    const isGathered = isRepetition(this.#reported, this.observations) &&
      this.#probes().some(({ isAsking }) => isAsking);
    if (isGathered) this.#reportTimer ??= this.#tools.clock.after(minGapMs, () => this.#report());
    else this.#report();
  }

  /** Those that say the same start at different addresses, as long as they are not seen to be one server. */
  #mark(): void {
    const members = [...this.#names.values()].flatMap(({ members }) => members.filter(answers));
    const starts = groupBy(members, ({ observation }) => observation.answer!.startedAt);
    for (const { probe, observation: { answer } } of members) {
      probe.setMarked(
        starts.get(answer!.startedAt)!.some(({ observation: { answer: other } }) =>
          isSameOrHidden(answer!.system, other!.system) && isOneServer(answer!, other!) !== true
        ),
      );
    }
  }

  #report(): void {
    this.look();
    this.#reportTimer?.cancel();
    this.#reportTimer = undefined;
    this.#reported = this.observations;
    this.#events.observed(this.#reported);
    // What was just observed may have elected another one.
    if (this.#leaving.every((probe) => probe.isKept())) return;
    this.#leaving = [];
    this.#follow();
  }
}

function guarded(fn: () => void, faulted: (where: string, error: unknown) => void): void {
  try {
    fn();
  } catch (error) {
    faulted('prober', error);
  }
}

function resolverOf({ nameServers }: ProberOptions): Resolver {
  return nameServers ? resolverBy(nameServers) : systemResolver();
}

/** All that a login depends on. */
function loginText(credentials: Credentials, entries: readonly Entry[]): string {
  const passwords = entries.map(({ host, port }) => credentials.password(host, port));
  return JSON.stringify([credentials, passwords]);
}
