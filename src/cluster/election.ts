/**
 * Which server is the primary. A pure decision: everything known goes in, with the time; a verdict with its reason
 * comes out. No clock, no I/O, no state but the memory that it returns and is given again.
 *
 * The rules, in the order in which they strike; docs/failover.md tells them to users, docs/situations.md has a table of situations:
 * 1. Evidence counts while it is younger than `maxAgeMs` and no probe has failed since. Only the incumbent survives
 *    `failAfter - 1` failed probes in a row; and while it only rejects the probe, and none claims its role, it stays
 *    (finding.ts). A fault of this machine is no failed probe.
 * 2. Only servers of our system count; the others are foreign and never elected (finding.ts), unless all have long
 *    belonged to another system (new-system.ts).
 *    One that takes back what it said does not count for a while (distrust.ts), nor one that leaps to a timeline that
 *    no other server confirms, where a primary is up and in company (leap.ts).
 * 3. A primary is out of recovery, not read-only, and not on an older timeline than any that a server of ours showed
 *    in its last answer (timeline.ts) or that was primary before, unless all others have long followed it (return.ts).
 * 4. Of several on one timeline the incumbent stays, or else the one that most standbys follow is elected (vote.ts);
 *    an alarm is raised either way. Without such evidence, or with `splitBrain: 'refuse'`, none is elected.
 *
 * A server may hide its system or its timeline, because the probe has no right to see it or the service has none. It is
 * neither foreign nor stale for that, but never wins against a claim that shows them.
 */
import type { Candidate } from './candidate.ts';
import {
  type Claim,
  commonSystem,
  type Finding,
  isClaim,
  judge,
  type Limits,
  type Remembered,
  type Standing,
} from './finding.ts';
import { groupBy } from './group-by.ts';
import { isOlder, timelineText } from './hidden.ts';
import { longestStep, type Weighed, weighLeaps } from './leap.ts';
import { type Moved, movedTo } from './new-system.ts';
import type { Answer, Observation } from './observation.ts';
import { type Followed, followedOlder, isSettled, settledAfter } from './return.ts';
import { isOneServer } from './same-server.ts';
import { exposeStale, isOutdated } from './timeline.ts';
import { isSameServer, type Vote, voteOfStandbys } from './vote.ts';

export interface Rules extends Limits {
  /** What a tie of several primaries on one timeline means: evidence decides, or all clients are refused. */
  readonly splitBrain: 'incumbent' | 'refuse';
  /** The system identifier to insist on; without it the first election decides and is remembered. */
  readonly system?: string | undefined;
}

/** What earlier elections leave to later ones. */
export interface Memory extends Remembered {
  /** The system that we serve. */
  readonly system?: string | undefined;
  /** Where the primary was before a leap to `timeline` that no other server confirms; undefined: there was none. */
  readonly leaptFrom?: number | undefined;
  /** The server that may become primary although a newer timeline was; undefined if not all others follow one. */
  readonly followed?: Followed | undefined;
  /** Another system that has taken the place of ours; undefined if not all that answer belong to one. */
  readonly moved?: Moved | undefined;
}

export const noMemory: Memory = { timeline: 0 };

/** Which rule decided: a short code for metrics and for telling verdicts apart. */
export type Rule =
  | 'onlyPrimary'
  | 'newestTimeline'
  | 'everybodyFollows'
  | 'newSystem'
  | 'incumbentInDoubt'
  | 'incumbentRejecting'
  | 'splitBrainIncumbent'
  | 'standbysVote'
  | 'splitBrain'
  | 'unknownSystem'
  | 'firstRound'
  | 'noPrimary';

export interface Verdict {
  readonly rule: Rule;
  /** The elected primary; undefined: there is no route. */
  readonly primary?: Finding & { readonly answer: Answer } | undefined;
  readonly findings: readonly Finding[];
  /** Several servers claim to be the primary of one timeline. */
  readonly splitBrain: boolean;
  /** One sentence. */
  readonly reason: string;
  readonly memory: Memory;
}

export function elect(
  observations: readonly Observation[],
  memory: Memory,
  now: number,
  rules: Rules,
): Verdict {
  const moved = rules.system === undefined ? movedTo(observations, memory, now, rules) : undefined;
  // The primary and the timelines of the old system mean nothing in the new one.
  const isNewSystem = moved !== undefined && isSettled(moved, now, rules);
  const known: Memory = isNewSystem ? { system: moved.system, timeline: 0 } : memory;
  const system = rules.system ?? known.system ?? commonSystem(observations, now, rules);
  const judged = observations.map((observation) => judge(observation, system, known, now, rules));
  const weighed = weighLeaps(judged, observations, system, known, now, rules);
  const past: Memory = { ...known, timeline: weighed.timeline };
  const followed = followedOlder(weighed.findings, past, now);
  const before = isSettled(followed, now, rules) ? 0 : past.timeline;
  const findings = exposeStale(weighed.findings, weighed.witnesses, system, before);
  const isKnown = followed === memory.followed && moved === memory.moved;
  const undecided = isKnown ? memory : { ...memory, followed, moved };
  const none = (rule: Rule, reason: string): Verdict => (
    { rule, findings, splitBrain: false, reason, memory: undecided }
  );

  // The first verdict waits until every candidate was asked once: the first to answer must not win for that alone.
  const unasked = observations.filter((observation) =>
    observation.answer === undefined && observation.failures === 0
  );
  if (memory.incumbent === undefined && unasked.length > 0) {
    return none('firstRound', `waiting for the first probe of ${names(unasked)}`);
  }
  if (system === undefined && findings.some(({ answer }) => answer?.system !== undefined)) {
    return none(
      'unknownSystem',
      'the candidates belong to different systems and no majority says which is ours; set SYSTEM_IDENTIFIER',
    );
  }

  const claims = oncePerServer(findings.filter(isClaim), past);
  const [only = standingIncumbent(findings, weighed.witnesses, system), ...others] = claims;
  if (only === undefined) {
    const why = foreignText(findings, system, rules) + leapText(weighed, past, rules);
    return none('noPrimary', standingsText(findings) + why);
  }
  const isContested = others.length > 0;
  const isSplit = isContested && claims.some((one) => claims.some((other) => areTwo(one, other)));
  // Where it is not known yet whether they are one server, the incumbent needs no other reason, and there is no alarm.
  const sole = isSplit ? undefined : claims.find(({ candidate }) => candidate.name === past.incumbent);
  const left = isNewSystem ? memory.system : undefined;
  const { winner, reason, ...verdict } = !isContested
    ? unopposed(only, findings, past, left)
    : sole
    ? unopposed(sole, findings, past, left)
    : settleTie(claims, findings, past, isSplit ? rules : { ...rules, splitBrain: 'incumbent' });
  if (winner === undefined && isContested && !isSplit) {
    return none('firstRound', `waiting until it is seen whether ${names(claims)} are one server`);
  }
  const isLeap = winner !== undefined && weighed.leaps.some((leap) => leap === winner.answer);
  return {
    ...verdict,
    reason: isLeap ? reason + leapText(weighed, past, rules) : reason,
    primary: winner,
    findings: findings.map((finding) => demote(finding, winner)),
    splitBrain: isSplit,
    memory: winner ? remembered(winner, system, past, isLeap ? weighed.leaptFrom : undefined) : undecided,
  };
}

/**
 * A primary that hides its system may be a stranger's: its timeline must not outlive it. And one that hides its timeline
 * neither confirms the leap by which it came nor takes it back; another one leaves it behind.
 */
function remembered(
  { candidate, answer }: Claim,
  system: string | undefined,
  past: Memory,
  leaptFrom: number | undefined,
): Memory {
  const incumbent = candidate.name;
  if (answer.system === system && answer.timeline !== undefined) {
    return { system, incumbent, timeline: answer.timeline, ...(leaptFrom !== undefined && { leaptFrom }) };
  }
  if (past.leaptFrom === undefined) return { system, incumbent, timeline: past.timeline };
  return incumbent === past.incumbent
    ? { system, incumbent, timeline: past.timeline, leaptFrom: past.leaptFrom }
    : { system, incumbent, timeline: past.leaptFrom };
}

/**
 * The incumbent that only rejects the probe: it is alive and where it was, so what it said stands. A server of ours on a
 * newer timeline proves it wrong, and one that claims the role comes before it.
 */
function standingIncumbent(
  findings: readonly Finding[],
  witnesses: readonly Observation[],
  system: string | undefined,
): Claim | undefined {
  return findings.find((finding): finding is Claim =>
    finding.standing === 'rejecting' && finding.answer !== undefined &&
    !isOutdated(finding.answer, witnesses, system)
  );
}

interface Choice extends Pick<Verdict, 'rule' | 'reason'> {
  readonly winner: Claim | undefined;
}

/** `left` is the system that we served before, where that is another one. */
function unopposed(
  winner: Claim,
  findings: readonly Finding[],
  past: Memory,
  left: string | undefined,
): Choice {
  const { candidate: { name }, answer: { timeline, system } } = winner;
  if (left !== undefined) {
    const reason =
      `${name} is primary on timeline ${timeline} of system ${system}: all that answer have belonged to it for long ` +
      `enough, and none to system ${left} any more`;
    return { rule: 'newSystem', winner, reason };
  }
  if (isOlder(timeline, past.timeline)) {
    const reason =
      `${name} is primary on timeline ${timeline}, older than timeline ${past.timeline} that was primary before: ` +
      'all others have followed it for long enough';
    return { rule: 'everybodyFollows', winner, reason };
  }
  if (winner.standing === 'rejecting') {
    const reason = `${name} stays primary on ${
      timelineText(timeline)
    }: it is up and only rejects the probe, and no other claims the role`;
    return { rule: 'incumbentRejecting', winner, reason };
  }
  if (winner.standing === 'doubtful') {
    const reason = `${name} stays primary on ${timelineText(timeline)} although its last probe failed`;
    return { rule: 'incumbentInDoubt', winner, reason };
  }
  // Also those that are older than our past: as long as the old primary is up, this is why it is not elected.
  const stale = findings.filter(({ standing }) => standing === 'stale');
  if (stale.length > 0 && timeline !== undefined) {
    const reason = `${name} is primary: its timeline ${timeline} is newer than that of ${names(stale)}`;
    return { rule: 'newestTimeline', winner, reason };
  }
  return { rule: 'onlyPrimary', winner, reason: `${name} is primary on ${timelineText(timeline)}` };
}

/** Rule 4. A rival does not push out an incumbent that only failed to answer once: it must be withdrawn first. */
function settleTie(
  tied: readonly Claim[],
  findings: readonly Finding[],
  memory: Memory,
  rules: Rules,
): Choice {
  const claim = `split brain: ${names(tied)} all claim to be primary${tiedText(tied)}`;
  const strongest = shownBest(tied);
  if (rules.splitBrain === 'refuse') {
    const reason = `${claim}, and SPLIT_BRAIN=refuse; stop all but one`;
    return { rule: 'splitBrain', winner: undefined, reason };
  }
  const incumbent = strongest.find(({ candidate }) => candidate.name === memory.incumbent);
  if (incumbent !== undefined) {
    const reason =
      `${claim}; ${incumbent.candidate.name} stays because it was primary before; stop the others`;
    return { rule: 'splitBrainIncumbent', winner: incumbent, reason };
  }
  const vote = voteOfStandbys(findings, tied);
  if (vote !== undefined && strongest.includes(vote.winner)) {
    return {
      rule: 'standbysVote',
      winner: vote.winner,
      reason: `${claim}; ${voteText(vote)}; stop the others`,
    };
  }
  const reason =
    `${claim}, none of them was primary before, and no majority of standbys is seen to follow one; stop all but one`;
  const weaker = tied.filter((claim) => !strongest.includes(claim));
  if (weaker.length > 0) {
    const hidden =
      `${claim}; ${
        names(weaker)
      } cannot win, for what it hides from the probe may be another system or an older ` +
      'timeline, and no other was primary before or is followed by most standbys; stop all but one, or grant what explain names';
    return { rule: 'splitBrain', winner: undefined, reason: hidden };
  }
  return { rule: 'splitBrain', winner: undefined, reason };
}

/** Those that hide least, for what is hidden may be another system or an older timeline. */
function shownBest(claims: readonly Claim[]): readonly Claim[] {
  const ours = claims.filter(({ answer }) => answer.system !== undefined);
  const left = ours.length > 0 ? ours : claims;
  const dated = left.filter(({ answer }) => answer.timeline !== undefined);
  return dated.length > 0 ? dated : left;
}

function tiedText(tied: readonly Claim[]): string {
  const [timeline, ...others] = new Set(tied.map(({ answer }) => answer.timeline));
  return timeline === undefined || others.length > 0 ? '' : ` on timeline ${timeline}`;
}

function voteText({ winner, votes, voters }: Vote): string {
  return `${winner.candidate.name} is elected because ${votes} of ${voters} standbys stream from it`;
}

/**
 * Two candidates may be two names of one server. That is no split brain; one claim stays, the incumbent's if it is
 * among them.
 */
function oncePerServer(claims: readonly Claim[], memory: Memory): readonly Claim[] {
  const isPreferred = ({ candidate }: Claim) => candidate.name === memory.incumbent;
  return claims.filter((claim) => {
    const names = claims.filter((other) => isSameServer(other, claim));
    return claim === (names.find(isPreferred) ?? names[0]);
  });
}

function areTwo(one: Claim, other: Claim): boolean {
  return one !== other && isOneServer(one.answer, other.answer) === false;
}

/** The finding of a candidate that claims to be primary and is not elected says why. */
function demote(finding: Finding, winner: Claim | undefined): Finding {
  if (!isClaim(finding) || finding.candidate === winner?.candidate) return finding;
  return winner && isSameServer(finding, winner)
    ? { ...finding, standing: 'alias', note: `is another name of ${winner.candidate.name}` }
    : { ...finding, standing: 'rival', note: rivalNote(finding, winner) };
}

function rivalNote({ answer }: Claim, winner: Claim | undefined): string {
  const isOne = winner ? isOneServer(answer, winner.answer) : false;
  return winner && isOne === undefined
    ? `says that it started when ${winner.candidate.name} did, and has not shown yet whether it is another name of it`
    : `claims to be primary on ${timelineText(answer.timeline)} too`;
}

/** The standing of each, not why: the notes say that, and they are shown wherever the reason is. */
function standingsText(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'there is no candidate';
  const groups = groupBy(findings, ({ standing }) => standing);
  return [...groups].map(([standing, of]) =>
    `${names(of)} ${of.length > 1 ? 'are' : 'is'} ${standingText(standing, of)}`
  )
    .join('; ');
}

/** What to do where all that answer belong to another system: nothing but a person, or time, ends that. */
function foreignText(findings: readonly Finding[], system: string | undefined, rules: Rules): string {
  const answers = findings.flatMap(({ answer }) => answer ? [answer] : []);
  const [other, ...others] = new Set(answers.map((answer) => answer.system));
  if (other === undefined || others.length > 0 || other === system) return '';
  const advice = rules.system === undefined
    ? `run pg_gateway forget-system, or set SYSTEM_IDENTIFIER=${other}`
    : `set SYSTEM_IDENTIFIER=${other}`;
  return `; all that answer belong to system ${other}, not to ${system}: if that is the right one now, ${advice}`;
}

/** A timeline that one server alone has shown, which may keep all others out: how that ends. */
function leapText({ leaps, leaptFrom }: Weighed, past: Memory, rules: Rules): string {
  const newest = Math.max(past.timeline, ...leaps.map(({ timeline }) => timeline));
  if (newest <= leaptFrom + longestStep || (leaps.length === 0 && past.leaptFrom === undefined)) return '';
  const seconds = settledAfter(rules) / 1000;
  return `; no other server confirms the leap from timeline ${leaptFrom} to ${newest}: if that is false, stop the server ` +
    `that shows it, and it is forgotten after ${seconds} s, or at once by a restart of the gateway`;
}

function standingText(standing: Standing, { length }: readonly Finding[]): string {
  if (standing === 'standby') return length > 1 ? 'standbys' : 'a standby';
  if (standing === 'readOnly') return 'read-only';
  return standing === 'rejecting' ? 'rejecting the probe' : standing;
}

function names(of: readonly { readonly candidate: Candidate }[]): string {
  return of.map(({ candidate }) => candidate.name).join(', ');
}
