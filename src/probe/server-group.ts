/**
 * Addresses of one name that are one server, as far as is known: together they are one candidate, and one of them
 * speaks for it. So a dual-stack host is asked at both addresses, and a `localhost` that refuses at ::1 is no alarm.
 */
import type { Candidate } from '../cluster/candidate.ts';
import { withoutOldAnswer } from '../cluster/forget.ts';
import { type Observation, unobserved } from '../cluster/observation.ts';
import { isOneServer } from '../cluster/same-server.ts';
import type { AddressProbe } from './address-probe.ts';

export interface GroupMember {
  readonly address: string;
  readonly probe: AddressProbe;
  observation: Observation;
  /** The last lookup did not find it any more. */
  isGone: boolean;
  /** Another address speaks for the server, so this one is not asked until the next lookup or failure. */
  isResting: boolean;
}

export class ServerGroup {
  #candidate: Candidate;
  #members: readonly GroupMember[] = [];
  #last: Observation;
  #wasAsked = false;

  constructor(candidate: Candidate) {
    this.#candidate = candidate;
    this.#last = unobserved(candidate);
  }

  get candidate(): Candidate {
    return this.#candidate;
  }

  /** In the order in which they were found. */
  get members(): readonly GroupMember[] {
    return this.#members;
  }

  /**
   * What the speaker says; without members, what the last one said. Nothing before it is seen once that those that answer
   * are one server: the first must not speak for all.
   */
  get observation(): Observation {
    if (!this.#wasAsked && this.#isUndecided) return unobserved(this.#candidate);
    return this.speaker?.observation ?? this.#last;
  }

  /** Whether two that answer may be two servers. */
  get #isUndecided(): boolean {
    const [first, ...others] = this.#members.filter(answers);
    return first !== undefined && others.some((other) => isSameServer(first, other) === undefined);
  }

  /**
   * The member whose answer counts. Until all were asked once it is one that was not: an election must not take the
   * first answer of several for all that there is to know.
   */
  get speaker(): GroupMember | undefined {
    const unasked = this.#wasAsked ? undefined : this.#members.find((member) => !wasAsked(member));
    return unasked ?? this.best;
  }

  /** The first that answers, rather one that the name servers still know. */
  get best(): GroupMember | undefined {
    return this.#members.toSorted((a, b) => rank(a) - rank(b))[0];
  }

  /** Its observation stays if it was the last member: a name that moves is still the same candidate. */
  remove(member: GroupMember): void {
    this.#last = this.observation;
    this.#members = this.#members.filter((other) => other !== member);
  }

  add(member: GroupMember): void {
    member.observation = { ...member.observation, candidate: this.#candidate };
    this.#members = [...this.#members, member];
  }

  rename(candidate: Candidate): void {
    this.#candidate = candidate;
    for (const member of this.#members) member.observation = { ...member.observation, candidate };
  }

  forgetOldAnswers(): void {
    this.#last = withoutOldAnswer(this.#last);
    for (const member of this.#members) member.observation = withoutOldAnswer(member.observation);
  }

  /** While the speaker answers the others rest; as soon as it does not, they are asked too. */
  settle(): void {
    this.#wasAsked ||= this.#members.every(wasAsked) && !this.#isUndecided;
    const speaker = this.#wasAsked ? this.speaker : undefined;
    if (speaker === undefined || !answers(speaker)) return this.wake();
    for (const member of this.#members) {
      if (member === speaker || member.isResting || !wasAsked(member)) continue;
      if (answers(member) && isSameServer(member, speaker) !== true) continue;
      member.isResting = true;
      member.probe.stop();
    }
  }

  /** The answers of members that rest are old: they are forgotten, and those members are asked again. */
  wake(): void {
    for (const member of this.#members) {
      if (!member.isResting) continue;
      member.isResting = false;
      member.observation = unobserved(this.#candidate);
      member.probe.start();
    }
  }
}

/** Its last probe was answered, and it is still asked. */
export function answers({ observation, isResting }: GroupMember): boolean {
  return !isResting && observation.answer !== undefined && observation.failures === 0;
}

/** Whether two that answer are one server; undefined: not known yet. */
export function isSameServer(a: GroupMember, b: GroupMember): boolean | undefined {
  const [one, other] = [a.observation.answer, b.observation.answer];
  return one !== undefined && other !== undefined && isOneServer(one, other);
}

function wasAsked({ observation }: GroupMember): boolean {
  return observation.answer !== undefined || observation.failures > 0;
}

/**
 * The lowest speaks: a member that answers, else one that once did and has failed least, else one that was not asked
 * yet.
 */
function rank(member: GroupMember): number {
  const { answer, failures } = member.observation;
  if (answers(member)) return member.isGone ? 1 : 0;
  if (answer !== undefined && failures > 0) return 3 - 1 / failures;
  return wasAsked(member) ? 4 : 3;
}
