/** A primary and its standbys on loopback, gone without a trace after `close`. */
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { initdb } from './programs.ts';
import { freePort } from './ports.ts';
import { Server } from './server.ts';
import { chownTo } from './server-files.ts';
import type { ServerPlace } from './server-settings.ts';
import type { Site } from './site.ts';

export class Cluster<S extends Server = Server> {
  /** In the order in which they were made: the first one started as the primary. */
  readonly servers: S[] = [];
  readonly folder: string;
  readonly #make: (place: ServerPlace) => S;

  /** Starts nothing. `make` makes a server for its place. */
  constructor({ account, workspace }: Site, make: (place: ServerPlace) => S) {
    this.#make = make;
    this.folder = workspace.newPath('c');
    mkdirSync(this.folder, { mode: 0o700 });
    chownTo(this.folder, account);
  }

  /** The first server. After a promotion the primary is another one: whoever promotes knows which. */
  get first(): S {
    return this.server(0);
  }

  /** The server at `index`; throws where there is none. */
  server(index: number): S {
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

  /** A further server, without data and not started. */
  async add(host = '127.0.0.1', port?: number): Promise<S> {
    const name = `server${this.servers.length + 1}`;
    const server = this.#make({
      name,
      host,
      port: port ?? await freePort(),
      folder: join(this.folder, name),
      socketFolder: this.folder,
    });
    this.servers.push(server);
    return server;
  }

  /** Starts the first server and the others as its standbys, all from the data of initdb; waits until they stream. */
  async start(data: string): Promise<void> {
    const [primary, ...standbys] = [this.first, ...this.servers.slice(1)] as const;
    await Promise.all([
      primary.copyFrom(data),
      ...standbys.map((server) => server.copyFrom(data, primary)),
    ]);
    await primary.start();
    await Promise.all(standbys.map(async (server) => {
      await server.start();
      await server.streams();
    }));
  }

  /** Kills every server and deletes the folder. */
  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.destroy()));
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Starts a primary and `standbys` standbys that stream from it. The user is `postgres`, the database too. */
export async function startCluster(site: Site, standbys: number): Promise<Cluster> {
  const data = await initdb(site);
  const cluster = new Cluster(site, (place) => new Server(site, place));
  for (let count = 0; count <= standbys; count++) await cluster.add();
  await cluster.start(data);
  return cluster;
}
