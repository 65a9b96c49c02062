/** What probing costs while nothing happens. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster, startCluster } from '../../../test/bed/cluster.ts';
import { startGateway } from '../../../test/bed/gateway.ts';
import { cpuMs } from '../bench/proc.ts';
import { programs, type RuntimeName } from './options.ts';

export interface ProbingCost {
  readonly runtime: RuntimeName;
  /** PROBE_INTERVAL_MS; undefined: the default. */
  readonly intervalMs?: number | undefined;
  /** Processor time of the gateway, user and system together, over the time that passed; 1 is one core. */
  readonly share: number;
  readonly seconds: number;
  /** Questions that were answered in that time. */
  readonly probes: number;
}

/** For minutes after its start a runtime compiles what has run often enough. */
const restMs = 120_000;

/** All at the same time, each with three candidates, no clients, all other settings as they are by default. */
export async function probingCosts(
  runtimes: readonly RuntimeName[],
  intervals: readonly (number | undefined)[],
  seconds: number,
  tell: (cost: ProbingCost) => void,
): Promise<ProbingCost[]> {
  const cluster = await startCluster({ standbys: 2 });
  try {
    const gateways = runtimes.flatMap((runtime) => intervals.map((intervalMs) => ({ runtime, intervalMs })));
    return await Promise.all(gateways.map(async (one) => {
      const cost = { ...one, ...await probingCost(one, seconds, cluster) };
      tell(cost);
      return cost;
    }));
  } finally {
    await cluster.close();
  }
}

async function probingCost(
  { runtime, intervalMs }: Pick<ProbingCost, 'runtime' | 'intervalMs'>,
  seconds: number,
  cluster: Cluster,
): Promise<Omit<ProbingCost, 'runtime' | 'intervalMs'>> {
  const settings = { CANDIDATES: cluster.candidates, ...intervalSetting(intervalMs) };
  const gateway = await startGateway(settings, programs[runtime]);
  await gateway.routesTo(cluster.first.port);
  await pause(restMs);
  const probesOf = async () =>
    sumOf('pg_gateway_probe_duration_seconds_count', (await gateway.get('/metrics')).body);
  const probesBefore = await probesOf();
  const [before, from] = [cpuMs(gateway.pid), performance.now()];
  await pause(seconds * 1000);
  const [cpu, took] = [cpuMs(gateway.pid) - before, performance.now() - from];
  const probes = await probesOf() - probesBefore;
  await gateway.stop();
  return { share: cpu / took, seconds: took / 1000, probes };
}

export function intervalSetting(intervalMs: number | undefined): Record<string, string> {
  return intervalMs === undefined ? {} : { PROBE_INTERVAL_MS: String(intervalMs) };
}

/** Over all labels. */
export function sumOf(series: string, metrics: string): number {
  return metrics.split('\n').filter((line) => line.startsWith(`${series}{`) || line.startsWith(`${series} `))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
