/** `pg_gateway check`: asks every candidate once and prints the verdict. */
import { defineCommand } from 'citty';
import { counted } from './explain/outlook.ts';
import { elect, noMemory, type Verdict } from '../cluster/election.ts';
import { groupBy } from '../cluster/group-by.ts';
import { formatLsn } from '../cluster/lsn.ts';
import type { Observation } from '../cluster/observation.ts';
import type { Config } from '../config/config.ts';
import { logEvents } from '../log-events.ts';
import { unaskedLogins } from '../control/unasked-logins.ts';
import { Prober } from '../probe/prober.ts';
import { pickRuntime } from '../runtime/pick.ts';
import { settingNames } from '../config/settings.ts';
import { configOf, settingArgs } from './args.ts';
import { print, say } from './print.ts';
import { table } from './table.ts';

export const check = defineCommand({
  meta: {
    name: 'check',
    description:
      'Check the configuration, ask every candidate once, print who is primary; exit code 0 only if one is.',
  },
  args: settingArgs(settingNames),
  async run({ args }) {
    const config = configOf(args, []);
    for (const warning of [...config.warnings, ...config.credentials.warnings]) say(`pg_gateway: ${warning}`);
    say(
      `Asking ${counted(config.candidates.length, 'candidate')} as ${config.credentials.user} ...`,
    );
    const observations = await askOnce(config);
    const verdict = elect(observations, noMemory, pickRuntime().now(), { ...config.rules, failAfter: 1 });
    print(render(verdict));
    for (const line of lost(observations)) print(line);
    const unasked = unaskedLogins(observations, [config.listen.host, ...config.listen.alsoOn]);
    if (unasked.length > 0) say(`pg_gateway: ${logEvents.login_unasked[1]}: ${unasked.join(', ')}`);
    return verdict.primary === undefined ? 1 : 0;
  },
});

/** Resolves when each candidate has answered or failed once; every probe has its deadlines. */
function askOnce(config: Config): Promise<readonly Observation[]> {
  return new Promise((resolve) => {
    const prober = new Prober(
      config.candidates,
      config.credentials,
      config.probe,
      pickRuntime(),
      {
        observed: (observations) => {
          if (!observations.every(({ answer, failures }) => answer !== undefined || failures > 0)) return;
          prober.stop();
          resolve(observations);
        },
        log: (event, fields = {}) => {
          const [level, message] = logEvents[event];
          if (level === 'warn') say(`pg_gateway: ${message}: ${Object.values(fields).join(', ')}`);
        },
        isIncumbent: () => false,
      },
    );
    prober.start();
  });
}

/** Which guards of the election are lost, each once, with the servers it is lost at. */
function lost(observations: readonly Observation[]): readonly string[] {
  const lacks = observations.flatMap(({ candidate, answer }) =>
    (answer?.lacks ?? []).map((lack) => ({ ...lack, candidate: candidate.name }))
  );
  const groups = groupBy(lacks, ({ name, remedy }) => `${name} ${remedy}`);
  return [...groups.values()].map((of) => {
    const { name, loss, remedy } = of[0]!;
    const at = of.map(({ candidate }) => candidate).join(', ');
    return `Hidden at ${at}: ${name}. Without it ${loss}.${
      remedy === undefined ? '' : ` Mend it by: ${remedy}`
    }`;
  });
}

function render({ findings, primary, reason, rule }: Verdict): string {
  const rows = findings.map(({ candidate, standing, note, answer }, row) => [
    candidate.name,
    standing,
    String(answer?.timeline ?? '-'),
    answer?.lsn === undefined ? '-' : formatLsn(answer.lsn),
    answer ? `${answer.tookMs.toFixed(1)} ms` : '-',
    // A mistake in our settings fails at every candidate with the same message, and it is long.
    findings.findIndex((other) => other.note === note) < row && answer === undefined ? 'as above' : note,
  ]);
  const lines = table(['CANDIDATE', 'STANDING', 'TIMELINE', 'LSN', 'TOOK', 'WHY'], rows);
  const verdict = primary ? `Primary: ${primary.candidate.name}.` : 'No primary.';
  return `${lines}\n\n${verdict}\nWhy: ${reason}. (rule: ${rule})`;
}
