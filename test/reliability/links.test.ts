/** Bad links on both sides of the program: client, link, gateway, link, PostgreSQL. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type postgres from 'postgres';
import { openProbe } from '../../src/probe/query.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type Copied, copyIn, copyOut, copyOutOf } from '../bed/copy-client.ts';
import { answerOf, rowsOf, rowsTable } from '../bed/copy-rows.ts';
import { type GatewayProcess, patient, startGateway } from '../bed/gateway.ts';
import { QuietSession } from '../bed/quiet-session.ts';
import { queryMessage, startupMessage } from '../bed/raw-client.ts';
import { type Cut, type Directions, mostKeptBytes, ToxicLink, type Toxics } from '../bed/toxic-link.ts';
import { waitFor } from '../bed/wait-for.ts';

const rows = rowsOf(8 << 20);
const answer = answerOf(rows);
const sides = ['client', 'server'] as const;
const ways = ['up', 'down'] as const;
const deaths = ['reset', 'halfClose'] as const;

/** A PostgreSQL whose table `source` has the rows, and bad links around a gateway in front of it. */
class Scene {
  readonly gateway: GatewayProcess;
  /** Between clients and gateway, and between gateway and server. */
  readonly client: ToxicLink;
  readonly server: ToxicLink;
  readonly #direct: postgres.Sql;

  private constructor(gateway: GatewayProcess, client: ToxicLink, server: ToxicLink, direct: postgres.Sql) {
    this.gateway = gateway;
    this.client = client;
    this.server = server;
    this.#direct = direct;
  }

  static async open(cluster: Cluster, settings: Readonly<Record<string, string>>): Promise<Scene> {
    const server = await ToxicLink.open({ to: cluster.first, seed: 2 });
    const gateway = await startGateway({ CANDIDATES: `127.0.0.1:${server.port}`, ...settings });
    const client = await ToxicLink.open({ to: gateway, seed: 1 });
    await gateway.routesTo(server.port);
    return new Scene(
      gateway,
      client,
      server,
      cluster.first.connect({ connection: { application_name: 'watcher' } }),
    );
  }

  async close(): Promise<void> {
    await this.#direct.end({ timeout: 0 });
    await Promise.all([this.client.close(), this.server.close()]);
    await this.gateway.stop();
  }

  /** No session is left: not at the gateway, not at the server, not on the links. */
  async isQuiet(): Promise<void> {
    await waitFor('the gateway to have no session', async () => {
      return await this.gateway.metric('pg_gateway_connections_active') === 0;
    });
    await waitFor('the server to have no session but ours and those of the probe', async () => {
      const [row] = await this.#direct`select count(*)::int as n from pg_stat_activity
        where backend_type = 'client backend' and application_name not in ('watcher', 'pg_gateway')`;
      return row!['n'] === 0;
    });
    await waitFor('the link of the clients to be empty', () => this.client.connections === 0);
  }

  /** A client that has never heard of any trouble gets its answer. */
  async servesAtOnce(): Promise<void> {
    const session = await QuietSession.open(this.client.port);
    await session.ask(4711);
    session.end();
  }

  async countIn(table: string): Promise<number> {
    const [row] = await this.#direct`select count(*)::int as n from ${this.#direct(table)}`;
    return row!['n'];
  }

  async prepare(): Promise<void> {
    await this.#direct.unsafe('truncate sink');
  }
}

describe('bad links around the gateway', () => {
  let cluster: Cluster;
  let scene: Scene;
  let other: Scene | undefined;

  before(async () => {
    cluster = await startCluster({
      tls: true,
      settings: {
        // The rows are sorted in memory.
        work_mem: '64MB',
        wal_level: 'minimal',
        max_wal_senders: '0',
        max_wal_size: '4GB',
      },
      hba: ['host all salted 127.0.0.0/8 scram-sha-256'],
    });
    const { first } = cluster;
    await first.query(`create role salted login password 'secret'`);
    for (const table of ['source', 'sink']) await first.query(rowsTable(table));
    const loaded = await copyIn({ port: first.port, table: 'source' }, rows);
    assert.equal(loaded.tag, `COPY ${rows.count}`, loaded.error);
    scene = await Scene.open(cluster, patient);
  });

  afterEach(async () => {
    await other?.close();
    other = undefined;
  });

  after(async () => {
    await scene?.close();
    await cluster?.close();
  });

  const out = (): Promise<Copied> => copyOut({ port: scene.client.port, table: 'source' }, rows, answer);
  const into = (): Promise<Copied> => copyIn({ port: scene.client.port, table: 'sink' }, rows);

  const whole: Copied = {
    tag: `COPY ${rows.count}`,
    bytes: answer.length,
    lost: 0,
    changed: 0,
    error: undefined,
    ended: undefined,
  };

  /** What was copied into it is compared where no link is. */
  async function sinkIsWhole(): Promise<void> {
    assert.deepEqual(await copyOut({ port: cluster.first.port, table: 'sink' }, rows, answer), whole);
  }

  const both = (toxics: Toxics): Directions => ({ up: toxics, down: toxics });
  const late: Toxics = { latencyMs: 3, jitterMs: 10 };
  const sliced: Toxics = { sliceBytes: 1500 };
  const narrow: Toxics = { bytesPerSecond: 12_000_000 };
  const worst: Toxics = { ...late, bytesPerSecond: 30_000_000, sliceBytes: 60_000, sliceDelayMs: 1 };
  const harmless: Record<string, { readonly client?: Directions; readonly server?: Directions }> = {
    'nothing set': {},
    'latency and jitter on both links': { client: both(late), server: both(late) },
    'small pieces on both links': { client: both(sliced), server: both(sliced) },
    'a narrow link of the clients': { client: both(narrow) },
    'a narrow link of the server': { server: both(narrow) },
    'everything at once on both links': { client: both(worst), server: both(worst) },
    'another toxic each way': { client: { up: late, down: sliced }, server: { up: sliced, down: worst } },
  };
  for (const [name, { client, server }] of Object.entries(harmless)) {
    test(`with ${name} both copies arrive byte for byte, at the same time`, { timeout: 60_000 }, async () => {
      await scene.prepare();
      scene.client.set(client);
      scene.server.set(server);
      const [gone, come] = await Promise.all([into(), out()]);
      scene.client.set();
      scene.server.set();
      assert.deepEqual(come, whole);
      assert.deepEqual(gone, { ...whole, bytes: rows.messages.length });
      await sinkIsWhole();
      await scene.isQuiet();
    });
  }

  test('after a silence of either link in the middle both copies go on where they were', async () => {
    for (const side of sides) {
      await scene.prepare();
      const link = scene[side];
      // Slow enough to be in the middle of it.
      link.set(both({ bytesPerSecond: 10_000_000 }));
      let begun = 0;
      const onStart = () => void begun++;
      const copies = Promise.all([
        copyIn({ port: scene.client.port, table: 'sink', onStart }, rows),
        copyOut({ port: scene.client.port, table: 'source', onStart }, rows, answer),
      ]);
      await waitFor('both to begin', () => begun === 2);
      link.set(both({ cut: { afterBytes: 0, by: 'silence' } }));
      const { up, down } = link.passed;
      await waitFor('both to stand still', () => link.keptBytes > mostKeptBytes / 2);
      assert.deepEqual(link.passed, { up, down });
      link.set();
      const [gone, come] = await copies;
      assert.deepEqual(come, whole, side);
      assert.deepEqual(gone, { ...whole, bytes: rows.messages.length }, side);
      await sinkIsWhole();
    }
    await scene.isQuiet();
  });

  /** The next client's connection, or the one of its session to the server, has this cut. */
  function cutNext(side: typeof sides[number], way: typeof ways[number], cut: Cut): void {
    scene[side].next({ [way]: { cut } });
  }

  const bytesBefore = startupMessage().length + queryMessage(copyOutOf('source')).length;

  test('in the middle of the rows of a COPY out of the server, a cut is an end and never a result', async () => {
    for (const side of sides) {
      for (const way of ways) {
        for (const by of deaths) {
          const what = `${by} on the link of the ${side}, ${way}`;
          const { [by]: cuts } = scene[side].cuts;
          const { down } = scene.client.passed;
          cutNext(side, way, { by, afterBytes: way === 'up' ? bytesBefore : 1_234_567 });
          const copied = await out();
          assert.equal(scene[side].cuts[by], cuts + 1, what);
          if (way === 'up' && by === 'halfClose') {
            // The server has had its question: the answer arrives, however long it is.
            assert.deepEqual(copied, whole, what);
          } else {
            assert.deepEqual([copied.tag, copied.lost, copied.changed], [undefined, 0, 0], what);
            assert.ok(copied.ended !== undefined && copied.ended !== 'hung', `${what}: ${copied.ended}`);
          }
          await scene.isQuiet();
          // An end in order loses nothing of what was said before it.
          if (way === 'down' && by === 'halfClose') {
            assert.equal(scene.client.passed.down - down, 1_234_567, what);
          }
          await scene.servesAtOnce();
        }
      }
    }
  });

  test('in the middle of the rows of a COPY into the server, a cut leaves all of them or none', async () => {
    // A login, and where the answer to COPY is: CopyInResponse, and the first bytes of CommandComplete.
    await scene.isQuiet();
    const { down } = scene.client.passed;
    const session = await QuietSession.open(scene.client.port);
    const intoTheAnswer = scene.client.passed.down - down + 12 + 3;
    session.end();
    for (const side of sides) {
      for (const way of ways) {
        for (const by of deaths) {
          const what = `${by} on the link of the ${side}, ${way}`;
          await scene.prepare();
          const { [by]: cuts } = scene[side].cuts;
          cutNext(side, way, { by, afterBytes: way === 'up' ? 1_234_567 : intoTheAnswer });
          const copied = await into();
          assert.equal(scene[side].cuts[by], cuts + 1, what);
          assert.equal(copied.tag, undefined, what);
          assert.ok(copied.ended !== undefined && copied.ended !== 'hung', `${what}: ${copied.ended}`);
          await scene.isQuiet();
          assert.equal(await scene.countIn('sink'), way === 'up' ? 0 : rows.count, what);
          if (way === 'down') await sinkIsWhole();
          await scene.servesAtOnce();
        }
      }
    }
  });

  /** A login by SCRAM and one question, as the probe asks it. Rejects if it does not get its whole answer. */
  async function logIn(sslMode: 'disable' | 'require' = 'disable'): Promise<string> {
    const probe = openProbe(
      { host: '127.0.0.1', port: scene.client.port, serverName: '127.0.0.1' },
      {
        user: 'salted',
        database: 'postgres',
        password: () => 'secret',
        sslMode,
        trust: { verify: false, verifyHost: false },
        channelBinding: 'disable',
        warnings: [],
      },
      { ready: () => {}, ended: () => {} },
    );
    try {
      return String((await probe.ask()).system);
    } finally {
      probe.close();
    }
  }

  test('a login of which every byte comes by itself is a login, in clear text and under TLS', async () => {
    const system = await logIn();
    for (const sslMode of ['disable', 'require'] as const) {
      scene.client.set(both({ sliceBytes: 1 }));
      scene.server.set(both({ sliceBytes: 1 }), 'coming');
      assert.equal(await logIn(sslMode), system, sslMode);
      scene.client.set();
      scene.server.set();
    }
    await scene.isQuiet();
  });

  test('anywhere in the first packet, the login and the first answer, a cut is an end, and nothing stays', async () => {
    await scene.isQuiet();
    const before = { ...scene.client.passed };
    const system = await logIn();
    await scene.isQuiet();
    const length = {
      up: scene.client.passed.up - before.up,
      down: scene.client.passed.down - before.down,
    };
    for (const side of sides) {
      for (const way of ways) {
        for (const by of deaths) {
          for (let afterBytes = 0; afterBytes < length[way] - 1; afterBytes += stepAt(afterBytes)) {
            const what = `${by} on the link of the ${side}, ${way}, after byte ${afterBytes}`;
            cutNext(side, way, { by, afterBytes });
            // Where the server has said nothing yet, or the question was whole, there is an answer, and then the right one.
            const outcome = await logIn().catch((error: Error) => error);
            assert.ok(outcome instanceof Error || outcome === system, what);
            if (way === 'down' && afterBytes > 0) assert.ok(outcome instanceof Error, what);
            if (side === 'client' && afterBytes < startupBytes) assert.ok(outcome instanceof Error, what);
            await scene.isQuiet();
            await scene.servesAtOnce();
          }
        }
      }
    }
  });

  /** Beside the scene of all, for tests with settings of their own. */
  async function openOther(settings: Readonly<Record<string, string>>): Promise<Scene> {
    return other = await Scene.open(cluster, settings);
  }

  /** Resolves when rows have begun to arrive. */
  async function beginCopy(port: number): Promise<{ readonly copied: Promise<Copied> }> {
    let hasBegun = false;
    const target = { port, table: 'source', onStart: () => void (hasBegun = true) };
    const copied = copyOut(target, rows, answer);
    await waitFor('the copy to begin', () => hasBegun);
    return { copied };
  }

  test('while the link to the server is silent new clients wait, and sessions end after DEAD_AFTER_MS', async () => {
    const silent = await openOther({ DEAD_AFTER_MS: '2000', HOLD_MS: '60000', PROBE_INTERVAL_MS: '100' });
    const { gateway, client, server } = silent;
    // It must not be over before the silence.
    client.next({ down: { bytesPerSecond: 1_000_000 } });
    const { copied } = await beginCopy(client.port);
    server.set({ up: { cut: silence }, down: { cut: silence } });
    await gateway.routesTo('nobody');
    const waiting = QuietSession.open(client.port);
    await waitFor('the new client to be held', async () => await gateway.metric('pg_gateway_held') === 1);
    const { tag, lost, changed, ended } = await copied;
    assert.deepEqual([tag, lost, changed], [undefined, 0, 0]);
    assert.ok(ended !== undefined && ended !== 'hung', ended);
    await waitFor('its session to be counted', async () => {
      return await gateway.metric('pg_gateway_closes_total{reason="fenced"}') === 1;
    });
    // When in doubt the route is withdrawn, and sessions stay until the server counts as dead.
    const place = (name: string) => gateway.log.findIndex(({ event }) => event === name);
    await waitFor('the log to say so', () => place('dead_server_sessions_ended') > place('no_primary'));
    server.set();
    await gateway.routesTo(server.port);
    const session = await waiting;
    await session.ask(1);
    session.end();
    await silent.isQuiet();
  });

  test('a client whose link is silent holds up nobody else, and its session ends after IDLE_TIMEOUT_MS', async () => {
    const silent = await openOther({ IDLE_TIMEOUT_MS: '1000', ...patient });
    const { gateway, client } = silent;
    client.next({ down: { cut: { afterBytes: 1_234_567, by: 'silence' } } });
    const { copied } = await beginCopy(client.port);
    await silent.servesAtOnce();
    await waitFor('its session to be ended', async () => {
      return await gateway.metric('pg_gateway_closes_total{reason="idleTimeout"}') === 1;
    });
    await waitFor('the gateway to have no session', async () => {
      return await gateway.metric('pg_gateway_connections_active') === 0;
    });
    client.set();
    const { tag, lost, changed, ended } = await copied;
    assert.deepEqual([tag, lost, changed], [undefined, 0, 0]);
    assert.ok(ended !== undefined && ended !== 'hung', ended);
    await silent.isQuiet();
  });
});

const silence: Cut = { afterBytes: 0, by: 'silence' };

/** Less than that of the login is certainly no whole startup packet. */
const startupBytes = 40;

/** Every few bytes where each is something else, fewer where they are the text of one query or its answer. */
function stepAt(offset: number): number {
  return offset < 400 ? 61 : 701;
}
