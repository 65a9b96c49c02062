/** One PostgreSQL server and its place in a cluster: promote, follow, rebuild, ask. */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import type { Waiting } from '../wait-for.ts';
import { Postmaster, type StopMode } from './postmaster.ts';
import { signal } from './processes.ts';
import { chownTo, copyData, freeSharedMemory, writePrivate } from './server-files.ts';
import { pgHbaConf, postgresqlConf, type ServerOptions, type ServerPlace } from './server-settings.ts';
import type { Site } from './site.ts';

export type Row = Record<string, unknown>;

export type ClientOptions = postgres.Options<Record<string, postgres.PostgresType>>;

export class Server {
  readonly name: string;
  host: string;
  readonly port: number;
  readonly data: string;
  readonly #site: Site;
  readonly #place: ServerPlace;
  readonly #options: ServerOptions;
  readonly #postmaster: Postmaster;
  #upstream: Server | undefined;

  constructor(site: Site, place: ServerPlace, options: ServerOptions = {}) {
    const { name, host, port, folder } = place;
    this.#site = site;
    this.#place = place;
    this.#options = options;
    this.#postmaster = new Postmaster(name, folder, site);
    this.name = name;
    this.host = host;
    this.port = port;
    this.data = this.#postmaster.data;
    mkdirSync(folder, { mode: 0o700 });
    chownTo(folder, site.account);
  }

  /** `host:port`, as CANDIDATES wants it. */
  get address(): string {
    return `${this.host}:${this.port}`;
  }

  get isUp(): boolean {
    return this.#postmaster.isUp;
  }

  get isFrozen(): boolean {
    return this.#postmaster.isFrozen;
  }

  /** The postmaster's, undefined while the server is down. */
  get pid(): number | undefined {
    return this.#postmaster.pid;
  }

  /** The server that this one was last told to follow. */
  get upstream(): Server | undefined {
    return this.#upstream;
  }

  /** The server's log since its first start. */
  log(): string {
    return this.#postmaster.log();
  }

  /** Starts and returns once the server takes connections. Does nothing if it is up. */
  async start(): Promise<void> {
    if (this.isUp) return;
    this.#writeSettings();
    await this.#postmaster.start();
  }

  /** Stops and returns once its processes are gone. Does nothing if it is down; throws if it is frozen. */
  async stop(mode: StopMode = 'fast'): Promise<void> {
    if (this.isUp) await this.#postmaster.stop(mode);
  }

  /** SIGKILL to the postmaster and all its children, frozen or not; returns once they are gone. */
  async kill(): Promise<void> {
    if (this.isUp) await this.#postmaster.kill();
  }

  /** SIGSTOP to the postmaster and all its children: connections stay open, nothing answers. */
  freeze(): void {
    this.#postmaster.freeze();
  }

  thaw(): void {
    this.#postmaster.thaw();
  }

  /** Promotes a standby; returns once it is out of recovery. */
  async promote(): Promise<void> {
    this.beginPromotion();
    await this.#postmaster.until('leave recovery', () => this.#says('not pg_is_in_recovery()'));
  }

  /** Promotes a standby and does not wait for it, for those who look themselves when it is done. */
  beginPromotion(): void {
    const pid = this.#postmaster.requirePid('promote');
    if (!existsSync(join(this.data, 'standby.signal'))) throw new Error(`${this.name} is no standby`);
    // What pg_ctl does; the function pg_promote() would look only every 100 ms whether it is done.
    // The server looks for the file whenever it is signalled, by its own processes too: it is there all at once.
    const file = join(this.data, 'promote');
    writePrivate(`${file}.new`, '', this.#site.account);
    renameSync(`${file}.new`, file);
    signal([pid], 'SIGUSR1');
    this.#upstream = undefined;
  }

  /**
   * Makes this server a standby of `upstream`: by a reload where it is a standby already, by a restart otherwise. Does not
   * wait until it streams. It must not have written anything that `upstream` does not have; after a failover an old
   * primary needs `rebuildFrom`.
   */
  async beginToFollow(upstream: Server): Promise<void> {
    const reloads = this.isUp && existsSync(join(this.data, 'standby.signal'));
    if (!reloads) await this.stop('fast');
    this.#becomeStandbyOf(upstream);
    this.#writeSettings();
    if (reloads) signal([this.#postmaster.requirePid('follow')], 'SIGHUP');
    else await this.start();
  }

  /** Replaces this server by a fresh standby of `upstream`, out of a base backup; returns once it streams. */
  async rebuildFrom(upstream: Server): Promise<void> {
    const { account, version } = this.#site;
    await this.#removeData();
    const sql = upstream.connect();
    try {
      await sql.unsafe(
        version >= 15
          ? `select pg_backup_start('rebuild', true)`
          : `select pg_start_backup('rebuild', true, false)`,
      );
      await copyData(upstream.data, this.data, account, false);
      const [backup] = await sql.unsafe(
        `select labelfile from ${version >= 15 ? 'pg_backup_stop' : 'pg_stop_backup'}(false)`,
      );
      writePrivate(join(this.data, 'backup_label'), String(backup?.['labelfile']), account);
    } finally {
      await sql.end({ timeout: 0 });
    }
    this.#becomeStandbyOf(upstream);
    await this.start();
    await this.streams();
  }

  /** Takes over the data of a server that is not running, as its standby if `upstream` is given. Starts nothing. */
  async copyFrom(data: string, upstream?: Server): Promise<void> {
    await this.#removeData();
    await copyData(data, this.data, this.#site.account, true);
    this.#becomeStandbyOf(upstream);
  }

  /**
   * Waits until this standby streams from its upstream, on the timeline of that: one that has more of an older timeline than
   * the upstream streams from it, too, for a moment, again and again, and gets nothing.
   */
  async streams(waiting?: Waiting): Promise<void> {
    const upstream = this.#requireUpstream();
    const { name, host, port } = upstream;
    await this.#postmaster.until(
      `stream from ${name}`,
      async () =>
        this.#says(`exists (select from pg_stat_wal_receiver where status = 'streaming' and
        sender_host = '${host}' and sender_port = ${port} and received_tli = ${await upstream.timeline()})`),
      waiting,
    );
  }

  /** The timeline that it writes on, or that it receives. */
  async timeline(): Promise<number> {
    const [row] = await this.query<{ timeline: number }>(
      `select case when pg_is_in_recovery()
         then coalesce((select received_tli from pg_stat_wal_receiver), (select timeline_id from pg_control_checkpoint()))
         else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end as timeline`,
    );
    return Number(row?.timeline);
  }

  /** A client of this server, connected at its first query. Whoever asks for it ends it. */
  connect(options: ClientOptions = {}): postgres.Sql {
    return postgres({
      host: this.host,
      port: this.port,
      user: 'postgres',
      database: 'postgres',
      ssl: false,
      max: 1,
      connect_timeout: 10,
      fetch_types: false,
      onnotice: () => {},
      ...options,
    });
  }

  /** Runs one statement on a connection of its own; rejects when no answer came in `deadlineMs`. */
  async query<T extends Row = Row>(text: string, deadlineMs = 10_000): Promise<T[]> {
    const sql = this.connect();
    const answer = sql.unsafe(text).then((rows) => [...rows] as unknown as T[]);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${this.name} did not answer in ${deadlineMs} ms`)),
        deadlineMs,
      );
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
      answer.catch(() => {});
      await sql.end({ timeout: 0 });
    }
  }

  /** Kills the server if it is up and deletes its folder. */
  async destroy(): Promise<void> {
    await this.#removeData();
    await rm(this.#place.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #removeData(): Promise<void> {
    await this.kill();
    freeSharedMemory(this.data);
    await rm(this.data, { recursive: true, force: true, maxRetries: 5 });
  }

  #becomeStandbyOf(upstream: Server | undefined): void {
    this.#upstream = upstream;
    if (upstream) writePrivate(join(this.data, 'standby.signal'), '', this.#site.account);
  }

  #requireUpstream(): Server {
    if (this.#upstream) return this.#upstream;
    throw new Error(`${this.name} follows no other server`);
  }

  #writeSettings(): void {
    const { account } = this.#site;
    const place = { ...this.#place, host: this.host };
    const conf = postgresqlConf(place, this.#upstream, this.#options);
    writePrivate(join(this.data, 'postgresql.conf'), conf, account);
    writePrivate(join(this.data, 'pg_hba.conf'), pgHbaConf(this.#options), account);
  }

  async #says(condition: string): Promise<boolean> {
    const [row] = await this.query<{ yes: boolean }>(`select ${condition} as yes`);
    return row?.yes === true;
  }
}
