/** What would change the present verdict, told from `/status` in whole sentences. Mirrors the rules of the election. */
import { duration } from './duration.ts';
import type { Status } from './status.ts';

export function outlook(status: Status): readonly string[] {
  const { primary } = status.route;
  return primary === null ? withoutPrimary(status) : withPrimary(status, primary.candidate);
}

function withPrimary({ route, candidates, rules, limits }: Status, primary: string): string[] {
  const failures = candidates.find(({ name }) => name === primary)?.failures ?? 0;
  const left = Math.max(1, rules.failAfter - failures);
  const lines = [
    `Another server of ${systemText(rules.system)} that is primary on a timeline newer than ` +
    `${rules.newestTimeline} takes over at once, and sessions elsewhere are ended.`,
    `${counted(left, failures > 0 ? 'more failed probe' : 'failed probe')} of ${primary}${
      left > 1 ? ' in a row' : ''
    } would withdraw it (FAIL_AFTER=${rules.failAfter}): new clients wait then, and sessions stay.`,
    `${duration(limits.deadAfterMs)} of silence would end the sessions on it (DEAD_AFTER_MS).`,
  ];
  if (route.splitBrain) {
    lines.unshift('The alarm ends when the other servers that claim to be primary are stopped.');
  }
  return lines;
}

function withoutPrimary({ route, candidates, rules }: Status): string[] {
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
      const seen = candidates.map(({ standing, answer }) =>
        standing === 'standby' ? answer?.timeline ?? 0 : 0
      );
      const newestTimeline = Math.max(rules.newestTimeline, ...seen);
      const lines = [
        `A server of ${
          systemText(rules.system)
        } that answers, is out of recovery, is not read-only and not on a ` +
        `timeline older than ${newestTimeline} becomes primary at its next probe.`,
      ];
      if (candidates.some(({ standing }) => standing === 'stale')) {
        lines.push(
          'If the older timeline is there on purpose (restored from a backup), restart the gateway, which forgets ' +
            'the newer one, and rebuild the standbys that have seen it.',
        );
      }
      return lines;
    }
  }
}

/** `1 session`, `2 sessions`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function systemText(system: string | null): string {
  return system === null ? 'our system' : `system ${system}`;
}
