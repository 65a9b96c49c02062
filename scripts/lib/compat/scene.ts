/** A cluster whose primary dies again and again, and the gateway before it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, type Server, startCluster } from '../../../test/bed/cluster.ts';
import { type GatewayProcess, patient, startGateway } from '../../../test/bed/gateway.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import type { FaultName } from './faults.ts';

/** Which way a client goes: through the gateway, or straight to the primary, to see whose fault a failure is. */
export type Way = 'gateway' | 'direct';

/** Longer than a failover takes here, so that what is refused is a fault. */
export const holdMs = 30_000;

export class Scene {
  readonly cluster: Cluster;
  readonly gateway: GatewayProcess;
  /** The folder of the server's programs, where it is not the one that comes with the tests. */
  readonly bin: string | undefined;
  /** Of the server: the major one, and all of it. */
  readonly version: number;
  readonly versionText: string;
  /** The root certificate of the servers. */
  readonly rootFile: string;
  /** Shared with what `behind` returns. */
  readonly #role: { primary: Server };
  #portOf = (server: Server): number => server.port;
  #afterPromotion = (_: Server): Promise<void> => Promise.resolve();

  private constructor(
    { cluster, gateway, bin, versionText }: Pick<Scene, 'cluster' | 'gateway' | 'bin' | 'versionText'>,
    role: { primary: Server } = { primary: cluster.first },
  ) {
    this.cluster = cluster;
    this.gateway = gateway;
    this.bin = bin;
    this.versionText = versionText;
    this.version = Number.parseInt(versionText);
    this.rootFile = join(cluster.folder, 'root.crt');
    this.#role = role;
    writeFileSync(this.rootFile, cluster.certificate ?? '', { mode: 0o644 });
  }

  /** Of the PostgreSQL in the folder `bin`, or of the one that comes with the tests. `command` runs the gateway. */
  static async start(
    bin: string | undefined,
    command?: readonly string[],
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Scene> {
    const cluster = await startCluster({
      standbys: 1,
      tls: true,
      bin,
      settings: { wal_level: 'logical', max_replication_slots: '10', ...settings },
    });
    try {
      const env = { CANDIDATES: cluster.candidates, HOLD_MS: String(holdMs), ...patient };
      const gateway = await startGateway(env, 'binary', command === undefined ? {} : { command });
      await gateway.routesTo(cluster.first.port);
      const [row] = await cluster.first.query<{ version: string }>(
        `select current_setting('server_version') as version`,
      );
      return new Scene({ cluster, gateway, bin, versionText: String(row?.version).split(' ')[0] ?? '' });
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** The same servers behind another gateway, which reaches each at another port, and what is done after a promotion. */
  behind(
    gateway: GatewayProcess,
    candidatePort: (server: Server) => number,
    afterPromotion: (next: Server) => Promise<void>,
  ): Scene {
    const { cluster, bin, versionText } = this;
    const scene = new Scene({ cluster, gateway, bin, versionText }, this.#role);
    scene.#portOf = candidatePort;
    scene.#afterPromotion = afterPromotion;
    return scene;
  }

  /** Where the gateway reaches a server. */
  candidatePort(server: Server): number {
    return this.#portOf(server);
  }

  get primary(): Server {
    return this.#role.primary;
  }

  get standby(): Server {
    const other = this.cluster.servers.find((server) => server !== this.#role.primary);
    if (other === undefined) throw new Error('the cluster has no standby');
    return other;
  }

  port(way: Way): number {
    return way === 'gateway' ? this.gateway.port : this.#role.primary.port;
  }

  /** What libpq and all that is like it reads. */
  environment(way: Way, isEncrypted = false): Record<string, string> {
    return {
      PGHOST: '127.0.0.1',
      PGPORT: String(this.port(way)),
      PGUSER: 'postgres',
      PGDATABASE: 'postgres',
      // The driver's own, so that a test sees what the user would.
      PGCONNECT_TIMEOUT: '0',
      ...(isEncrypted
        ? { PGSSLMODE: 'verify-full', PGSSLROOTCERT: this.rootFile }
        : { PGSSLMODE: 'disable' }),
    };
  }

  /** What the primary does not outlive, or does not answer after. There is no other until `promote`. */
  async strike(fault: FaultName): Promise<void> {
    if (fault === 'kill') await this.#role.primary.kill();
    else if (fault === 'stop') await this.#role.primary.stop('fast');
    else this.#role.primary.freeze();
  }

  /** Whether the primary serves, so that no `promote` is owed. */
  get isWell(): boolean {
    return this.#role.primary.isUp && !this.#role.primary.isFrozen;
  }

  /** Waits until a client is held for lack of a primary, so that it is shown to have waited. */
  async holds(): Promise<void> {
    await waitFor(
      'the gateway to hold a client',
      async () => (await this.gateway.metric('pg_gateway_held') ?? 0) > 0,
      { deadlineMs: holdMs },
    );
  }

  /** Resolves once the gateway has elected the standby. */
  async promote(): Promise<void> {
    const next = this.standby;
    await next.promote();
    await this.#afterPromotion(next);
    await this.promoted();
  }

  /** As `promote`, after somebody else has promoted the standby. */
  async promoted(): Promise<void> {
    const next = this.standby;
    this.#role.primary = next;
    await this.gateway.routesTo(this.candidatePort(next));
  }

  /** Makes the server that was killed a standby of the new primary. */
  async mend(): Promise<void> {
    await this.standby.rebuildFrom(this.#role.primary);
  }

  async close(): Promise<void> {
    await this.gateway.stop();
    await this.cluster.close();
  }
}

/**
 * The failover of a program: `begin` opens what is to break, `broken` resolves with what the program said when it broke,
 * and `again` with the port of the server that a new session reached. Resolves with a sentence.
 */
export async function failover(
  scene: Scene,
  fault: FaultName,
  broken: () => Promise<string>,
  again: () => Promise<number>,
): Promise<string> {
  try {
    await scene.strike(fault);
    // A frozen server's sessions are ended because there is another primary; before that they only hang.
    if (fault === 'freeze') await scene.promote();
    const said = await broken();
    const reached = again();
    // It is waited for below; a failure meanwhile must not end the process.
    reached.catch(() => {});
    if (fault !== 'freeze') {
      await Promise.race([scene.holds(), reached]);
      await scene.promote();
    }
    const promoted = performance.now();
    const port = await reached;
    const expected = scene.primary.port;
    if (port !== expected) {
      throw new Error(`it was connected to port ${port}; the new primary is at ${expected}`);
    }
    const seconds = ((performance.now() - promoted) / 1000).toFixed(1);
    const words = said === '' ? 'it reconnected by itself' : `"${oneLine(said)}"`;
    return `${words}; the next served after ${seconds} s`;
  } finally {
    if (!scene.isWell) await scene.promote();
    await scene.mend();
  }
}

/** In one line, without what differs from run to run or from machine to machine, and not longer than a reader wants. */
export function oneLine(text: string): string {
  return text.trim()
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\bport \d+/g, 'port N')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:N')
    // Of a path its last two names.
    .replaceAll(/(?:\/[\w.@-]+)+(?=(?:\/[\w.@-]+){2})/g, '...');
}
