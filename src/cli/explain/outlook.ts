/** What would change the present verdict, told from `/status` in whole sentences. Mirrors the rules of the election. */
import { settledAfter } from '../../cluster/return.ts';
import { duration } from './duration.ts';
import type { AnswerStatus, CandidateStatus, Status } from '../../admin/status.ts';

export function outlook(status: Status): readonly string[] {
  const { primary } = status.route;
  return primary === null ? withoutPrimary(status) : withPrimary(status, primary.candidate);
}

function withPrimary({ route, candidates, rules, limits }: Status, primary: string): string[] {
  const { failures = 0, standing, answer } = candidates.find(({ name }) => name === primary) ?? {};
  const isHidden = answer?.timeline === null;
  const isRejecting = standing === 'rejecting';
  // With SPLIT_BRAIN=refuse there would be no primary now.
  const isContested = route.splitBrain;
  const counting = isRejecting ? 0 : failures;
  const left = Math.max(1, rules.failAfter - counting);
  const lines = [
    isHidden
      ? `${primary} hides its timeline from the probe, so none is known to be newer: another server that claims to be ` +
        `primary is a split brain, and withdraws ${primary} if it hides less.`
      : `Another server of ${systemText(rules.system)} that is primary on a timeline newer than ` +
        `${rules.newestTimeline} takes over at once, and sessions elsewhere are ended.`,
    `${counted(left, counting > 0 ? 'more failed probe' : 'failed probe')} of ${primary}${
      left > 1 ? ' in a row' : ''
    } would withdraw it (FAIL_AFTER=${rules.failAfter}): ${
      isContested
        ? 'another one that claims to be primary may take its place then, and sessions on it are ended.'
        : 'new clients wait then, and sessions stay.'
    }`,
    ...(isHidden ? [] : [
      'Any other server of it that shows a newer timeline withdraws it at once: new clients wait then, and sessions stay.',
    ]),
    `${duration(limits.deadAfterMs)} of silence would end the sessions on it (DEAD_AFTER_MS).`,
  ];
  if (isRejecting) {
    lines.unshift(
      `${primary} is up and does not let the gateway in to ask: see above what to mend. It stays primary meanwhile, ` +
        'unless another server claims the role, or it may have been started again.',
    );
  }
  if (route.splitBrain) {
    lines.unshift('The alarm ends when the other servers that claim to be primary are stopped.');
  }
  return lines;
}

function withoutPrimary(status: Status): string[] {
  const { route, rules } = status;
  switch (route.rule) {
    case null:
    case 'firstRound':
      return ['Once each candidate has answered or failed, there is a verdict.'];
    case 'unknownSystem':
      return [
        'SYSTEM_IDENTIFIER can say which system is ours; or the candidates of other systems are taken out.',
      ];
    case 'splitBrain':
      return [
        'All but one of the servers that claim to be primary must be stopped; clients are served then.',
      ];
    default: {
      const newest = newestTimeline(status);
      return [
        ...aboutRejecting(status),
        `A server of ${
          systemText(rules.system)
        } that answers, is out of recovery, is not read-only and not on a ` +
        `timeline older than ${newest} becomes primary at its next probe.`,
        ...aboutStale(status, newest),
        ...aboutForeign(status),
      ];
    }
  }
}

/** Nothing that happens to the servers ends it: an operator has to change what each says above. */
function aboutRejecting({ candidates, rules }: Status): string[] {
  const names = candidates.filter(({ standing }) => standing === 'rejecting').map(({ name }) => name);
  if (names.length === 0) return [];
  return [
    `${names.join(', ')} ${
      names.length > 1 ? 'are' : 'is'
    } up and may be the primary, but the gateway is not let in to ask: see above what to mend.`,
    ...(rules.newestTimeline === 0
      ? ['Since its start the gateway was let in by no primary, so it cannot know which server that is.']
      : []),
  ];
}

/** A candidate that is silent now may have shown it; and the timeline of an earlier primary is remembered. */
function newestTimeline({ candidates, rules }: Status): number {
  const shown = candidates.map((candidate) =>
    isOurs(candidate, rules.system) ? candidate.answer.timeline ?? 0 : 0
  );
  return Math.max(rules.newestTimeline, ...shown);
}

type Answering = CandidateStatus & { readonly answer: AnswerStatus };

function isOurs(candidate: CandidateStatus, system: string | null): candidate is Answering {
  const { answer, standing } = candidate;
  return answer !== null && standing !== 'foreign' && standing !== 'distrusted' &&
    (system === null || answer.system === system);
}

/** A candidate claims to be primary and is not believed: what happens meanwhile, and what ends it either way. */
function aboutStale(status: Status, newest: number): string[] {
  const { candidates, rules, limits } = status;
  const stale = candidates.filter(({ standing }) => standing === 'stale');
  const [first] = stale;
  if (first === undefined) return [];
  const names = stale.map(({ name }) => name).join(', ');
  const older = first.answer?.timeline ?? 0;
  const witnesses = candidates.filter((candidate) =>
    isOurs(candidate, rules.system) && (candidate.answer.timeline ?? 0) > older
  )
    .map(({ name }) => name).join(', ');
  const waits = limits.holdMs === 0 || limits.maxHeld === 0 ? 'are refused' : 'wait';
  const lines = [
    `Timeline ${newest} has begun, so what is written on an older one may be lost: nobody is routed to ${names}, new ` +
    `clients ${waits}, and sessions that are there already go on.`,
    `If timeline ${newest} is right: start its primary or promote one of its standbys, stop ${names}, and rebuild it ` +
    'as a standby.',
  ];
  const right = `If the older timeline is right (a promotion was given up, or a backup restored):`;
  if (witnesses !== '') {
    lines.push(
      `${right} rebuild ${witnesses} as a standby of the primary, or take it out of CANDIDATES and run pg_gateway reload.`,
    );
  }
  if (rules.newestTimeline > older) {
    lines.push(
      `${
        witnesses === '' ? right : 'Then'
      } rebuild every other candidate as a standby of the primary. It is elected ` +
        `by itself when all of them have been seen to stream from it for ${duration(settledAfter(rules))} ` +
        '(grant pg_read_all_stats to the role of the probe). Where that cannot be, run pg_gateway forget-timeline: it ' +
        `forgets timeline ${rules.newestTimeline}.`,
    );
  }
  return lines;
}

/** Every server that answers belongs to another system: after pg_upgrade, or at wrong addresses. */
function aboutForeign({ candidates, rules }: Status): string[] {
  const current = candidates.filter(({ answer, failures }) => answer !== null && failures === 0);
  const systems = new Set(current.map(({ answer }) => answer?.system));
  const [system, ...others] = systems;
  if (typeof system !== 'string' || others.length > 0 || system === rules.system) return [];
  return [
    `All that answer belong to system ${system}. If it is the right one now (pg_upgrade, or a cluster set up anew): ` +
    `run pg_gateway forget-system, or set SYSTEM_IDENTIFIER=${system}. If not: correct CANDIDATES.`,
    'Unless SYSTEM_IDENTIFIER is set, it is served by itself when the candidate that was primary and at least ' +
    `half of all have answered from it, and none from another one or with a rejection, for ${
      duration(settledAfter(rules))
    }.`,
  ];
}

/** `1 session`, `2 sessions`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function systemText(system: string | null): string {
  return system === null ? 'our system' : `system ${system}`;
}
