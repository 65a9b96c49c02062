/** Real PostgreSQL clusters on loopback: one primary and its standbys, gone without a trace after `close`. */
import { join } from 'node:path';
import { Cluster as DemoCluster } from '../../src/demo/servers/cluster.ts';
import { freePort } from '../../src/demo/servers/ports.ts';
import { type Account, writePrivate } from '../../src/demo/servers/server-files.ts';
import type { ServerOptions } from '../../src/demo/servers/server-settings.ts';
import { type Certificate, selfSigned } from './certificate.ts';
import { siteOf, template } from './postgres-binaries.ts';
import { Server } from './postgres-server.ts';

export { Server };

export interface ClusterOptions extends ServerOptions {
  /** How many standbys stream from the first server. */
  readonly standbys?: number | undefined;
  /** Makes a certificate for 127.0.0.1 and lets the servers speak TLS with it. */
  readonly tls?: boolean | undefined;
  /** The loopback addresses of the servers, which then all have the same port, as the pods of a service do. */
  readonly hosts?: readonly string[] | undefined;
  /** The password of `postgres`, asked for by SCRAM; without one everybody on loopback is trusted. */
  readonly password?: string | undefined;
  /** Sessions that each server can hold. Standbys need at least as many as their primary. */
  readonly maxConnections?: number | undefined;
  /** The folder of another PostgreSQL's programs than the one that comes with the tests. */
  readonly bin?: string | undefined;
}

/** Two PostgreSQL systems have different identifiers; servers of one cluster share theirs. */
type System = 'ours' | 'stranger';

export class Cluster extends DemoCluster<Server> {
  /** The root certificate as PEM, where the servers speak TLS. */
  readonly certificate: string | undefined;
  readonly #options: ClusterOptions;

  /** Use `startCluster`. */
  constructor(options: ClusterOptions) {
    const site = siteOf(options.bin);
    const pair = options.tls ? selfSigned() : undefined;
    const { password, hba = [] } = options;
    const scram = password === undefined ? [] : ['host all all 127.0.0.0/8 scram-sha-256'];
    super(site, (place) => {
      const settings = { ...settingsOf(options, pair && place.socketFolder), ...options.settings };
      return new Server(site, place, { settings, hba: [...hba, ...scram] }, password);
    });
    this.#options = options;
    this.certificate = pair?.certificate;
    if (pair) writePair(pair, this.folder, site.account);
  }

  /** Starts a further standby out of a base backup of `primary`. */
  async addStandby(primary: Server): Promise<Server> {
    const server = await this.addNext();
    await server.rebuildFrom(primary);
    return server;
  }

  /**
   * Starts a second primary of the same system on the same timeline, for split-brain tests: a copy of the data
   * of `original`, which must be stopped and may be started again afterwards.
   */
  async addTwin(original: Server): Promise<Server> {
    if (original.isUp) throw new Error(`${original.name} is up: stop it before its data is copied`);
    const server = await this.addNext();
    await server.copyFrom(original.data);
    await server.start();
    return server;
  }

  /** At the next of the addresses. */
  async addNext(): Promise<Server> {
    const { hosts } = this.#options;
    if (!hosts) return await this.add();
    return await this.add(hosts[this.servers.length], this.servers[0]?.port ?? await freePort(hosts));
  }
}

/** `folder` has the certificate and its key, for a server that speaks TLS. */
function settingsOf({ maxConnections }: ClusterOptions, folder: string | undefined): Record<string, string> {
  return {
    ...(maxConnections === undefined ? {} : { max_connections: String(maxConnections) }),
    ...(folder === undefined ? {} : {
      ssl: 'on',
      ssl_cert_file: join(folder, 'server.crt'),
      ssl_key_file: join(folder, 'server.key'),
    }),
  };
}

function writePair({ certificate, key }: Certificate, folder: string, account: Account | undefined): void {
  writePrivate(join(folder, 'server.crt'), certificate, account);
  writePrivate(join(folder, 'server.key'), key, account);
}

/** Starts a primary and `standbys` standbys that stream from it. The user is `postgres`, the database too. */
export function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  return start(options, 'ours');
}

/** Starts a single primary that belongs to another system than every other cluster of this process. */
export function startStranger(options: ClusterOptions = {}): Promise<Cluster> {
  return start(options, 'stranger');
}

async function start(options: ClusterOptions, system: System): Promise<Cluster> {
  const cluster = new Cluster(options);
  try {
    for (let count = 0; count <= (options.standbys ?? 0); count++) await cluster.addNext();
    await cluster.start(await template(system, options.password, options.bin));
    return cluster;
  } catch (error) {
    await cluster.close();
    throw error;
  }
}
