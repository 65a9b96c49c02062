/** Whether the gateway takes a busy machine for trouble: nothing is wrong with any server. */
import { setTimeout as pause } from 'node:timers/promises';
import { startCluster } from '../../../test/bed/cluster.ts';
import { startGateway } from '../../../test/bed/gateway.ts';
import { noPgbench, pgbenchPath } from '../../../test/bed/pgbench.ts';
import { start } from '../bench/children.ts';
import { load } from '../bench/machine.ts';
import { programs, type RuntimeName } from './options.ts';
import { sumOf } from './probing.ts';

export interface AlarmWatch {
  readonly runtime: RuntimeName;
  readonly minutes: number;
  /** Processes that do nothing but use the processors. */
  readonly busyProcesses: number;
  readonly clients: number;
  /** Of those clients, by pgbench. */
  readonly transactions: number;
  /** Of the machine, at the end. */
  readonly load: number;
  /** Questions that were answered. */
  readonly probes: number;
  /** Of these, those that took more than 25 ms, as the metric counts them. */
  readonly slow: number;
  /** Answers of the primary that were overdue: each has the candidates asked at the fast pace until it comes. */
  readonly overdue: number;
  /** Probes that failed: one of the primary is doubt. */
  readonly failures: number;
  /** Verdicts that differed from the one before. */
  readonly verdicts: number;
}

const busyProcesses = 4;
const clients = 8;

/** Those ask small questions through the gateway as fast as they can. */
export async function watchAlarms(
  runtime: RuntimeName,
  minutes: number,
  tell: (minute: number, overdue: number) => void,
): Promise<AlarmWatch> {
  if (pgbenchPath === undefined) throw new Error(noPgbench);
  const cluster = await startCluster({ standbys: 2 });
  try {
    const gateway = await startGateway({ CANDIDATES: cluster.candidates }, programs[runtime]);
    await gateway.routesTo(cluster.first.port);
    const place = ['-h', '127.0.0.1', '-p', String(gateway.port), '-U', 'postgres'];
    const seconds = String(Math.ceil(minutes * 60));
    const options = ['-n', '-S', '-M', 'prepared', '-c', String(clients), '-T', seconds];
    const tables = await start([pgbenchPath, '-i', '-q', ...place, 'postgres']);
    if (await tables.ended !== 0) throw new Error(`pgbench: ${tables.output()}`);

    const busy = await Promise.all(
      Array.from({ length: busyProcesses }, () => start(['sh', '-c', 'while :; do :; done'])),
    );
    const bench = await start([pgbenchPath, ...options, ...place, 'postgres']);
    const read = async () => {
      const { body } = await gateway.get('/metrics');
      const of = (name: string) => sumOf(`pg_gateway_${name}`, body);
      return {
        probes: of('probe_duration_seconds_count'),
        quick: quickIn(body),
        overdue: of('probe_overdue_total'),
        failures: of('probe_failures_total'),
        verdicts: of('verdicts_total'),
      };
    };
    const before = await read();
    for (let minute = 1; minute <= minutes; minute++) {
      await pause(60_000);
      tell(minute, (await read()).overdue - before.overdue);
    }
    const loadAfter = load();
    const after = await read();
    await Promise.all(busy.map((one) => one.end()));
    const code = await bench.ended;
    if (code !== 0) throw new Error(`pgbench ended with ${code}: ${bench.output()}`);
    await gateway.stop();
    return {
      runtime,
      minutes,
      busyProcesses,
      clients,
      transactions: Number(/transactions actually processed: (\d+)/.exec(bench.output())?.[1]),
      load: loadAfter,
      probes: after.probes - before.probes,
      slow: after.probes - before.probes - (after.quick - before.quick),
      overdue: after.overdue - before.overdue,
      failures: after.failures - before.failures,
      verdicts: after.verdicts - before.verdicts,
    };
  } finally {
    await cluster.close();
  }
}

/** How many answers took at most 25 ms, of all candidates. */
function quickIn(metrics: string): number {
  return metrics.split('\n').filter((line) =>
    /^pg_gateway_probe_duration_seconds_bucket\{.*le="0\.025"/.test(line)
  )
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
