/**
 * A leap of the timeline. A promotion takes the next one, so a server that is alone on a timeline far beyond all others
 * has either seen what no other has, or it does not tell the truth. Whose word weighs more, its own or that of a primary
 * that is well and in company? Pure.
 */
import { type Claim, type Finding, isClaim, type Limits } from './finding.ts';
import { type Answer, isDistrusted, knownAt, type Observation } from './observation.ts';
import { settledAfter } from './return.ts';

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
  /** Those whose last answers are proof of a timeline. */
  readonly witnesses: readonly Observation[];
  /** The newest timeline of any elected primary; one that came by a leap only while a server shows it. */
  readonly timeline: number;
  /** The answers that are believed although they leap. */
  readonly leaps: readonly Answer[];
  /** From where they leap. */
  readonly leaptFrom: number;
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
    observation.answer !== undefined && observation.answer.system === system &&
    !isDistrusted(observation, now)
  );
  const base = past.leaptFrom ?? past.timeline;
  const { leaping, newest } = alone(witnesses, base);
  const claim = findings.find((finding, index): finding is Claim =>
    !leaping.includes(observations[index]!) && isWell(finding) && isOnBase(finding, past, base) &&
    isInCompany(finding, witnesses)
  );
  // Whoever falls silent takes a leap back that no other confirms: it would keep all others out for ever.
  const distrusted = leaping.filter((observation) =>
    claim !== undefined || now - knownAt(observation) > settledAfter(limits)
  );
  const rest = witnesses.filter((witness) => !distrusted.includes(witness));
  const isShown = rest.some(({ answer }) => answer!.timeline > base + longestStep);
  return {
    findings: findings.map((finding, index) =>
      finding.answer !== undefined && claim !== undefined && distrusted.includes(observations[index]!)
        ? unbelieved(finding, finding.answer, claim)
        : finding
    ),
    witnesses: rest,
    timeline: past.leaptFrom === undefined || isShown ? past.timeline : base,
    leaps: leaping.filter((one) => !distrusted.includes(one)).map(({ answer }) => answer!),
    leaptFrom: base || newest,
  };
}

/** The servers each of which is alone on a timeline beyond all below it, and the newest timeline of the others. */
function alone(
  witnesses: readonly Observation[],
  base: number,
): { readonly leaping: readonly Observation[]; readonly newest: number } {
  const leaping: Observation[] = [];
  let below = witnesses;
  for (;;) {
    const newest = Math.max(0, ...below.map(({ answer }) => answer!.timeline));
    const highest = below.filter(({ answer }) => answer!.timeline === newest);
    const others = below.filter(({ answer }) => answer!.timeline < newest);
    const floor = Math.max(base, ...others.map(({ answer }) => answer!.timeline));
    const isAlone = new Set(highest.map(({ answer }) => answer!.startedAt)).size === 1;
    if (!isAlone || floor === 0 || newest <= floor + longestStep) return { leaping, newest };
    leaping.push(...highest);
    below = others;
  }
}

/** Up and a primary, also one that has just failed a probe: a leap must not win by one lost packet. */
function isWell(finding: Finding): finding is Claim {
  return isClaim(finding) || (finding.standing === 'rejecting' && finding.answer !== undefined);
}

/** The incumbent, or one that was promoted since. Not an old primary that comes back after a leap was believed. */
function isOnBase({ candidate, answer }: Claim, { incumbent }: Past, base: number): boolean {
  return answer.timeline > base ||
    (answer.timeline === base && candidate.name === incumbent) || incumbent === undefined;
}

/** Whether another server is, or was when it last answered, about where it is: a standby, or the primary before it. */
function isInCompany({ answer: own }: Claim, witnesses: readonly Observation[]): boolean {
  return witnesses.some(({ answer }) =>
    answer!.startedAt !== own.startedAt && Math.abs(answer!.timeline - own.timeline) <= longestStep
  );
}

function unbelieved({ candidate }: Finding, { timeline }: Answer, claim: Claim): Finding {
  const note =
    `says that it is on timeline ${timeline}, which no other server confirms, where ${claim.candidate.name} and others ` +
    `are on timeline ${claim.answer.timeline}: it is not believed; rebuild it, or find out who answers there`;
  return { candidate, standing: 'distrusted', note };
}
