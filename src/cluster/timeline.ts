/**
 * Timelines prove age. A promotion begins a newer one, so who claims to be primary on an older timeline than anybody
 * of our system knows is an old primary: one that comes back, or was restored from a backup. Pure.
 */
import { type Finding, isClaim } from './finding.ts';

/**
 * Takes the claim from everyone on an older timeline than the newest that another claim, a standby or a read-only
 * server shows, or that was primary `before`. All claims that are left are on one timeline.
 */
export function exposeStale(findings: readonly Finding[], before: number): readonly Finding[] {
  const newest = witness(findings);
  if (newest === undefined) return findings;
  return findings.map((finding) => {
    if (!isClaim(finding)) return finding;
    const { timeline } = finding.answer;
    if (timeline >= Math.max(newest.answer.timeline, before)) return finding;
    return { ...finding, standing: 'stale', note: staleNote(timeline, newest, before) };
  });
}

type Witness = Finding & { readonly answer: NonNullable<Finding['answer']> };

/** Who knows the newest timeline, best one who claims to be its primary. All of them have spoken, and are of ours. */
function witness(findings: readonly Finding[]): Witness | undefined {
  const isWitness = (finding: Finding): finding is Witness =>
    isClaim(finding) || finding.standing === 'standby' || finding.standing === 'readOnly';
  return findings.filter(isWitness).reduce<Witness | undefined>((best, next) => {
    if (best === undefined || next.answer.timeline > best.answer.timeline) return next;
    return next.answer.timeline === best.answer.timeline && isClaim(next) && !isClaim(best) ? next : best;
  }, undefined);
}

function staleNote(timeline: number, { candidate, standing, answer }: Witness, before: number): string {
  if (before > answer.timeline) {
    return `claims to be primary on timeline ${timeline}, older than timeline ${before} that was primary before`;
  }
  const role = standing === 'standby' ? 'a standby' : standing === 'readOnly' ? 'read-only' : undefined;
  return role === undefined
    ? `claims to be primary on the older timeline ${timeline}`
    : `claims to be primary on timeline ${timeline}, but ${candidate.name}, ${role}, is on timeline ` +
      `${answer.timeline} already: it is an old primary`;
}
