/**
 * One host and port of CANDIDATES, or of an SRV record: its addresses, an address probe for each, and which of them are one
 * server. A name with one address (of each family) is presumed to be one server under the name `host:port`, wherever
 * it moves; of several addresses each is presumed to be a server of its own, `host[address]:port`. The answers
 * correct both: same start, and seen to be the same server. A candidate keeps the name that it has once got.
 */
import { type Candidate, candidateBehind } from '../cluster/candidate.ts';
import { type Observation, unobserved, withAnswer, withFailure } from '../cluster/observation.ts';
import type { Log } from '../log.ts';
import { AddressProbe, type AddressProbeOptions, type AddressProbeTools } from './address-probe.ts';
import { Discovery, type DiscoveryOptions } from './discovery.ts';
import { ProbeError } from './failure.ts';
import { answers, type GroupMember, isSameServer, ServerGroup } from './server-group.ts';
import type { Resolver } from './resolver.ts';

export interface NameProbeOptions extends AddressProbeOptions, DiscoveryOptions {}

export interface NameProbeTools extends AddressProbeTools {
  readonly resolver: Resolver;
  /** The faster pace at which new address probes begin. */
  isFast(): boolean;
  /** Whether the election's last choice was this candidate. */
  isIncumbent(candidate: string): boolean;
  /** Whether one more address may be probed. */
  hasRoom(address: string): boolean;
  log: Log;
}

export interface NameProbeEvents {
  /** Something about the observations is new. */
  changed(): void;
  /** An address of it does not work. */
  suspected(): void;
  /** See AddressProbeEvents. */
  ended(): void;
  /** The answer of the incumbent, which is this candidate, is overdue, until `changed`. */
  overdue(candidate: string): void;
}

export class NameProbe {
  readonly #candidate: Candidate;
  readonly #options: NameProbeOptions;
  readonly #tools: NameProbeTools;
  readonly #events: NameProbeEvents;
  readonly #discovery: Discovery<readonly string[]> | undefined;
  #groups: readonly ServerGroup[] = [];
  /** The observation while no address is known. */
  #unresolved: Observation;
  #isLost = false;
  /** Addresses that were told to be another server: one that says so again and again is told of once. */
  readonly #different = new Set<string>();
  /** No entry names it any more; it is here because it holds the incumbent. */
  #isGone = false;

  constructor(
    candidate: Candidate,
    options: NameProbeOptions,
    tools: NameProbeTools,
    events: NameProbeEvents,
  ) {
    this.#candidate = candidate;
    this.#options = options;
    this.#tools = tools;
    this.#events = events;
    this.#unresolved = unobserved(candidate);
    const { host } = candidate;
    if (isNumeric(host)) return;
    this.#discovery = new Discovery(host, () => tools.resolver.addresses(host), options, {
      found: (addresses) => {
        this.#isLost = false;
        this.#found(addresses);
        this.#events.changed();
      },
      failed: (error) => this.#failed(error),
    });
  }

  /** To be called once. */
  start(): void {
    if (this.#discovery) this.#discovery.start();
    else this.#found([this.#candidate.host]);
  }

  /** Leaves no timer and no socket, and reports nothing any more. For ever. */
  stop(): void {
    this.#discovery?.stop();
    for (const { probe } of this.members) probe.stop();
  }

  /** What its servers said that answer no more. */
  forgetOldAnswers(): void {
    for (const group of this.#groups) group.forgetOldAnswers();
  }

  /** Whether it has to stay although no SRV record names it any more. */
  isKept(): boolean {
    const incumbent = this.observations.find(({ candidate }) => this.#tools.isIncumbent(candidate.name));
    if (incumbent !== undefined && !this.#isGone) this.#logKept(incumbent.candidate.name);
    this.#isGone = true;
    return incumbent !== undefined;
  }

  get members(): readonly GroupMember[] {
    return this.#groups.flatMap(({ members }) => members);
  }

  /** One or more. */
  get observations(): readonly Observation[] {
    return this.#groups.length > 0 ? this.#groups.map(({ observation }) => observation) : [this.#unresolved];
  }

  /** The addresses that a lookup found: new ones are probed, and those that are missing are given up. */
  #found(addresses: readonly string[]): void {
    const found = [...new Set(addresses)];
    const isOne = isOneServer(found);
    const moves = isOne && this.#groups.length === 1 && this.#groups[0]?.candidate === this.#candidate;
    for (const group of this.#groups) {
      for (const member of group.members) {
        if (found.includes(member.address)) member.isGone = false;
        else if (!this.#isKept(group, member, moves)) this.#drop(group, member);
      }
    }
    if (!moves) this.#forgetEmpty();
    const known = new Set(this.members.map(({ address }) => address));
    for (const address of found.filter((address) => !known.has(address))) {
      if (this.#tools.hasRoom(address)) this.#add(address, isOne);
    }
    this.#forgetEmpty();
    for (const group of this.#groups) group.wake();
    if (this.#groups.length === 0) this.#fail(tooMany());
  }

  /**
   * Name servers alone never take away a primary that clients are sent to. One that does not answer any more stays
   * until another one is elected, because its sessions are not ended before; unless its name has plainly moved.
   */
  #isKept(group: ServerGroup, member: GroupMember, moves: boolean): boolean {
    const isInUse = this.#tools.isIncumbent(group.candidate.name) && group.speaker === member;
    if (!isInUse || (moves && !answers(member))) return false;
    if (!member.isGone) this.#logKept(group.candidate.name);
    return member.isGone = true;
  }

  #logKept(candidate: string): void {
    this.#tools.log('primary_left', {
      candidate,
    });
  }

  #drop(group: ServerGroup, member: GroupMember): void {
    member.probe.stop();
    group.remove(member);
    this.#different.delete(member.address);
    const fields = { candidate: group.candidate.name, address: member.address };
    this.#tools.log('address_gone', fields);
  }

  #add(address: string, isOne: boolean): void {
    const group = (isOne ? this.#presumed() : undefined) ?? this.#newGroupFor(address);
    const { host, port } = this.#candidate;
    const probe = new AddressProbe({ host: address, port, serverName: host }, this.#options, this.#tools, {
      answered: (answer) => this.#note(member, (before) => withAnswer(before, answer)),
      failed: (failure) => this.#note(member, (before) => withFailure(before, failure)),
      ended: () => this.#events.ended(),
      isInUse: () => this.#tools.isIncumbent(member.observation.candidate.name),
      overdue: () => this.#events.overdue(member.observation.candidate.name),
    });
    const observation = group.members.length > 0 ? unobserved(group.candidate) : group.observation;
    const member: GroupMember = { address, probe, observation, isGone: false, isResting: false };
    group.add(member);
    probe.setFast(this.#tools.isFast());
    probe.start();
    if (this.#discovery) {
      this.#tools.log('address_found', { candidate: group.candidate.name, address });
    }
  }

  #note(member: GroupMember, change: (before: Observation) => Observation): void {
    const group = this.#groups.find(({ members }) => members.includes(member));
    if (group === undefined) return;
    const { best } = group;
    member.observation = change(member.observation);
    // What this one says may show that another is not the same server.
    for (const one of answers(member) ? [member, ...group.members] : []) {
      if (answers(one) && group.members.includes(one)) this.#regroup(one, group, best);
    }
    for (const group of this.#groups) group.settle();
    if (
      this.#groups.some(({ members, observation: { failures } }) => members.includes(member) && failures > 0)
    ) {
      this.#discovery?.suspect();
      this.#events.suspected();
    }
    this.#events.changed();
  }

  /** Moves an address that has just answered to those of the same server, and away from those of other servers. */
  #regroup(member: GroupMember, group: ServerGroup, best: GroupMember | undefined): void {
    const others = (of: ServerGroup): GroupMember[] =>
      of.members.filter((other) => other !== member && answers(other));
    const isIn = (other: ServerGroup, is: true | undefined): boolean =>
      others(other).some((one) => isSameServer(one, member) === is);
    // As long as it is not known it stays where it is.
    const sameServer = this.#groups.find((other) => isIn(other, true)) ??
      (isIn(group, undefined) ? group : undefined);
    const isAmongOthers = member !== best && others(group).length > 0;
    if (sameServer === group || (sameServer === undefined && !isAmongOthers)) return;
    // Of two groups that are seen to be one server the name of the first stays.
    const isFirst = sameServer !== undefined && group.members.length === 1 &&
      this.#groups.indexOf(group) < this.#groups.indexOf(sameServer);
    for (const one of isFirst ? sameServer.members : [member]) {
      (isFirst ? sameServer : group).remove(one);
      (isFirst ? group : sameServer ?? this.#newGroupFor(member.address)).add(one);
    }
    this.#forgetEmpty();
    const { name } = this.#candidate;
    const { address } = member;
    if (sameServer !== undefined || this.#different.has(address)) return;
    this.#different.add(address);
    this.#tools.log('addresses_differ', { name, address });
  }

  /** The group of an address that is the only one of its family; undefined: it is a server of its own. */
  #presumed(): ServerGroup | undefined {
    const [group, another] = this.#groups;
    if (group === undefined) return this.#newGroup(this.#candidate);
    const isHere = group.candidate === this.#candidate || group.members.some(({ isGone }) => !isGone);
    return isHere && another === undefined ? group : undefined;
  }

  #newGroup(candidate: Candidate): ServerGroup {
    const group = new ServerGroup(candidate);
    this.#groups = [...this.#groups, group];
    return group;
  }

  /** A new group for this address. A group that still has the name of a former member gets that of one that is left. */
  #newGroupFor(address: string): ServerGroup {
    const candidate = candidateBehind(this.#candidate, address);
    const namesake = this.#groups.find((group) => group.candidate.name === candidate.name);
    const remaining = namesake?.speaker?.address;
    if (remaining !== undefined) namesake?.rename(candidateBehind(this.#candidate, remaining));
    return this.#newGroup(candidate);
  }

  #forgetEmpty(): void {
    this.#groups = this.#groups.filter(({ members }) => members.length > 0);
  }

  #failed(error: ProbeError): void {
    if (!this.#isLost) {
      const fields = { name: this.#candidate.host, why: error.message };
      this.#tools.log('name_unresolved', fields);
    }
    this.#isLost = true;
    this.#fail(error);
    if (this.#groups.length === 0) this.#events.changed();
  }

  #fail({ kind, message }: ProbeError): void {
    this.#unresolved = withFailure(this.#unresolved, { at: this.#tools.clock.now(), kind, message });
  }
}

/** At most one address of each family. */
function isOneServer(addresses: readonly string[]): boolean {
  const ipv6 = addresses.filter((address) => address.includes(':')).length;
  return ipv6 <= 1 && addresses.length - ipv6 <= 1;
}

function tooMany(): ProbeError {
  return new ProbeError(
    'unresolved',
    'is not probed, there are too many candidates: name fewer servers in CANDIDATES',
  );
}

/** IPv4, anything with a colon, which no name can have, or the folder of a unix socket. */
function isNumeric(host: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || host.includes(':') || host.startsWith('/');
}
