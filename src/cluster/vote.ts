/**
 * Which server the standbys follow: further evidence where several servers claim to be the primary of one timeline. A
 * cluster manager points its standbys at the primary that it means, so most of them know better than a guess. Pure.
 */
import { type Claim, type Finding, isClaim } from './finding.ts';
import { isSameOrHidden } from './hidden.ts';
import type { Answer, Upstream } from './observation.ts';
import { isOneServer } from './same-server.ts';

export interface Vote {
  readonly winner: Claim;
  /** How many standbys stream from it. */
  readonly votes: number;
  /** How many stream from any of the rivals. */
  readonly voters: number;
}

/**
 * The rival from which more than half of the standbys stream that stream from any; each server has one vote, whatever
 * its names. Undefined if there is none, also because no upstream is visible: the probe's role may lack the grant.
 */
export function voteOfStandbys(findings: readonly Finding[], rivals: readonly Claim[]): Vote | undefined {
  const standbys = findings.flatMap(({ standing, answer }) =>
    standing === 'standby' && answer ? [answer] : []
  );
  const ballots: { readonly voter: Answer; readonly followed: Claim }[] = [];
  // Of two names of one server the later answer counts.
  for (const voter of standbys.sort((a, b) => b.at - a.at)) {
    const followed = followedBy(voter, findings, rivals);
    const hasVoted = ballots.some((ballot) => isOneServer(ballot.voter, voter) === true);
    if (followed && !hasVoted) ballots.push({ voter, followed });
  }
  const voters = ballots.length;
  for (const winner of rivals) {
    const votes = ballots.filter(({ followed }) => followed === winner).length;
    if (votes > voters / 2) return { winner, votes, voters };
  }
  return undefined;
}

/** The one rival that this standby streams from, under whichever of its names; undefined if it could be two. */
export function followedBy(
  standby: Answer,
  findings: readonly Finding[],
  rivals: readonly Claim[],
): Claim | undefined {
  const { upstream } = standby;
  // A loopback address, or a unix socket, means the standby's own machine. Only if we reach the standby by one too is that ours.
  if (upstream === undefined || (isLoopback(upstream.host) && !isLoopback(standby.host))) return undefined;
  const followed = rivals.filter((rival) =>
    findings.some((finding) => isClaim(finding) && isSameServer(finding, rival) && isAt(finding, upstream))
  );
  return followed.length === 1 ? followed[0] : undefined;
}

/** Two names of one server (`localhost` and `127.0.0.1`), seen to be. */
export function isSameServer(a: Claim, b: Claim): boolean {
  return isSameOrHidden(a.answer.timeline, b.answer.timeline) && isOneServer(a.answer, b.answer) === true;
}

function isAt({ candidate, answer }: Claim, { host, port }: Upstream): boolean {
  return port === candidate.port && [candidate.host, answer.host].some((own) => isSameHost(own, host));
}

function isSameHost(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function isLoopback(host: string): boolean {
  return isSameHost(host, 'localhost') || host === '::1' || host.startsWith('127.') || host.startsWith('/');
}
