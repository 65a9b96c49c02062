import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { ask, clientOf, exchange, serverBehind } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { queryMessage, startupMessage } from '../bed/raw-client.ts';
import { waitFor } from '../bed/wait-for.ts';

describe(`routing on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;

  before(async () => {
    cluster = await startCluster({ standbys: 2, settings: { log_connections: 'on' } });
    gateway = await startGateway({ CANDIDATES: cluster.candidates, ...patient });
    await gateway.routesTo(cluster.first.port);
  });

  after(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  test('writes arrive on the primary and reach the standbys', async () => {
    await ask(gateway.port, 'create table routed (n int)');
    await ask(gateway.port, 'insert into routed select generate_series(1, 100)');
    assert.deepEqual(await cluster.first.query('select count(*)::int as count from routed'), [{
      count: 100,
    }]);
    await cluster.server(1).catchUp();
    assert.deepEqual(await cluster.server(1).query('select count(*)::int as count from routed'), [{
      count: 100,
    }]);
    assert.equal(await serverBehind(gateway.port), cluster.first.port);
  });

  test('nothing is dialled before the client has spoken', async () => {
    const before = cluster.first.log().length;
    for (let count = 0; count < 20; count++) {
      await new Promise<void>((resolve, reject) => {
        const socket = connect(gateway.port, '127.0.0.1', () => socket.destroy());
        socket.on('close', () => resolve());
        socket.on('error', reject);
      });
    }
    await waitFor(
      'the port checks to be over',
      async () => await gateway.metric('pg_gateway_connections_active') === 0,
    );
    await cluster.first.query('select 1');
    const lines = cluster.first.log().slice(before).split('\n');
    // Our own question connects and says so: one connection, and none of the gateway's.
    assert.equal(lines.filter((line) => line.includes('connection received')).length, 1, lines.join('\n'));
  });

  test('a client that says all in one go and half-closes gets the answers that it gets directly', async () => {
    const terminate = Buffer.from([0x58, 0, 0, 0, 4]);
    const script = Buffer.concat([startupMessage(), queryMessage('select 4711 as n'), terminate]);
    const direct = await exchange(cluster.first.port, script, 'halfClose');
    for (let round = 0; round < 20; round++) {
      const { bytes, error } = await exchange(gateway.port, script, 'halfClose');
      assert.equal(error, undefined);
      // They differ in the key of the session.
      assert.equal(bytes.length, direct.bytes.length);
      assert.ok(bytes.includes('4711'));
    }
  });

  test('a client on which a server without TLS hangs up for its direct TLS is closed, soon', async () => {
    const received = (): number => cluster.first.log().split('connection received').length - 1;
    const before = received();
    const hello = Buffer.from('16030100050100000100', 'hex');
    assert.equal((await exchange(cluster.first.port, hello)).bytes.length, 0);
    const start = performance.now();
    assert.deepEqual(await exchange(gateway.port, hello), { bytes: Buffer.alloc(0), error: undefined });
    // HOLD_MS is ten seconds, and it was dialled ten times in each.
    assert.ok(performance.now() - start < 9_000);
    await cluster.first.query('select 1');
    assert.ok(received() - before < 20, `${received() - before} connections`);
  });

  test('a cancel request reaches its query', async () => {
    const sql = clientOf(gateway.port);
    const query = sql`select pg_sleep(60)`;
    const running = query.execute();
    await waitFor('the query to run', async () => {
      const rows = await cluster.first.query(
        `select from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid()`,
      );
      return rows.length === 1;
    });
    query.cancel();
    await assert.rejects(running, { code: '57014' });
    await sql.end();
    assert.equal(await gateway.metric('pg_gateway_cancels_total'), 1);
  });

  test('a long cancel key of protocol 3.2 goes through unharmed', async () => {
    // An unknown key: PostgreSQL logs what it got and closes, which shows that the packet arrived whole.
    const packet = Buffer.alloc(12 + 256, 7);
    packet.writeInt32BE(packet.length, 0);
    packet.writeInt32BE(80877102, 4);
    packet.writeInt32BE(4242, 8);
    const { bytes } = await exchange(gateway.port, packet);
    assert.equal(bytes.length, 0);
    await waitFor(
      'the server to have seen the key',
      () =>
        /PID 4242 in cancel request did not match|wrong key in cancel request for process 4242/.test(
          cluster.first.log(),
        ),
    );
  });

  test('the metrics tell what went through', async () => {
    const { body, status } = await gateway.get('/metrics');
    assert.equal(status, 200);
    for (
      const [name, type] of Object.entries({
        connections_active: 'gauge',
        connections_total: 'counter',
        bytes_client_to_backend_total: 'counter',
        bytes_backend_to_client_total: 'counter',
        servers_total: 'gauge',
        servers_healthy: 'gauge',
        servers_unhealthy: 'gauge',
      })
    ) {
      assert.match(body, new RegExp(`^# TYPE pg_gateway_${name} ${type}$`, 'm'));
      assert.match(body, new RegExp(`^pg_gateway_${name} [0-9]+$`, 'm'));
    }
    // A busy machine may have kept one of the probes from its answer.
    for (
      const [name, value] of [
        [`pg_gateway_primary{candidate="127.0.0.1:${cluster.first.port}"}`, 1],
        ['pg_gateway_servers_healthy', 3],
      ] as const
    ) {
      await waitFor(`${name} to be ${value}`, async () => await gateway.metric(name) === value);
    }
    // A client says Terminate and PostgreSQL hangs up, or the client does: whoever is first.
    const closes = await Promise.all(
      ['clientClosed', 'serverClosed'].map((reason) =>
        gateway.metric(`pg_gateway_closes_total{reason="${reason}"}`)
      ),
    );
    assert.ok((closes[0] ?? 0) + (closes[1] ?? 0) > 0, String(closes));
    assert.equal((await gateway.get('/live')).status, 200);
    assert.equal((await gateway.get('/ready')).status, 200);
  });
});
