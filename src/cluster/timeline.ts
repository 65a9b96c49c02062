/**
 * Timelines prove age. A promotion begins a newer one, so a server that claims to be primary on an older timeline than
 * any server of our system knows is an old primary: one that comes back, or was restored from a backup. Pure.
 */
import { type Finding, isClaim } from './finding.ts';
import type { Answer, Observation } from './observation.ts';

/**
 * Rejects every claim on an older timeline than the newest that a witness, a server of ours, showed in its last answer,
 * or that was primary `before`. All claims that are left are on one timeline.
 *
 * That answer may be of any age: a promotion that has happened does not cease to have happened when its witness falls
 * silent. Only the witness itself takes it back, by another answer.
 */
export function exposeStale(
  findings: readonly Finding[],
  witnesses: readonly Observation[],
  before: number,
): readonly Finding[] {
  const newest = witnesses.flatMap(({ candidate, answer }) =>
    answer
      ? [{ answer, finding: findings.find((finding) => finding.candidate === candidate) as Finding }]
      : []
  ).reduce<Witness | undefined>(better, undefined);
  if (newest === undefined) return findings;
  return findings.map((finding) => {
    if (!isClaim(finding)) return finding;
    const { timeline } = finding.answer;
    if (timeline >= Math.max(newest.answer.timeline, before)) return finding;
    return { ...finding, standing: 'stale', note: staleNote(timeline, newest, before) };
  });
}

/** The newest timeline in their last answers; 0 without any. */
export function newestShown(witnesses: readonly Observation[]): number {
  return Math.max(0, ...witnesses.map(({ answer }) => answer?.timeline ?? 0));
}

interface Witness {
  /** Its last, whether or not it still counts otherwise. */
  readonly answer: Answer;
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

function staleNote(timeline: number, { finding, answer }: Witness, before: number): string {
  if (before > answer.timeline || (before === answer.timeline && finding.answer === undefined)) {
    return `claims to be primary on timeline ${timeline}, older than timeline ${before} that was primary before`;
  }
  if (isClaim(finding)) return `claims to be primary on the older timeline ${timeline}`;
  const { name } = finding.candidate;
  const role = answer.inRecovery ? 'a standby' : answer.readOnly ? 'read-only' : 'a primary';
  const witness = finding.answer === undefined
    ? `${name} was ${role} on timeline ${answer.timeline} when it last answered`
    : `${name}, ${role}, is on timeline ${answer.timeline} already`;
  return `claims to be primary on timeline ${timeline}, but ${witness}: it is an old primary`;
}
