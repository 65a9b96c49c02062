/** Real PostgreSQL clusters on loopback: one primary and its standbys, gone without a trace after `close`. */
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Certificate, selfSigned } from './certificate.ts';
import { freePort } from './ports.ts';
import { postgresBinaries, template } from './postgres-binaries.ts';
import { Server } from './postgres-server.ts';
import { chownTo, writePrivate } from './server-files.ts';
import type { ServerOptions, ServerPlace } from './server-settings.ts';
import { newPath } from './workspace.ts';

export { Server };

export interface ClusterOptions extends ServerOptions {
  /** How many standbys stream from the first server. */
  readonly standbys?: number | undefined;
  /** Makes a certificate for 127.0.0.1 and lets the servers speak TLS with it. */
  readonly tls?: boolean | undefined;
  /** The loopback addresses of the servers, which then all have the same port, as the pods of a service do. */
  readonly hosts?: readonly string[] | undefined;
}

/** Two PostgreSQL systems have different identifiers; servers of one cluster share theirs. */
type System = 'ours' | 'stranger';

export class Cluster {
  /** In the order in which they were made: the first one started as the primary. */
  readonly servers: Server[] = [];
  /** The root certificate as PEM, where the servers speak TLS. */
  readonly certificate: string | undefined;
  readonly folder: string;
  #options: ClusterOptions;
  #tls: ServerPlace['tls'];

  /** Use `startCluster`. */
  constructor(options: ClusterOptions) {
    const { account } = postgresBinaries();
    this.#options = options;
    this.folder = newPath(account, 'c');
    mkdirSync(this.folder, { mode: 0o700 });
    chownTo(this.folder, account);
    const pair = options.tls ? selfSigned() : undefined;
    this.certificate = pair?.certificate;
    this.#tls = pair && this.#writeTls(pair);
  }

  /** The first server. After a promotion the primary is another one: tests know which they promoted. */
  get first(): Server {
    return this.server(0);
  }

  /** The server at `index`; throws where there is none, so that tests need no `!`. */
  server(index: number): Server {
    const server = this.servers[index];
    if (!server) {
      throw new Error(`the cluster has ${this.servers.length} servers, and none at index ${index}`);
    }
    return server;
  }

  /** For CANDIDATES: all servers as `host:port`, separated by commas. */
  get candidates(): string {
    return this.servers.map(({ address }) => address).join(',');
  }

  /** Starts a further standby out of a base backup of `primary`. */
  async addStandby(primary: Server): Promise<Server> {
    const server = await this.#add();
    await server.rebuildFrom(primary);
    return server;
  }

  /**
   * Starts a second primary of the same system on the same timeline, for split-brain tests: a copy of the data
   * of `original`, which must be stopped and may be started again afterwards.
   */
  async addTwin(original: Server): Promise<Server> {
    if (original.isUp) throw new Error(`${original.name} is up: stop it before its data is copied`);
    const server = await this.#add();
    await server.copyFrom(original.data);
    await server.start();
    return server;
  }

  /** Kills every server and deletes the folder. */
  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.destroy()));
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Makes the primary and its standbys, all from the template, and waits until the standbys stream. */
  async start(system: System): Promise<void> {
    const { standbys = 0, password, bin } = this.#options;
    const data = await template(system, password, bin);
    const primary = await this.#add();
    const others = [];
    for (let count = 0; count < standbys; count++) others.push(await this.#add());
    await Promise.all([primary.copyFrom(data), ...others.map((server) => server.copyFrom(data, primary))]);
    await primary.start();
    await Promise.all(others.map(async (server) => {
      await server.start();
      await server.streams();
    }));
  }

  async #add(): Promise<Server> {
    const name = `server${this.servers.length + 1}`;
    const { hosts } = this.#options;
    const host = hosts?.[this.servers.length] ?? '127.0.0.1';
    const port = hosts && this.servers[0] ? this.servers[0].port : await freePort(hosts);
    const folder = join(this.folder, name);
    const server = new Server({
      name,
      host,
      port,
      folder,
      socketFolder: this.folder,
      tls: this.#tls,
      options: this.#options,
    });
    this.servers.push(server);
    return server;
  }

  #writeTls(pair: Certificate): ServerPlace['tls'] {
    const paths = { certificate: join(this.folder, 'server.crt'), key: join(this.folder, 'server.key') };
    const { account } = postgresBinaries();
    writePrivate(paths.certificate, pair.certificate, account);
    writePrivate(paths.key, pair.key, account);
    return paths;
  }
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
    await cluster.start(system);
    return cluster;
  } catch (error) {
    await cluster.close();
    throw error;
  }
}
