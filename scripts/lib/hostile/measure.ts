/** A gateway among hostile candidates, or without them, watched for a while and through failovers. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from '../../../test/bed/clients.ts';
import { type Cluster, startCluster } from '../../../test/bed/cluster.ts';
import { endlessSenders } from '../../../test/bed/endless-senders.ts';
import { type GatewayProcess, type GatewayRuntime, startGateway } from '../../../test/bed/gateway.ts';
import { certificates } from '../../../test/bed/hostile-kinds.ts';
import { startHostilePool } from '../../../test/bed/hostile-pool.ts';
import { HostileServer } from '../../../test/bed/hostile-server.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { cpuMs, memoryOf } from '../bench/proc.ts';
import type { Options } from './options.ts';
import type { Sent, Watched } from './table.ts';

/** What a gateway does at its start is not what it does at rest. */
const warmUpMs = 5_000;
const clientPauseMs = 20;

interface Scene {
  readonly cluster: Cluster;
  readonly gateway: GatewayProcess;
  readonly candidates: number;
}

type Settings = Pick<Options, 'seconds' | 'rounds'> & { readonly runtime: GatewayRuntime };

export async function watched(isHostile: boolean, { seconds, rounds, runtime }: Settings): Promise<Watched> {
  const rest = await inScene(isHostile, runtime, (scene) => atRest(scene, seconds));
  const failoverMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    failoverMs.push(await inScene(isHostile, runtime, failover));
  }
  return { ...rest, failoverMs };
}

async function inScene<T>(
  isHostile: boolean,
  runtime: GatewayRuntime,
  run: (scene: Scene) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
  const pairs = certificates();
  const cluster = await startCluster({ standbys: 2, tls: true });
  const servers = isHostile ? await startHostilePool(cluster.server(2).port, pairs) : undefined;
  const hostile = [...servers?.addresses.values() ?? []];
  const roots = join(folder, 'roots.pem');
  writeFileSync(roots, [cluster.certificate, pairs.good.certificate, pairs.expired.certificate].join(''));
  const gateway = await startGateway({
    CANDIDATES: [...hostile, cluster.candidates].join(','),
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: roots,
    PGPASSWORD: 'secret',
  }, runtime);
  try {
    await gateway.routesTo(cluster.first.port);
    return await run({ cluster, gateway, candidates: 3 + hostile.length });
  } finally {
    await gateway.stop();
    await servers?.close();
    await cluster.close();
    rmSync(folder, { recursive: true });
  }
}

async function atRest(
  { cluster, gateway, candidates }: Scene,
  seconds: number,
): Promise<Omit<Watched, 'failoverMs'>> {
  await pause(warmUpMs);
  const { pid, log } = gateway;
  const [cpuBefore, linesBefore, began] = [cpuMs(pid), log.length, performance.now()];
  await pause(seconds * 1_000);
  const tookMs = performance.now() - began;
  const cpuShare = (cpuMs(pid) - cpuBefore) / tookMs;
  const linesAMinute = (log.length - linesBefore) * 60_000 / tookMs;
  const clientMs: number[] = [];
  const directMs: number[] = [];
  let failedClients = 0;
  for (const until = performance.now() + seconds * 1_000; performance.now() < until;) {
    const asked = performance.now();
    try {
      await ask(gateway.port, 'select 1');
      clientMs.push(performance.now() - asked);
    } catch {
      failedClients += 1;
    }
    const directly = performance.now();
    await ask(cluster.first.port, 'select 1');
    directMs.push(performance.now() - directly);
    await pause(clientPauseMs);
  }
  const descriptors = readdirSync(`/proc/${pid}/fd`).length;
  return {
    candidates,
    cpuShare,
    memoryBytes: memoryOf(pid).restBytes,
    descriptors,
    linesAMinute,
    clientMs,
    failedClients,
    directMs,
  };
}

async function failover({ cluster, gateway }: Scene): Promise<number> {
  const next = cluster.server(1);
  await next.catchUp();
  await cluster.first.kill();
  await next.promote();
  const promoted = performance.now();
  await waitFor('a client to be served', async () => {
    const [row] = await ask(gateway.port, 'select inet_server_port() as port').catch(() => []);
    return row?.['port'] === next.port;
  }, { everyMs: 1 });
  return performance.now() - promoted;
}

/** Until each has had so many connections. */
const sendings = 5;

export async function gigabytes(runtime: GatewayRuntime): Promise<readonly Sent[]> {
  const cluster = await startCluster();
  const names = Object.keys(endlessSenders);
  const servers = await Promise.all(
    Object.values(endlessSenders).map((hostility) =>
      new HostileServer(cluster.first.port, hostility).listen()
    ),
  );
  const candidates = [...servers.map(({ address }) => address), cluster.candidates];
  const gateway = await startGateway({ CANDIDATES: candidates.join(','), PGSSLMODE: 'prefer' }, runtime);
  try {
    await waitFor('all to have sent', () => servers.every(({ accepted }) => accepted > sendings), {
      deadlineMs: 60_000,
    });
    return servers.map(({ accepted, bytesSent }, index) => ({
      from: names[index]!,
      connections: accepted,
      bytes: bytesSent,
    }));
  } finally {
    await gateway.stop();
    await Promise.all(servers.map((server) => server.close()));
    await cluster.close();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
