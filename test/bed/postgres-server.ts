/** A server of a test cluster: what the demo's can do, and what tests need besides. */
import type postgres from 'postgres';
import { type ClientOptions, Server as DemoServer } from '../../src/demo/servers/server.ts';
import type { ServerOptions, ServerPlace } from '../../src/demo/servers/server-settings.ts';
import type { Site } from '../../src/demo/servers/site.ts';
import { waitFor, type Waiting } from './wait-for.ts';

export class Server extends DemoServer {
  readonly #password: string | undefined;

  constructor(site: Site, place: ServerPlace, options: ServerOptions, password: string | undefined) {
    super(site, place, options);
    this.#password = password;
  }

  /** Gives it another loopback address, as a pod gets one that is moved; it must be down. */
  moveTo(host: string): void {
    if (this.isUp) throw new Error(`${this.name} is up: stop it before it moves`);
    this.host = host;
  }

  /** As `beginToFollow`, and returns once it streams from there. */
  async follow(upstream: DemoServer, waiting?: Waiting): Promise<void> {
    await this.beginToFollow(upstream);
    await this.streams(waiting);
  }

  /** Waits until this standby has replayed all that its upstream has written up to now. */
  async catchUp(): Promise<void> {
    if (!this.upstream) throw new Error(`${this.name} follows no other server`);
    const [row] = await this.upstream.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
    await waitFor(`${this.name} to replay ${row?.lsn}`, async () => {
      const [{ yes } = {}] = await this.query<{ yes: boolean }>(
        `select pg_last_wal_replay_lsn() >= '${row?.lsn}' as yes`,
      );
      return yes;
    }, { evidence: () => this.log().slice(-2000) });
  }

  override connect(options: ClientOptions = {}): postgres.Sql {
    return super.connect(
      this.#password === undefined ? options : { password: this.#password, ...options },
    );
  }
}
