/**
 * The one way back to an older timeline. A cluster manager may give a promotion up, or an operator may return to a
 * backup: then the newer timeline is gone for good, and a gateway that insists on it serves no client. That it is
 * gone is not assumed but seen: every candidate that could be on it follows the older primary instead, for long
 * enough. Pure.
 */
import { type Finding, isClaim, type Limits } from './finding.ts';
import { isOlder } from './hidden.ts';
import { followedBy, isSameServer } from './vote.ts';

/** A primary that all other candidates follow, although it is on an older timeline than one before it. */
export interface Followed {
  /** Its start and its timeline: another server, or the same one restarted, begins anew. */
  readonly server: string;
  /** Since when, without a break, in monotonic milliseconds. */
  readonly since: number;
}

/** The part of the memory of elections that is needed here. */
interface Past {
  readonly incumbent?: string | undefined;
  readonly timeline: number;
  readonly followed?: Followed | undefined;
}

/** How long all must agree, at least. */
const settledMs = 10_000;

/** Undefined unless the whole list answers, the former primary included, and all of it follows one older primary. */
export function followedOlder(findings: readonly Finding[], past: Past, now: number): Followed | undefined {
  const claims = findings.filter(isClaim);
  const [primary] = claims;
  const followers = findings.filter((finding) => !isClaim(finding));
  const isFollowed = primary !== undefined && isOlder(primary.answer.timeline, past.timeline) &&
    followers.length > 0 &&
    findings.some(({ candidate }) => candidate.name === past.incumbent) &&
    claims.every((claim) => claim.standing === 'primary' && isSameServer(claim, primary)) &&
    followers.every(({ standing, answer }) =>
      standing === 'standby' && answer?.timeline !== undefined &&
      !isOlder(primary.answer.timeline, answer.timeline) &&
      followedBy(answer, findings, [primary]) === primary
    );
  if (!isFollowed) return undefined;
  const server = `${primary.answer.timeline} ${primary.answer.startedAt}`;
  return past.followed?.server === server ? past.followed : { server, since: now };
}

export function isSettled(
  state: { readonly since: number } | undefined,
  now: number,
  limits: Limits,
): boolean {
  return state !== undefined && now - state.since >= settledAfter(limits);
}

/** In milliseconds. After `maxAgeMs` every answer that counts was given since then. */
export function settledAfter({ maxAgeMs }: Pick<Limits, 'maxAgeMs'>): number {
  return Math.max(settledMs, maxAgeMs);
}
