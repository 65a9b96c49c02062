import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Status } from '../../src/admin/status.ts';
import { ask, clientOf, exchange, serverBehind } from '../bed/clients.ts';
import { type Cluster, type Server, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { cancelMessage, startQuery } from '../bed/raw-client.ts';
import { waitFor } from '../bed/wait-for.ts';

describe(`the standby port, on ${gatewayRuntime}`, () => {
  /** Of all tests, each of which leaves it with a primary and two standbys; the last one fails it over. */
  let cluster: Cluster;
  const gateways: GatewayProcess[] = [];

  const stopGateways = (): Promise<unknown> =>
    Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
  before(async () => {
    cluster = await startCluster({ standbys: 2 });
  });
  afterEach(stopGateways);
  after(async () => {
    await stopGateways();
    await cluster?.close();
  });

  const start = async (env: Record<string, string> = {}): Promise<GatewayProcess> => {
    const gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      REPLICA_PORT: '0',
      ...patient,
      ...env,
    });
    gateways.push(gateway);
    await gateway.routesTo(cluster.first.port);
    return gateway;
  };
  const weights = async (gateway: GatewayProcess): Promise<(number | undefined)[]> => {
    const { candidates } = JSON.parse((await gateway.get('/status')).body) as Status;
    return candidates.map(({ standbyPort }) => standbyPort?.weight);
  };
  const hasWeights = (gateway: GatewayProcess, ...wanted: number[]): Promise<unknown> =>
    waitFor(`the weights ${wanted}`, async () => String(await weights(gateway)) === String(wanted), {
      evidence: () => [...gateway.log.slice(-5).map((line) => JSON.stringify(line)), ...logEnds()].join('\n'),
    });
  /** The last lines of the servers' logs. */
  const logEnds = (): string[] => cluster.servers.map((server) => server.log().slice(-1000));
  /** The data plane learns of a change a moment after the status tells it. */
  const serves = async (gateway: GatewayProcess, ...servers: Server[]): Promise<void> => {
    const wanted = servers.map(({ port }) => port).toSorted().join();
    const seen: number[] = [];
    await waitFor(`new readers to be served by ${servers.map(({ name }) => name)}`, async () => {
      seen.push(await serverBehind(gateway.standbyPort));
      return seen.length >= 4 && [...new Set(seen.slice(-4))].toSorted().join() === wanted;
    });
    await waitFor(
      'those readers to be gone',
      async () => await gateway.metric('pg_gateway_connections_active') === 0,
    );
  };

  test('shares sessions out to standbys, tells their lag, and the primary port goes on beside it', async () => {
    const [, one, two] = cluster.servers.map(({ port }) => port);
    const gateway = await start();
    await hasWeights(gateway, 0, 1, 1);
    await serves(gateway, cluster.server(1), cluster.server(2));
    const clients = Array.from({ length: 6 }, () => clientOf(gateway.standbyPort));
    try {
      const seen: number[] = [];
      for (const client of clients) {
        const [row] = await client`select inet_server_port() as port, pg_is_in_recovery() as standby`;
        assert.equal(row?.['standby'], true);
        seen.push(row?.['port']);
      }
      assert.deepEqual(seen.toSorted(), [one, one, one, two, two, two].toSorted());
      assert.equal(await serverBehind(gateway.port), cluster.first.port);
      const { stdout } = await runProgram(['explain'], { METRICS_PORT: String(gateway.metricsPort) });
      const [b, c] = [cluster.server(1).address, cluster.server(2).address];
      assert.match(
        stdout,
        new RegExp(`^ {2}New clients of the standby port are served by ${b} and ${c}\\.$`, 'm'),
      );
      assert.match(stdout, new RegExp(`^ {2}3 sessions on ${b}\\.$`, 'm'));
      assert.equal(await gateway.metric(`pg_gateway_sessions{server="${c}"}`), 3);
      assert.ok(await gateway.metric(`pg_gateway_candidate_lag_bytes{candidate="${c}"}`) !== undefined);
    } finally {
      await Promise.all(clients.map((client) => client.end({ timeout: 0 })));
    }
  });

  test('leaves a standby alone that does not replay, and ends its sessions beyond the second limit', async () => {
    const lagging = cluster.server(1);
    const gateway = await start({ MAX_LAG_BYTES: '65536', LAG_FENCE_MS: '2000' });
    await hasWeights(gateway, 0, 1, 1);
    await serves(gateway, cluster.server(1), cluster.server(2));
    const clients = [clientOf(gateway.standbyPort), clientOf(gateway.standbyPort)];
    try {
      const ports = await Promise.all(
        clients.map(async (client) => (await client`select inet_server_port() as port`)[0]?.['port']),
      );
      assert.notEqual(ports[0], ports[1]);
      const there = ports.indexOf(lagging.port);
      await lagging.query('select pg_wal_replay_pause()');
      await cluster.first.query('create table behind as select generate_series(1, 20000) as n');
      await cluster.server(2).catchUp();
      await hasWeights(gateway, 0, 0, 1);
      const elsewhere = async () => await serverBehind(gateway.standbyPort) === cluster.server(2).port;
      await waitFor('new readers elsewhere', elsewhere);
      const ended = () => gateway.log.find(({ event }) => event === 'standby_sessions_ended');
      const { candidate, why } = await waitFor('the fence', () => ended());
      assert.deepEqual([candidate, why], [lagging.address, 'lags by more than LAG_FENCE_MS=2000']);
      await waitFor(
        'the session to be ended',
        async () => await gateway.metric('pg_gateway_closes_total{reason="fenced"}') === 1,
      );
      // The other one lives.
      assert.deepEqual([...await clients[1 - there]!`select 1 as n`], [{ n: 1 }]);
      await lagging.query('select pg_wal_replay_resume()');
      await hasWeights(gateway, 0, 1, 1);
    } finally {
      await Promise.all(clients.map((client) => client.end({ timeout: 0 })));
    }
  });

  test('a cancel request reaches its query, also through another gateway than its own', async () => {
    const [own, other] = [await start(), await start()];
    for (const gateway of [own, other]) await hasWeights(gateway, 0, 1, 1);
    for (const name of ['port', 'standbyPort'] as const) {
      for (const from of [own, other]) {
        const query = await startQuery(own[name], 'select pg_sleep(120)');
        try {
          const pid = query.key.readInt32BE(0);
          const sleeps = async (): Promise<boolean> => {
            const text = `select from pg_stat_activity where pid = ${pid} and wait_event = 'PgSleep'`;
            const found = await Promise.all(cluster.servers.map((server) => server.query(text)));
            return found.flat().length > 0;
          };
          await waitFor('the query to run', sleeps);
          await exchange(from[name], cancelMessage(query.key));
          await waitFor('the query to be cancelled', async () => !await sleeps());
          await waitFor('the client to be told', () => /C57014/.test(query.received()));
        } finally {
          query.end();
        }
      }
    }
  });

  test('without a standby and with REPLICA_FALLBACK=off clients wait for one', async () => {
    await Promise.all([cluster.server(1).stop(), cluster.server(2).stop()]);
    const gateway = await start({ REPLICA_FALLBACK: 'off', HOLD_MS: '60000' });
    const waiting = ask(gateway.standbyPort, 'select inet_server_port() as port', { connect_timeout: 60 });
    await waitFor('the client to be held', async () => await gateway.metric('pg_gateway_held') === 1);
    await cluster.server(2).start();
    assert.deepEqual(await waiting, [{ port: cluster.server(2).port }]);
    const impatient = await start({
      REPLICA_FALLBACK: 'off',
      HOLD_MS: '0',
      REPLICA_WEIGHTS: `${cluster.server(2).address}=0`,
    });
    await assert.rejects(
      ask(impatient.standbyPort, 'select 1'),
      /pg_gateway has no standby to connect to, and the primary does not stand in for one/,
    );
    await cluster.server(1).start();
  });

  test('a standby that dies is noticed by those who had a session on it, and by nobody else', async () => {
    const [dying, other] = [cluster.server(1), cluster.server(2)];
    const gateway = await start({ REPLICA_WEIGHTS: `${other.address}=2` });
    await hasWeights(gateway, 0, 1, 2);
    await dying.kill();
    for (let count = 0; count < 6; count++) {
      assert.equal(await serverBehind(gateway.standbyPort), other.port);
    }
    await hasWeights(gateway, 0, 0, 2);
    await other.kill();
    assert.equal(await serverBehind(gateway.standbyPort), cluster.first.port);
    assert.equal(await gateway.metric('pg_gateway_fallbacks_total'), 1);
    const { stdout } = await runProgram(['explain'], { METRICS_PORT: String(gateway.metricsPort) });
    assert.match(
      stdout,
      /New clients of the standby port are served by the primary, as no standby can take them/,
    );
    await Promise.all([dying.start(), other.start()]);
  });

  test('sessions outlive a failover, and the promoted standby serves writes and no new reader', async () => {
    const [young, left] = [cluster.server(1), cluster.server(2)];
    const gateway = await start();
    await hasWeights(gateway, 0, 1, 1);
    const clients = [clientOf(gateway.standbyPort), clientOf(gateway.standbyPort)];
    try {
      const pids = await Promise.all(
        clients.map(async (client) => (await client`select pg_backend_pid()`)[0]),
      );
      await young.catchUp();
      await cluster.first.kill();
      await young.promote();
      await gateway.routesTo(young.port);
      await left.follow(young);
      await hasWeights(gateway, 0, 0, 1);
      await waitFor(
        'new readers on the standby',
        async () => await serverBehind(gateway.standbyPort) === left.port,
      );
      assert.equal(await serverBehind(gateway.port), young.port);
      // The restarted one took its session along; the other session is where it was.
      const again = await Promise.all(
        clients.map(async (client) => (await client`select pg_backend_pid()`)[0]),
      );
      assert.ok(
        again.some((row) => pids.some((before) => before?.['pg_backend_pid'] === row?.['pg_backend_pid'])),
      );
    } finally {
      await Promise.all(clients.map((client) => client.end({ timeout: 0 })));
    }
  });
});
