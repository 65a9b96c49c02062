/**
 * Timelines prove age. A promotion begins a newer one, so a server that claims to be primary on an older timeline than
 * any server of our system knows is an old primary: one that comes back, or was restored from a backup. Pure.
 */
import type { Candidate } from './candidate.ts';
import { type Finding, isClaim } from './finding.ts';
import { isOlder } from './hidden.ts';
import type { Answer, Observation } from './observation.ts';

/**
 * Rejects every claim on an older timeline than the newest that a witness of ours showed in its last answer, or that was
 * primary `before`. All claims of our system that are left and show their timeline are on one.
 *
 * That answer may be of any age: a promotion that has happened does not cease to have happened when its witness falls
 * silent. Only the witness itself takes it back, by another answer.
 */
export function exposeStale(
  findings: readonly Finding[],
  witnesses: readonly Observation[],
  system: string | undefined,
  before: number,
): readonly Finding[] {
  return findings.map((finding) => {
    if (!isClaim(finding)) return finding;
    const { timeline } = finding.answer;
    const newest = witnessesAgainst(finding.answer, witnesses, system).map(({ candidate, answer }) => (
      { answer, finding: findings.find((other) => other.candidate === candidate) as Finding }
    )).reduce<Witness | undefined>(better, undefined);
    const limit = Math.max(newest?.answer.timeline ?? 0, before);
    if (timeline === undefined || timeline >= limit) return finding;
    return { ...finding, standing: 'stale', note: staleNote(timeline, newest, before) };
  });
}

/** Whether a server that can speak against this claim of a primary showed a newer timeline in its last answer. */
export function isOutdated(
  claim: Answer,
  witnesses: readonly Observation[],
  system: string | undefined,
): boolean {
  return witnessesAgainst(claim, witnesses, system).some(({ answer }) =>
    isOlder(claim.timeline, answer.timeline)
  );
}

export type Shown = Answer & { readonly timeline: number };

function witnessesAgainst(
  claim: Answer,
  witnesses: readonly Observation[],
  system: string | undefined,
): { readonly candidate: Candidate; readonly answer: Shown }[] {
  return witnesses.flatMap(({ candidate, answer }) =>
    answer !== undefined && showsTimeline(answer) && speaksAgainst(answer, claim, system)
      ? [{ candidate, answer }]
      : []
  );
}

/**
 * Whether the timeline of one is evidence where another one claims something: if it belongs to our system. One that hides
 * its system may be a stranger: it speaks only against others that hide theirs.
 */
export function speaksAgainst(witness: Answer, claim: Answer, system: string | undefined): boolean {
  return witness.system === system || (witness.system === undefined && claim.system === undefined);
}

export function showsTimeline(answer: Answer): answer is Shown {
  return answer.timeline !== undefined;
}

interface Witness {
  /** Its last, whether or not it still counts otherwise. */
  readonly answer: Shown;
  readonly finding: Finding;
}

/** The witness of the newest timeline: prefers a claimant, then one that still answers. */
function better(best: Witness | undefined, next: Witness): Witness {
  if (best === undefined || next.answer.timeline > best.answer.timeline) return next;
  return next.answer.timeline === best.answer.timeline && weight(next) > weight(best) ? next : best;
}

function weight({ finding }: Witness): number {
  return isClaim(finding) ? 2 : finding.answer === undefined ? 0 : 1;
}

function staleNote(timeline: number, witness: Witness | undefined, before: number): string {
  if (witness === undefined) return olderThanBefore(timeline, before);
  const { finding, answer } = witness;
  if (before > answer.timeline || (before === answer.timeline && finding.answer === undefined)) {
    return olderThanBefore(timeline, before);
  }
  if (isClaim(finding)) return `claims to be primary on the older timeline ${timeline}`;
  const { name } = finding.candidate;
  const role = answer.inRecovery ? 'a standby' : answer.readOnly ? 'read-only' : 'a primary';
  const seen = finding.answer === undefined
    ? `${name} was ${role} on timeline ${answer.timeline} when it last answered`
    : `${name}, ${role}, is on timeline ${answer.timeline} already`;
  return `claims to be primary on timeline ${timeline}, but ${seen}: it is an old primary`;
}

function olderThanBefore(timeline: number, before: number): string {
  return `claims to be primary on timeline ${timeline}, older than timeline ${before} that was primary before`;
}
