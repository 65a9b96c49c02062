/**
 * A leap of the timeline. A promotion takes the next one, so a server that is alone on a timeline far beyond all others
 * has either seen what no other has, or it does not tell the truth. Whose word weighs more, its own or that of a primary
 * that is well and in company? Pure.
 *
 * One that hides its timeline never leaps, and is no company. As the incumbent it is well all the same: it cannot show
 * that it is where it was elected, but a leap cannot show that it is not, and a cluster that hides something and works
 * must not stop for a number that no other server confirms.
 */
import { type Claim, type Finding, isClaim, type Limits } from './finding.ts';
import { isOlder } from './hidden.ts';
import { type Answer, isDistrusted, knownAt, type Observation } from './observation.ts';
import { settledAfter } from './return.ts';
import { type Shown, showsTimeline, speaksAgainst } from './timeline.ts';

/**
 * By how many timelines a server may be ahead of all others without being confirmed. A promotion takes the number after
 * the newest in its archive, so that each failed one before it costs one more: sixteen in a row, unseen by all others,
 * are more than a manager tries.
 */
export const longestStep = 16;

/** The part of the memory of elections that is needed here. */
interface Past {
  readonly incumbent?: string | undefined;
  readonly timeline: number;
  readonly leaptFrom?: number | undefined;
}

export interface Weighed {
  /** Those that are not believed are `distrusted`, and have no answer any more. */
  readonly findings: readonly Finding[];
  /** Those whose last answers may be proof of a timeline. */
  readonly witnesses: readonly Observation[];
  /** The newest timeline of any elected primary; one that came by a leap only while a server shows it. */
  readonly timeline: number;
  /** The answers that are believed although they leap. */
  readonly leaps: readonly Shown[];
  /** From where they leap. */
  readonly leaptFrom: number;
}

/** A claim that weighs more than a leap, and the timeline where others stand beside it. */
interface Weighty {
  readonly claim: Claim;
  readonly timeline: number;
}

/** `observations` are those that a `finding` at the same place is about. */
export function weighLeaps(
  findings: readonly Finding[],
  observations: readonly Observation[],
  system: string | undefined,
  past: Past,
  now: number,
  limits: Limits,
): Weighed {
  const witnesses = observations.filter((observation) =>
    observation.answer !== undefined && !isDistrusted(observation, now)
  );
  const shown = witnesses.flatMap(({ answer }) => answer && showsTimeline(answer) ? [answer] : []);
  const base = past.leaptFrom ?? past.timeline;
  const beside = (claim: Answer) => shown.filter((witness) => speaksAgainst(witness, claim, system));
  const ours = shown.filter((answer) => answer.system === system);
  const hidden = shown.filter((answer) => answer.system === undefined && system !== undefined);
  const leaping = [
    ...alone(ours, base),
    ...alone([...ours, ...hidden], base).filter((answer) => hidden.includes(answer)),
  ];
  const newest = (of: readonly Shown[]) =>
    Math.max(0, ...of.filter((answer) => !leaping.includes(answer)).map(({ timeline }) => timeline));
  const weighty = findings.flatMap((claim): Weighty[] => {
    if (!isWell(claim) || leaping.some((answer) => answer === claim.answer)) return [];
    if (!isOnBase(claim, past, base)) return [];
    const company = beside(claim.answer);
    const timeline = claim.answer.timeline ?? (base || newest(company));
    return isInCompany(claim, timeline, company) ? [{ claim, timeline }] : [];
  });
  // What a claim hides may be another system: only that of the incumbent weighs against one that shows it.
  const against = (leap: Answer) =>
    weighty.find(({ claim }) =>
      claim.candidate.name === past.incumbent || speaksAgainst(claim.answer, leap, system)
    );
  const leapOf = ({ answer }: Observation) => leaping.find((leap) => leap === answer);
  // Whoever falls silent takes a leap back that no other confirms: it would keep all others out for ever.
  const isBelieved = (observation: Observation) => {
    const leap = leapOf(observation);
    return leap === undefined ||
      (against(leap) === undefined && now - knownAt(observation) <= settledAfter(limits));
  };
  const rest = witnesses.filter(isBelieved);
  const isShown = rest.some(({ answer }) =>
    answer!.system === system && answer!.timeline! > base + longestStep
  );
  const isHeld = weighty.length === 0 &&
    rest.some((witness) => isLeaptAndHidden(witness, system, past, now, limits));
  return {
    findings: findings.map((finding, index) => {
      const leap = finding.answer && leapOf(observations[index]!);
      const weightier = leap && against(leap);
      return weightier ? unbelieved(finding, leap, weightier) : finding;
    }),
    witnesses: rest,
    timeline: past.leaptFrom === undefined || isShown || isHeld ? past.timeline : base,
    leaps: rest.flatMap((observation) => leapOf(observation) ?? []),
    leaptFrom: base || newest(ours) || newest(shown),
  };
}

/** Each that is alone on a timeline beyond all below it. */
function alone(shown: readonly Shown[], base: number): readonly Shown[] {
  const leaping: Shown[] = [];
  let below = shown;
  for (;;) {
    const newest = Math.max(0, ...below.map(({ timeline }) => timeline));
    const highest = below.filter(({ timeline }) => timeline === newest);
    const others = below.filter(({ timeline }) => timeline < newest);
    const floor = Math.max(base, ...others.map(({ timeline }) => timeline));
    const isAlone = new Set(highest.map(({ startedAt }) => startedAt)).size === 1;
    if (!isAlone || floor === 0 || newest <= floor + longestStep) return leaping;
    leaping.push(...highest);
    below = others;
  }
}

/** Up and a primary, also one that has just failed a probe: a leap must not win by one lost packet. */
function isWell(finding: Finding): finding is Claim {
  return isClaim(finding) || (finding.standing === 'rejecting' && finding.answer !== undefined);
}

/**
 * The incumbent, or one that was promoted since. Not an old primary that comes back after a leap was believed; nor one that
 * was elected by a leap, or never, and hides where it is.
 */
function isOnBase({ candidate, answer: { timeline } }: Claim, past: Past, base: number): boolean {
  if (timeline === undefined) return candidate.name === past.incumbent && past.leaptFrom === undefined;
  return timeline > base || past.incumbent === undefined ||
    (candidate.name === past.incumbent && !isOlder(timeline, base));
}

/** Whether another server is, or was when it last answered, about where it is: a standby, or the primary before it. */
function isInCompany({ answer: own }: Claim, at: number, others: readonly Shown[]): boolean {
  return others.some(({ startedAt, timeline }) =>
    startedAt !== own.startedAt && Math.abs(timeline - at) <= longestStep
  );
}

/** The primary that was elected by a leap and hides now what it showed then: that takes nothing back while it is up. */
function isLeaptAndHidden(
  observation: Observation,
  system: string | undefined,
  { incumbent }: Past,
  now: number,
  limits: Limits,
): boolean {
  const answer = observation.answer!;
  return observation.candidate.name === incumbent && !answer.inRecovery &&
    (answer.system === undefined || (answer.system === system && answer.timeline === undefined)) &&
    now - knownAt(observation) <= settledAfter(limits);
}

function unbelieved({ candidate }: Finding, leap: Shown, { claim, timeline }: Weighty): Finding {
  const { name } = claim.candidate;
  const where = claim.answer.timeline === undefined ? `others beside ${name}` : `${name} and others`;
  const note =
    `says that it is on timeline ${leap.timeline}, which no other server confirms, where ${where} ` +
    `are on timeline ${timeline}: it is not believed; rebuild it, or find out who answers there`;
  return { candidate, standing: 'distrusted', note };
}
