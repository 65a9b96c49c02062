/**
 * Who is the primary. A pure decision: everything known goes in, with the time; a verdict with its reason comes
 * out. No clock, no I/O, no state but the memory that it returns and is given again.
 *
 * The rules, in the order in which they strike:
 * 1. Evidence counts while it is younger than `maxAgeMs` and no probe has failed since.
 * 2. Only servers of our system count; the others are foreign and never elected.
 * 3. A primary is out of recovery, not read-only, and not on an older timeline than a primary we have had.
 * 4. Of several, the newest timeline wins. On a tie the incumbent stays and an alarm is raised; without an
 *    incumbent, or with `splitBrain: 'refuse'`, nobody is elected.
 * 5. The incumbent survives `failAfter - 1` failed probes in a row, unless somebody has a newer timeline.
 */
import type { Candidate } from './candidate.ts';
import type { Answer, Observation } from './observation.ts';

export interface Rules {
  /** Consecutive failed probes that withdraw the incumbent. */
  readonly failAfter: number;
  /** How old an answer may be and still count. */
  readonly maxAgeMs: number;
  /** What a tie of several primaries on one timeline means: the incumbent stays, or everybody is refused. */
  readonly splitBrain: 'incumbent' | 'refuse';
  /** The system identifier to insist on; without it the first election decides and is remembered. */
  readonly system?: string | undefined;
}

/** What earlier elections leave to later ones. */
export interface Memory {
  /** The system that we serve. */
  readonly system?: string | undefined;
  /** The name of the last elected candidate, kept while there is no primary. */
  readonly incumbent?: string | undefined;
  /** The newest timeline of any elected primary; 0 before the first. */
  readonly timeline: number;
}

export const noMemory: Memory = { timeline: 0 };

/** Where a candidate stands after an election. */
export type Standing =
  | 'primary'
  | 'standby'
  | 'rival'
  | 'stale'
  | 'readOnly'
  | 'foreign'
  | 'doubtful'
  | 'down'
  | 'unknown';

export interface Finding {
  readonly candidate: Candidate;
  readonly standing: Standing;
  /** Why, in a clause that reads after the candidate's name. */
  readonly note: string;
  /** What it said, where that still counts. */
  readonly answer?: Answer | undefined;
}

/** Which rule decided: a short code for metrics and for telling verdicts apart. */
export type Rule =
  | 'onlyPrimary'
  | 'newestTimeline'
  | 'incumbentInDoubt'
  | 'splitBrainIncumbent'
  | 'splitBrain'
  | 'unknownSystem'
  | 'firstRound'
  | 'noPrimary';

export interface Verdict {
  readonly rule: Rule;
  /** The elected primary; undefined means: route to nobody. */
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
  const system = rules.system ?? memory.system ?? commonSystem(observations, now, rules);
  const findings = observations.map((observation) => judge(observation, system, memory, now, rules));
  const none = (rule: Rule, reason: string, splitBrain = false): Verdict => (
    { rule, findings, splitBrain, reason, memory }
  );

  // The first verdict waits until everybody was asked once: whoever answers first must not win for that alone.
  const unasked = observations.filter((observation) =>
    observation.answer === undefined && observation.failures === 0
  );
  if (memory.timeline === 0 && unasked.length > 0) {
    return none('firstRound', `waiting for the first probe of ${names(unasked)}`);
  }
  if (system === undefined && findings.some((finding) => finding.answer !== undefined)) {
    return none(
      'unknownSystem',
      'the candidates belong to different systems and no majority says which is ours; set SYSTEM_IDENTIFIER',
    );
  }

  const claims = oncePerServer(findings.filter(isClaim), memory);
  if (claims.length === 0) return none('noPrimary', `no primary: ${explain(findings)}`);
  const newest = Math.max(...claims.map((claim) => claim.answer.timeline));
  const tied = claims.filter((claim) => claim.answer.timeline === newest);
  const incumbent = tied.find((claim) => claim.candidate.name === memory.incumbent);
  // A rival does not push out an incumbent that only failed to answer once; its own withdrawal must come first.
  const winner = tied.length === 1 ? tied[0] : rules.splitBrain === 'incumbent' ? incumbent : undefined;
  const splitBrain = tied.length > 1;
  if (winner === undefined) {
    const rivals = findings.map((finding) =>
      isClaim(finding) && finding.answer.timeline === newest ? asRival(finding) : finding
    );
    return { ...none('splitBrain', splitBrainReason(tied, rules), true), findings: rivals };
  }

  const rule = splitBrain
    ? 'splitBrainIncumbent'
    : winner.standing === 'doubtful'
    ? 'incumbentInDoubt'
    : claims.length > 1
    ? 'newestTimeline'
    : 'onlyPrimary';
  return {
    rule,
    primary: { ...winner, standing: winner.standing === 'doubtful' ? 'doubtful' : 'primary' },
    findings: findings.map((finding) => demote(finding, winner)),
    splitBrain,
    reason: wonBecause(rule, winner, claims, tied),
    memory: { system, incumbent: winner.candidate.name, timeline: newest },
  };
}

type Claim = Finding & { readonly answer: Answer };

function isClaim(finding: Finding): finding is Claim {
  return finding.answer !== undefined && (finding.standing === 'primary' || finding.standing === 'doubtful');
}

/** The system of most candidates whose answer counts; undefined without a single most frequent one. */
function commonSystem(observations: readonly Observation[], now: number, rules: Rules): string | undefined {
  const votes = new Map<string, number>();
  for (const { answer, failures } of observations) {
    if (answer === undefined || failures > 0 || now - answer.at > rules.maxAgeMs) continue;
    votes.set(answer.system, (votes.get(answer.system) ?? 0) + 1);
  }
  const [first, second] = [...votes].sort((a, b) => b[1] - a[1]);
  return first && first[1] > (second?.[1] ?? 0) ? first[0] : undefined;
}

/** Rules 1 to 3 and 5 for one candidate; `primary` here still means "claims to be". */
function judge(
  { candidate, answer, failures, failure }: Observation,
  system: string | undefined,
  memory: Memory,
  now: number,
  rules: Rules,
): Finding {
  const unusable = (standing: Standing, note: string): Finding => ({ candidate, standing, note });
  if (answer === undefined) {
    return failure ? unusable('down', failure.message) : unusable('unknown', 'has not been probed yet');
  }
  if (now - answer.at > rules.maxAgeMs) {
    return unusable('down', failure?.message ?? `has not been heard of for ${seconds(now - answer.at)}`);
  }
  const finding = assess(candidate, answer, system, memory);
  if (failures === 0) return finding;
  const message = failure?.message ?? 'does not answer';
  // Rule 5 spares the incumbent, and only if its last word was that of a primary: nobody else can be in doubt.
  const isSpared = finding.standing === 'primary' && candidate.name === memory.incumbent &&
    failures < rules.failAfter;
  return isSpared
    ? {
      ...finding,
      standing: 'doubtful',
      note: `was primary on timeline ${answer.timeline}, and now: ${message}`,
    }
    : unusable('down', message);
}

/** Rules 2 and 3, for an answer that counts. */
function assess(candidate: Candidate, answer: Answer, system: string | undefined, memory: Memory): Finding {
  const as = (standing: Standing, note: string): Finding => ({ candidate, standing, note, answer });
  if (system === undefined) return as('unknown', `belongs to system ${answer.system}`);
  if (answer.system !== system) {
    return as('foreign', `belongs to system ${answer.system}, not to ${system}`);
  }
  if (answer.inRecovery) return as('standby', `is a standby on timeline ${answer.timeline}`);
  if (answer.readOnly) return as('readOnly', 'is out of recovery but read-only');
  if (answer.timeline < memory.timeline) {
    return as(
      'stale',
      `claims to be primary on timeline ${answer.timeline}, older than timeline ${memory.timeline} that was primary before`,
    );
  }
  return as('primary', `is primary on timeline ${answer.timeline}`);
}

/**
 * Two candidates may be two names of one server (`localhost` and `127.0.0.1`): same start to the microsecond.
 * That is no split brain; one claim stays, the incumbent's if it is among them.
 */
function oncePerServer(claims: readonly Claim[], memory: Memory): readonly Claim[] {
  const servers = new Map<string, Claim>();
  for (const claim of claims) {
    const server = `${claim.answer.timeline} ${claim.answer.startedAt}`;
    if (!servers.has(server) || claim.candidate.name === memory.incumbent) servers.set(server, claim);
  }
  return [...servers.values()];
}

/** Names the losers among those that claimed to be primary. */
function demote(finding: Finding, winner: Claim): Finding {
  if (!isClaim(finding) || finding.candidate === winner.candidate) return finding;
  if (finding.answer.startedAt === winner.answer.startedAt) {
    return { ...finding, standing: 'rival', note: `is another name of ${winner.candidate.name}` };
  }
  return finding.answer.timeline < winner.answer.timeline
    ? {
      ...finding,
      standing: 'stale',
      note: `claims to be primary on the older timeline ${finding.answer.timeline}`,
    }
    : asRival(finding);
}

function asRival(finding: Finding): Finding {
  const note = `claims to be primary on timeline ${finding.answer?.timeline} too`;
  return { ...finding, standing: 'rival', note };
}

function splitBrainReason(tied: readonly Claim[], rules: Rules): string {
  const claim = `${names(tied)} all claim to be primary on timeline ${tied[0]?.answer.timeline}`;
  return rules.splitBrain === 'refuse'
    ? `split brain: ${claim}, and SPLIT_BRAIN=refuse; stop all but one`
    : `split brain: ${claim}, and none of them was primary before; stop all but one`;
}

function wonBecause(rule: Rule, winner: Claim, claims: readonly Claim[], tied: readonly Claim[]): string {
  const { name } = winner.candidate;
  const { timeline } = winner.answer;
  switch (rule) {
    case 'splitBrainIncumbent':
      return `split brain: ${
        names(tied)
      } all claim to be primary on timeline ${timeline}; ${name} stays because it was primary before; stop the others`;
    case 'incumbentInDoubt':
      return `${name} stays primary on timeline ${timeline} although its last probe failed`;
    case 'newestTimeline':
      return `${name} is primary: its timeline ${timeline} is newer than that of ${
        names(claims.filter((claim) => claim !== winner))
      }`;
    default:
      return `${name} is primary on timeline ${timeline}`;
  }
}

function explain(findings: readonly Finding[]): string {
  return findings.map((finding) => `${finding.candidate.name} ${finding.note}`).join('; ');
}

function names(of: readonly { readonly candidate: Candidate }[]): string {
  return of.map(({ candidate }) => candidate.name).join(', ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
