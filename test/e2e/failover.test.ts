import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { ask, clientOf, serverBehind } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { assertReplays } from '../bed/evidence.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

describe(`failover on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  const folder = mkdtempSync(join(tmpdir(), 'failover-'));
  const control = join(folder, 'control.sock');

  beforeEach(async () => {
    cluster = await startCluster({ standbys: 2 });
    gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      HOLD_MS: '30000',
      QUERY_TIMEOUT_MS: '500',
      CONTROL_SOCKET: control,
    });
    await gateway.routesTo(cluster.first.port);
  });

  const close = async (): Promise<void> => {
    await gateway?.stop();
    await cluster?.close();
  };
  afterEach(async () => {
    try {
      await assertReplays(control);
    } finally {
      await close();
    }
  });
  after(close);
  after(() => rmSync(folder, { recursive: true }));

  test('kill -9 of the primary, then a promotion: clients wait and write to the new one', async () => {
    await ask(gateway.port, 'create table kept as select 1 as n');
    await cluster.server(1).catchUp();
    await cluster.first.kill();
    const waiting = ask(gateway.port, 'insert into kept values (2) returning n');
    await waitFor('the client to be held', async () => await gateway.metric('pg_gateway_held') === 1);
    await cluster.server(1).promote();
    assert.deepEqual(await waiting, [{ n: 2 }]);
    assert.equal(await serverBehind(gateway.port), cluster.server(1).port);
    assert.deepEqual(await cluster.server(1).query('select n from kept order by n'), [{ n: 1 }, { n: 2 }]);
    assert.equal(await gateway.metric('pg_gateway_held'), 0);
  });

  test('a clean switchover: a session that reconnects for each transaction sees no error', async () => {
    await ask(gateway.port, 'create table steps (n int)');
    let [done, isOver, n] = [0, false, 0];
    const errors: string[] = [];
    const writer = (async () => {
      while (!isOver) {
        try {
          await ask(gateway.port, `insert into steps values (${n++})`);
          done++;
        } catch (error) {
          errors.push(String(error));
        }
      }
    })();
    await waitFor('some writes', () => done > 5);
    await cluster.first.stop('fast');
    await cluster.server(1).promote();
    await gateway.routesTo(cluster.server(1).port);
    const before = done;
    await waitFor('writes on the new primary', () => done > before + 5);
    isOver = true;
    await writer;
    // A write under way while its server shuts down is told so by the server itself; nobody else may be.
    const others = errors.filter((text) => !/terminating connection|CONNECTION_/.test(text));
    assert.deepEqual(others, []);
    const [row] = await cluster.server(1).query<{ count: number }>(
      'select count(*)::int as count from steps',
    );
    assert.ok((row?.count ?? 0) >= 6);
  });

  test('the primary frozen by SIGSTOP: another is promoted and serves at once, the old sessions end', async () => {
    const idle = clientOf(gateway.port);
    let isClosed = false;
    const session = clientOf(gateway.port, { onclose: () => isClosed = true });
    await session`select 1`;
    await idle`select 1`;
    cluster.first.freeze();
    const hung = session`select 2`.then(() => 'answered', (error: unknown) => String(error));
    await cluster.server(1).promote();
    await gateway.routesTo(cluster.server(1).port);
    assert.match(await hung, /CONNECTION_CLOSED|ECONNRESET|CONNECTION_ENDED/);
    await waitFor('the hung session to end', () => isClosed);
    assert.equal(await serverBehind(gateway.port), cluster.server(1).port);
    assert.equal(await gateway.metric('pg_gateway_closes_total{reason="fenced"}'), 2);
    // The old primary comes back, and is known for what it is.
    cluster.first.thaw();
    await waitFor(
      'the old primary to be stale',
      () =>
        String(gateway.log.findLast(({ candidates }) => candidates)?.['candidates']).includes(
          `${cluster.first.address}:stale`,
        ),
    );
    assert.equal(await serverBehind(gateway.port), cluster.server(1).port);
    await idle.end({ timeout: 0 });
    await session.end({ timeout: 0 });
  });

  test('an idle session on the old primary ends when the new one is elected, though the old one still runs', async () => {
    let isClosed = false;
    const idle = clientOf(gateway.port, { onclose: () => isClosed = true });
    await idle`select 1`;
    await cluster.server(1).promote();
    await waitFor('the idle session to end', () => isClosed);
    assert.equal(await serverBehind(gateway.port), cluster.server(1).port);
    assert.ok(cluster.first.isUp);
    await idle.end({ timeout: 0 });
    const news = await waitFor(
      'somebody to be told',
      () => gateway.log.find(({ event }) => event === 'former_primary_writable'),
    );
    assert.deepEqual([news.level, news['candidate']], ['warn', cluster.first.address]);
    // There is no standby port here, and so no session of one.
    assert.ok(!gateway.log.some(({ event }) => event === 'standby_sessions_ended'));
  });

  test('a failed probe alone closes no session: a frozen moment is survived', async () => {
    const sql = clientOf(gateway.port);
    const [first] = await sql`select pg_backend_pid() as pid`;
    cluster.first.freeze();
    await gateway.routesTo('nobody');
    const held = serverBehind(gateway.port);
    await waitFor('the newcomer to be held', async () => await gateway.metric('pg_gateway_held') === 1);
    cluster.first.thaw();
    assert.equal(await held, cluster.first.port);
    const [second] = await sql`select pg_backend_pid() as pid`;
    assert.equal(second?.['pid'], first?.['pid']);
    assert.equal(await gateway.metric('pg_gateway_closes_total{reason="fenced"}'), 0);
    await sql.end();
  });

  test('all servers down: new clients are held, then refused readably, and served when one comes back', async () => {
    await gateway.stop();
    gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      HOLD_MS: '500',
      CONTROL_SOCKET: control,
      ...patient,
    });
    await gateway.routesTo(cluster.first.port);
    await Promise.all(cluster.servers.map((server) => server.kill()));
    await gateway.routesTo('nobody');
    await assert.rejects(ask(gateway.port, 'select 1'), (error: Record<string, string>) => {
      assert.equal(error['code'], '57P03');
      assert.match(error['message'] ?? '', /^pg_gateway has no primary to connect to \(waited 0\.5 s\)/);
      for (const { address } of cluster.servers) {
        assert.ok(error['detail']?.includes(address), error['detail']);
      }
      assert.match(error['hint'] ?? '', /HOLD_MS/);
      return true;
    });
    // The client has its answer a moment before the gateway counts its end.
    await waitFor(
      'its end to be counted',
      async () => await gateway.metric('pg_gateway_closes_total{reason="holdTimeout"}') as number >= 1,
    );
    await cluster.first.start();
    await gateway.routesTo(cluster.first.port);
    assert.equal(await serverBehind(gateway.port), cluster.first.port);
  });

  test('sessions on a server that is silent for long are ended though nobody replaces it', async () => {
    await gateway.stop();
    gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      DEAD_AFTER_MS: '1500',
      QUERY_TIMEOUT_MS: '300',
      CONTROL_SOCKET: control,
    });
    await gateway.routesTo(cluster.first.port);
    let isClosed = false;
    const sql = clientOf(gateway.port, { onclose: () => isClosed = true });
    await sql`select 1`;
    cluster.first.freeze();
    await waitFor('the session to end', () => isClosed);
    // The line comes through a pipe and may be later than the end of the session.
    const event = 'dead_server_sessions_ended';
    await waitFor('it to be told', () => gateway.log.some((line) => line.event === event));
    await sql.end({ timeout: 0 });
  });
});
