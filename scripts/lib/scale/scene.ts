/** What all parts stand on: a primary and its standbys, and the stand-in for idle sessions. */
import { readdirSync } from 'node:fs';
import { startCluster } from '../../../test/bed/cluster.ts';
import { type GatewayProcess, patient, startGateway } from '../../../test/bed/gateway.ts';
import { freePort } from '../../../test/bed/ports.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { type Child, lineOf, start } from '../bench/children.ts';
import { writeConfig } from '../bench/configs.ts';
import { startCrowd, startStandIn } from '../bench/idle.ts';
import { prepareTables } from '../bench/pgbench.ts';
import { allowedCores, lastCore, pin } from '../bench/proc.ts';
import { isReady } from '../bench/ready.ts';
import { withoutLast } from '../bench/cores.ts';
import { haproxyConfig } from './haproxy.ts';

/** A proxy that runs: `port` leads to the primary, `idlePort` to the stand-in. */
export interface Proxy {
  readonly pid: number;
  readonly port: number;
  readonly idlePort: number;
  end(): Promise<unknown>;
}

export interface Ours extends Proxy {
  readonly gateway: GatewayProcess;
}

const host = '127.0.0.1';
const crowdDeadlineMs = 120_000;

/** Whoever opens it closes it; all that was started in it ends then, too. */
export class Scene {
  readonly primaryPort: number;
  /** All real servers, for CANDIDATES. */
  readonly candidates: string;
  readonly #folder: string;
  readonly #closers: (() => Promise<unknown>)[] = [];
  readonly #standbyPort: number;
  /** Undefined: proxies run anywhere. */
  #proxyCore: string | undefined;

  /** Leaves the last core to a proxy, and the others to all that was started here: a scheduler decides nothing then. */
  static async openApart(folder: string): Promise<Scene> {
    const cores = allowedCores();
    const others = withoutLast(cores);
    // Children inherit it.
    if (others !== undefined) pin(process.pid, others);
    const scene = await Scene.open(folder);
    scene.#closers.push(() => Promise.resolve(pin(process.pid, cores)));
    if (others !== undefined) scene.#proxyCore = lastCore(cores);
    return scene;
  }

  private constructor(folder: string, primaryPort: number, standbyPort: number, candidates: string) {
    this.#folder = folder;
    this.primaryPort = primaryPort;
    this.#standbyPort = standbyPort;
    this.candidates = candidates;
  }

  /** `folder` is for files that are in nobody's way. */
  static async open(folder: string): Promise<Scene> {
    const cluster = await startCluster({ standbys: 2, maxConnections: 300 });
    try {
      const { first } = cluster;
      await prepareTables({ host, port: first.port });
      const scene = new Scene(folder, first.port, cluster.server(1).port, cluster.candidates);
      scene.#closers.push(() => cluster.close());
      return scene;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** In front of a real server. One for each kind of proxy: it may have 20,000 open files, too. Returns its port. */
  async standIn(role: 'primary' | 'standby' = 'standby'): Promise<number> {
    const port = role === 'primary' ? this.primaryPort : this.#standbyPort;
    const standIn = await startStandIn({ host, port });
    this.#closers.push(() => standIn.end());
    return standIn.port;
  }

  /** The executable, with the primary and the stand-in as its standby. */
  async startOurs(standInPort: number, workers: number, sessions: number): Promise<Ours> {
    const gateway = await startGateway({
      CANDIDATES: `${host}:${this.primaryPort},${host}:${standInPort}`,
      REPLICA_PORT: '0',
      NUM_THREADS: String(workers),
      // What is kept for those who wait would take descriptors from the sessions.
      MAX_HELD: '10',
      MAX_SESSIONS: String(sessions),
      LOG_LEVEL: 'info',
      ...patient,
    }, 'binary');
    this.#closers.push(() => gateway.stop());
    await gateway.routesTo(this.primaryPort);
    const { pid, port, standbyPort: idlePort } = gateway;
    this.#place(pid);
    await waitFor('a session through the standby port', () => isReady(host, idlePort, 'postgres'), {
      evidence: gateway.said,
    });
    return { gateway, pid, port, idlePort, end: () => gateway.stop() };
  }

  async startHaproxy(standInPort: number, threads: number, sessions: number): Promise<Proxy> {
    const [port, idlePort] = [await freePort(), await freePort()];
    const { primaryPort } = this;
    const config = haproxyConfig({ port, idlePort, primaryPort, standInPort, threads, sessions });
    const child = await start([
      'haproxy',
      '-db',
      '-f',
      writeConfig(this.#folder, `haproxy-${port}.cfg`, config),
    ]);
    this.#closers.push(() => child.end());
    for (const one of [port, idlePort]) {
      await waitFor('a session through HAProxy', () => isReady(host, one, 'postgres'), {
        evidence: child.output,
      });
    }
    this.#place(child.pid);
    return { pid: child.pid, port, idlePort, end: () => child.end() };
  }

  #place(pid: number): void {
    if (this.#proxyCore !== undefined) pin(pid, this.#proxyCore);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
  }
}

/** Sessions that do nothing. Rejects if one is not held. */
export async function gather(proxy: Proxy, count: number): Promise<Child> {
  const crowd = await startCrowd({ host, port: proxy.idlePort }, count);
  const { held, why } = await lineOf(crowd, 0, crowdDeadlineMs);
  if (held === count) return crowd;
  await crowd.end();
  throw new Error(`${held} of ${count} idle sessions were held: ${why}`);
}

/** Ends them; resolves when the proxy has noticed. */
export async function dismiss(proxy: Proxy, crowds: readonly Child[]): Promise<void> {
  for (const crowd of crowds) await crowd.end();
  await waitFor(
    'the descriptors of the idle sessions to be closed',
    () => readdirSync(`/proc/${proxy.pid}/fd`).length < 200,
  );
}
