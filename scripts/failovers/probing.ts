/** What probing costs while nothing happens. */
import { setTimeout as pause } from 'node:timers/promises';
import { startCluster } from '../../test/support/cluster.ts';
import { startGateway } from '../../test/support/gateway.ts';
import { cpuMs } from '../benches/proc.ts';
import { programs, type RuntimeName } from './options.ts';

export interface ProbingCost {
  readonly runtime: RuntimeName;
  /** Processor time of the gateway, user and system together, over the time that passed; 1 is one core. */
  readonly share: number;
  readonly seconds: number;
  /** Questions that were answered in that time. */
  readonly probes: number;
}

/** After its start a runtime compiles and collects for a while. */
const restMs = 10_000;

/** One runtime after another, three candidates, no clients, all settings as they are by default. */
export async function probingCosts(
  runtimes: readonly RuntimeName[],
  seconds: number,
  tell: (cost: ProbingCost) => void,
): Promise<ProbingCost[]> {
  const cluster = await startCluster({ standbys: 2 });
  try {
    const costs: ProbingCost[] = [];
    for (const runtime of runtimes) {
      const gateway = await startGateway({ CANDIDATES: cluster.candidates }, programs[runtime]);
      await gateway.routesTo(cluster.first.port);
      await pause(restMs);
      const probesOf = async () =>
        sumOf('pg_gateway_probe_duration_seconds_count', (await gateway.get('/metrics')).body);
      const probesBefore = await probesOf();
      const [before, from] = [cpuMs(gateway.pid), performance.now()];
      await pause(seconds * 1000);
      const [cpu, took] = [cpuMs(gateway.pid) - before, performance.now() - from];
      const probes = await probesOf() - probesBefore;
      costs.push({ runtime, share: cpu / took, seconds: took / 1000, probes });
      tell(costs.at(-1) as ProbingCost);
      await gateway.stop();
    }
    return costs;
  } finally {
    await cluster.close();
  }
}

/** Over all labels. */
function sumOf(series: string, metrics: string): number {
  return metrics.split('\n').filter((line) => line.startsWith(`${series}{`) || line.startsWith(`${series} `))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
