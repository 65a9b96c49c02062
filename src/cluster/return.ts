/**
 * The one way back to an older timeline. A cluster manager may give a promotion up, or an operator may return to a
 * backup: then the newer timeline is gone for good, and whoever insists on it serves nobody. That it is gone is not
 * assumed but seen: everybody who could be on it follows the older primary instead, for long enough. Pure.
 */
import { type Finding, isClaim, type Limits } from './finding.ts';
import { followedBy, isSameServer } from './vote.ts';

/** A primary that everybody follows, although it is on an older timeline than one before it. */
export interface Followed {
  /** Its start and its timeline: another server, or the same one restarted, begins anew. */
  readonly server: string;
  /** Since when, without a break, in monotonic milliseconds. */
  readonly since: number;
}

/** What of the past is asked for here. */
interface Past {
  readonly incumbent?: string | undefined;
  readonly timeline: number;
  readonly followed?: Followed | undefined;
}

/** How long everybody must follow it, at least. */
const settledMs = 10_000;

/** Undefined unless the whole list answers, the former primary included, and all of it follows one older primary. */
export function followedOlder(findings: readonly Finding[], past: Past, now: number): Followed | undefined {
  const claims = findings.filter(isClaim);
  const [leader] = claims;
  const followers = findings.filter((finding) => !isClaim(finding));
  const isFollowed = leader !== undefined && leader.answer.timeline < past.timeline &&
    followers.length > 0 &&
    findings.some(({ candidate }) => candidate.name === past.incumbent) &&
    claims.every((claim) => claim.standing === 'primary' && isSameServer(claim, leader)) &&
    followers.every(({ standing, answer }) =>
      standing === 'standby' && answer !== undefined && answer.timeline <= leader.answer.timeline &&
      followedBy(answer, findings, [leader]) === leader
    );
  if (!isFollowed) return undefined;
  const server = `${leader.answer.timeline} ${leader.answer.startedAt}`;
  return past.followed?.server === server ? past.followed : { server, since: now };
}

export function isSettled(followed: Followed | undefined, now: number, limits: Limits): boolean {
  return followed !== undefined && now - followed.since >= settledAfter(limits);
}

/** In milliseconds. After `maxAgeMs` every answer that counts was given since then. */
export function settledAfter({ maxAgeMs }: Pick<Limits, 'maxAgeMs'>): number {
  return Math.max(settledMs, maxAgeMs);
}
