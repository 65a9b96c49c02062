/**
 * Asks all candidates who they are, side by side, so that a hung one delays nobody, and keeps what is known of each.
 * Which servers there are follows DNS: hosts come and go with the records of a service, addresses with their hosts.
 */
import { type Candidate, candidateAt, type Entry, maxCandidates } from '../cluster/candidate.ts';
import { isRepetition, type Observation, unobserved, withFailure } from '../cluster/observation.ts';
import type { Log } from '../log.ts';
import type { Runtime, Timer } from '../runtime/runtime.ts';
import type { AddressProbeOptions, AddressProbeTools } from './address-probe.ts';
import type { Credentials } from './credentials.ts';
import { Discovery } from './discovery.ts';
import { NameProbe, type NameProbeOptions, type NameProbeTools } from './name-probe.ts';
import { minGapMs, ProbeTicker } from './pace.ts';
import { openProbe } from './query.ts';
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
}

/** What tests replace. */
export interface ProberTools {
  readonly open?: AddressProbeTools['open'] | undefined;
  readonly resolver?: Resolver | undefined;
  readonly random?: (() => number) | undefined;
}

interface Service {
  readonly entry: Entry;
  readonly discovery: Discovery<readonly Target[]>;
  /** Empty until the first lookup. */
  targets: readonly Candidate[];
  unresolved: Observation;
}

export class Prober {
  readonly #entries: readonly Entry[];
  readonly #events: ProberEvents;
  readonly #options: NameProbeOptions;
  readonly #tools: NameProbeTools;
  /** By the names of their entries. */
  readonly #services = new Map<string, Service>();
  /** By `host:port`; the present ones, in the order of the entries. */
  #names: ReadonlyMap<string, NameProbe> = new Map();
  #told: readonly Observation[] = [];
  #soon: Timer | undefined;
  #isFast = false;
  #isFull = false;

  constructor(
    entries: readonly Entry[],
    credentials: Credentials,
    options: ProberOptions,
    clock: Pick<Runtime, 'now' | 'after'>,
    events: ProberEvents,
    tools: ProberTools = {},
  ) {
    const { nameServers } = options;
    this.#entries = entries;
    this.#events = events;
    this.#options = { ...options, dnsTimeoutMs: options.connectTimeoutMs, clock };
    this.#tools = {
      clock,
      random: tools.random ?? Math.random,
      ticker: new ProbeTicker(),
      open: tools.open ?? ((target, events) => openProbe(target, credentials, events)),
      resolver: tools.resolver ?? (nameServers ? resolverBy(nameServers) : systemResolver()),
      isFast: () => this.#isFast,
      isIncumbent: events.isIncumbent,
      hasRoom: (address) => this.#hasRoom(address),
      log: events.log,
    };
    for (const entry of entries) {
      if (entry.kind === 'service') this.#services.set(entry.name, this.#serviceOf(entry));
    }
    this.#names = this.#present();
  }

  /** What is known now, in the order of CANDIDATES; services without known servers come last. */
  get observations(): readonly Observation[] {
    const unresolved = [...this.#services.values()].filter(({ targets }) => targets.length === 0);
    const hosts = [...this.#names.values()].flatMap(({ observations }) => observations);
    return [...hosts, ...unresolved.map(({ unresolved }) => unresolved)];
  }

  /** Begins with all of them at once. Only once in the life of a prober. */
  start(): void {
    for (const host of this.#names.values()) host.start();
    for (const { discovery } of this.#services.values()) discovery.start();
  }

  /** Leaves no timer and no socket, and reports nothing any more. For ever. */
  stop(): void {
    for (const host of this.#names.values()) host.stop();
    for (const { discovery } of this.#services.values()) discovery.stop();
    this.#soon?.cancel();
  }

  /** The faster pace, for as long as there is no primary or one is suspected. */
  setFast(isFast: boolean): void {
    this.#isFast = isFast;
    for (const probe of this.#probes()) probe.setFast(isFast);
  }

  /** Asks everybody at once; whoever is being asked is asked again right after. Cheap to call often. */
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

  /** Hosts that a service names no more go, new ones are looked up. */
  #follow(): void {
    const before = this.#names;
    this.#names = this.#present();
    for (const [name, host] of before) if (!this.#names.has(name)) host.stop();
    for (const [name, host] of this.#names) if (!before.has(name)) host.start();
    this.#publish();
  }

  /** What the entries name, and whoever holds the incumbent. */
  #present(): ReadonlyMap<string, NameProbe> {
    const named = this.#entries.flatMap((entry) => this.#services.get(entry.name)?.targets ?? [entry]);
    const hosts = new Map<string, NameProbe>();
    for (const candidate of named) {
      if (hosts.has(candidate.name)) continue;
      if (hosts.size < maxCandidates) {
        hosts.set(candidate.name, this.#names.get(candidate.name) ?? this.#hostOf(candidate));
      } else this.#tellFull(candidate.name);
    }
    for (const [name, host] of this.#names) if (!hosts.has(name) && host.isKept()) hosts.set(name, host);
    return hosts;
  }

  #hostOf(candidate: Candidate): NameProbe {
    return new NameProbe(candidate, this.#options, this.#tools, {
      changed: () => this.#publish(),
      suspected: () => this.#suspect(candidate),
      ended: () => this.probeNow(),
    });
  }

  /** The services that name it may name another one by now. */
  #suspect({ name }: Candidate): void {
    for (const { targets, discovery } of this.#services.values()) {
      if (targets.some((target) => target.name === name)) discovery.suspect();
    }
  }

  #hasRoom(address: string): boolean {
    const hasRoom = this.#probes().length < maxCandidates;
    if (!hasRoom) this.#tellFull(address);
    return hasRoom;
  }

  /** Once: which ones are too many may change at each lookup. */
  #tellFull(candidate: string): void {
    if (this.#isFull) return;
    this.#isFull = true;
    const fields = { limit: maxCandidates, candidate };
    this.#tools.log('too_many_candidates', fields);
  }

  /**
   * At once what somebody has to act on. Servers that are asked at the same time and say the same as ever are gathered:
   * what follows from their answers costs as much processor time as the questions. The last of them tells it, or time.
   */
  #publish(): void {
    const isGathered = isRepetition(this.#told, this.observations) &&
      this.#probes().some(({ isAsking }) => isAsking);
    if (isGathered) this.#soon ??= this.#tools.clock.after(minGapMs, () => this.#report());
    else this.#report();
  }

  #report(): void {
    this.#soon?.cancel();
    this.#soon = undefined;
    this.#told = this.observations;
    this.#events.observed(this.#told);
  }
}
