/** Every manager in turn: a cluster, the faults in it, and a new cluster where one does not survive them. */
import { experiment } from '../../../test/bed/ha/experiment.ts';
import type { FaultName } from '../../../test/bed/ha/faults.ts';
import type { Manager } from '../../../test/bed/ha/manager.ts';
import { managers } from '../../../test/bed/ha/managers.ts';
import { isPossible } from '../../../test/bed/ha/faults.ts';
import { noPackages } from '../../../test/bed/ha/packages.ts';
import { cannotStage, openStage } from '../../../test/bed/ha/stage.ts';
import { describeMachine, load } from '../bench/machine.ts';
import type { Options } from './options.ts';
import { type Report, rowsOf, type Run } from './report.ts';
import { scheduleOf } from './schedule.ts';

/** `keep` gets what is known after each cluster: the whole takes long. */
export async function campaign(
  options: Options,
  say: (line: string) => void,
  keep: (report: Report) => void,
): Promise<Report> {
  const [loadBefore, startedAt, from] = [load(), new Date().toISOString(), performance.now()];
  const [runs, skipped]: [Run[], string[]] = [[], []];
  const report = (): Report => ({
    startedAt,
    tookSeconds: (performance.now() - from) / 1000,
    seed: options.seed,
    runtime: options.runtime,
    clients: options.clients,
    machine: describeMachine(loadBefore),
    runs,
    skipped,
    rows: rowsOf(runs),
  });
  say(`seed ${options.seed}`);
  for (const name of options.managers) {
    const manager = managers[name];
    const why = cannotStage(manager, options.mayInstall);
    if (why !== false) skipped.push(`${name}: ${why}`);
    else {
      for await (
        const run of runsOf(manager, options, skipped, (line) => say(`${clock(from)} ${name}: ${line}`))
      ) {
        runs.push(run);
        keep(report());
      }
    }
  }
  return report();
}

async function* runsOf(
  manager: Manager,
  options: Options,
  skipped: string[],
  tell: (line: string) => void,
): AsyncGenerator<Run> {
  const noSwitchover = options.faults.includes('switchover') &&
    noPackages(manager.switchoverPackages ?? [], options.mayInstall);
  if (noSwitchover !== false) skipped.push(`switchover by ${manager.name}: ${noSwitchover}`);
  const possible = options.faults.filter((fault) =>
    isPossible(fault, manager) && (fault !== 'switchover' || noSwitchover === false)
  );
  const haproxy = hasHaproxy(manager, options, skipped);
  for (let left = scheduleOf(possible, options.rounds, options.seed); left.length > 0;) {
    const run = await runOnce(manager, left, options.clients, haproxy, tell);
    yield run;
    if (run.trouble !== undefined) tell(run.trouble);
    const done = run.outcomes.filter(({ side }) => side === 'gateway').length;
    // The one that went wrong is not tried again.
    left = left.slice(done + 1);
  }
}

async function runOnce(
  manager: Manager,
  faults: readonly FaultName[],
  clients: number,
  haproxy: boolean,
  tell: (line: string) => void,
): Promise<Run> {
  tell(`starting, for ${faults.length} faults`);
  try {
    const stage = await openStage(manager, { haproxy });
    try {
      return { manager: manager.name, ...await experiment(stage, { faults, clients, tell }) };
    } finally {
      await stage.close();
    }
  } catch (error) {
    return { manager: manager.name, outcomes: [], verdicts: {}, trouble: String(error) };
  }
}

function hasHaproxy({ name }: Manager, { hasHaproxy, mayInstall }: Options, skipped: string[]): boolean {
  if (name !== 'patroni' || !hasHaproxy) return false;
  const why = noPackages(['haproxy'], mayInstall);
  if (why !== false) skipped.push(`haproxy: ${why}`);
  return why === false;
}

function clock(from: number): string {
  const seconds = Math.round((performance.now() - from) / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`;
}
