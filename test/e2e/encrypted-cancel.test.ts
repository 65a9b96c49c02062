/** Cancel requests under TLS, which the gateway cannot tell from other clients. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { askOver, cancelUnderTls, openTls, type RunningQuery, sslRequest } from '../bed/raw-client.ts';
import { libpqQuery } from '../bed/clients.ts';
import { waitFor } from '../bed/wait-for.ts';

/** So many that it is no chance if all of them land. */
const clients = Array.from({ length: 20 }, (_, index) => `127.0.0.${index + 1}`);

/** The route is withdrawn soon after the primary was frozen. */
const quick = { CONNECT_TIMEOUT_MS: '500', QUERY_TIMEOUT_MS: '500' } as const;

describe(`a cancel request under TLS, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  const gateways: GatewayProcess[] = [];
  const ends: { end(): void }[] = [];

  before(async () => {
    cluster = await startCluster({ standbys: 2, tls: true });
  });
  afterEach(async () => {
    for (const one of ends.splice(0)) one.end();
    await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
  });
  after(async () => await cluster?.close());

  const start = async (env: Record<string, string>): Promise<GatewayProcess> => {
    const gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      REPLICA_PORT: '0',
      HOLD_MS: '60000',
      ...patient,
      ...env,
    });
    gateways.push(gateway);
    await gateway.routesTo(cluster.first.port);
    return gateway;
  };
  const rotates = (gateway: GatewayProcess): Promise<unknown> =>
    waitFor('both standbys to be in the rotation', async () => {
      const weights = await Promise.all(
        cluster.servers.map(({ address }) =>
          gateway.metric(`pg_gateway_candidate_weight{candidate="${address}"}`)
        ),
      );
      return String(weights) === '0,1,1';
    });
  const sleep = async (port: number, from?: string): Promise<RunningQuery> => {
    const query = await askOver(await openTls(port, from), 'select pg_sleep(300)');
    ends.push(query);
    return query;
  };
  const sleeping = (index: number): Promise<unknown[]> =>
    cluster.server(index).query(`select from pg_stat_activity where wait_event = 'PgSleep'`);

  test('of the standby port lands with REPLICA_BALANCE=source, whichever worker and gateway it comes by', async () => {
    const one = await start({ REPLICA_BALANCE: 'source', NUM_THREADS: '2' });
    const two = await start({ REPLICA_BALANCE: 'source', NUM_THREADS: '0' });
    await Promise.all([rotates(one), rotates(two)]);
    const sessions = await Promise.all(clients.map((from) => sleep(one.standbyPort, from)));
    const counts = async () => [(await sleeping(1)).length, (await sleeping(2)).length] as const;
    await waitFor('all queries to run', async () => {
      const [b, c] = await counts();
      return b + c === clients.length;
    });
    assert.ok((await counts()).every((count) => count > 0), 'both standbys have clients');
    for (const [index, session] of sessions.entries()) {
      const { standbyPort } = index % 2 === 0 ? one : two;
      assert.equal((await cancelUnderTls(standbyPort, session.key, clients[index])).length, 0);
    }
    await waitFor(
      'all clients to be told',
      () => sessions.every(({ received }) => received().includes('C57014')),
      { evidence: () => sessions.map(({ received }) => received().slice(0, 30) || 'nothing').join('\n') },
    );
  });

  test('of the primary port waits while there is no route, leaves when its client hangs up, and lands with the route', async () => {
    const gateway = await start(quick);
    const query = await sleep(gateway.port);
    await waitFor('the query to run', async () => (await sleeping(0)).length === 1);
    const held = (count: number): Promise<unknown> =>
      waitFor(`${count} held`, async () => await gateway.metric('pg_gateway_held') === count);
    cluster.first.freeze();
    try {
      await gateway.routesTo('nobody');
      // It says SSLRequest and waits for the answer: up to here a new session and a cancel request are the same.
      for (const leave of ['end', 'destroy'] as const) {
        const client = connect(gateway.port, '127.0.0.1', () => client.write(sslRequest));
        client.on('error', () => {});
        await held(1);
        client[leave]();
        await held(0);
      }
      const cancelled = cancelUnderTls(gateway.port, query.key);
      await held(1);
      cluster.first.thaw();
      assert.equal((await cancelled).length, 0);
      await waitFor('the client to be told', () => query.received().includes('C57014'));
    } finally {
      cluster.first.thaw();
    }
  });

  test('by PQcancelBlocking lands on the standby port, and does not block for ever without a route', async () => {
    const source = await start({ REPLICA_BALANCE: 'source' });
    await rotates(source);
    const conninfo = 'host=127.0.0.1 user=postgres dbname=postgres sslmode=require';
    const readers = await Promise.all(
      Array.from({ length: 8 }, () => libpqQuery(`${conninfo} port=${source.standbyPort}`)),
    );
    ends.push(...readers);
    for (const reader of readers) {
      const { cancel, query } = await reader.cancel();
      assert.deepEqual([cancel, query], ['', 'ERROR:  canceling statement due to user request\n']);
    }
    const impatient = await start({ HOLD_MS: '1000', ...quick });
    const patientOne = await start(quick);
    const [refused, timedOut] = await Promise.all([
      libpqQuery(`${conninfo} port=${impatient.port}`),
      libpqQuery(`${conninfo} port=${patientOne.port} connect_timeout=2`),
    ]);
    ends.push(refused, timedOut);
    cluster.first.freeze();
    try {
      await Promise.all([impatient.routesTo('nobody'), patientOne.routesTo('nobody')]);
      const outcomes = await Promise.all([refused.cancel(), timedOut.cancel()]);
      assert.match(outcomes[0].cancel, /unexpected response from server/);
      assert.match(outcomes[1].cancel, /timeout expired/);
    } finally {
      cluster.first.thaw();
    }
  });
});
