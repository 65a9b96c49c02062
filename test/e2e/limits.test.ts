import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ask, clientOf, libpqConnect } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { freePort, isFree } from '../bed/ports.ts';
import { gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

describe(`limits and life on ${gatewayRuntime}`, () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster();
  });

  after(async () => await cluster?.close());

  test('the session above MAX_SESSIONS is refused readably, in clear text and under TLS', async () => {
    const gateway = await startGateway({ CANDIDATES: cluster.candidates, MAX_SESSIONS: '2', ...patient });
    await gateway.routesTo(cluster.first.port);
    const sql = clientOf(gateway.port, { max: 2 });
    try {
      await Promise.all([sql`select pg_sleep(0.3)`, sql`select pg_sleep(0.3)`]);
      await assert.rejects(ask(gateway.port, 'select 1'), {
        code: '53300',
        message: /holds 2 sessions already/,
      });
      const conninfo = `host=127.0.0.1 port=${gateway.port} user=postgres dbname=postgres sslmode=require`;
      assert.match((await libpqConnect(conninfo)).error, /pg_gateway holds 2 sessions already/);
    } finally {
      await sql.end();
    }
    await waitFor('room', async () => await gateway.metric('pg_gateway_connections_active') === 0);
    assert.deepEqual(await ask(gateway.port, 'select 1 as one'), [{ one: 1 }]);
    await gateway.stop();
  });

  test('who comes when MAX_HELD clients wait is refused at once', async () => {
    const gateway = await startGateway({
      CANDIDATES: `127.0.0.1:${await freePort()}`,
      MAX_HELD: '1',
      HOLD_MS: '3000',
    });
    await gateway.routesTo('nobody');
    const first = ask(gateway.port, 'select 1').then(() => 'served', (error: unknown) => String(error));
    await waitFor('the first to be held', async () => await gateway.metric('pg_gateway_held') === 1);
    await assert.rejects(ask(gateway.port, 'select 1'), {
      code: '57P03',
      message: /1 clients wait for a server already/,
    });
    assert.match(await first, /has no primary to connect to \(waited 3 s\)/);
    await gateway.stop();
  });

  test('a client that leaves while it is held costs nothing', async () => {
    const gateway = await startGateway({ CANDIDATES: `127.0.0.1:${await freePort()}`, HOLD_MS: '60000' });
    await gateway.routesTo('nobody');
    const sql = clientOf(gateway.port);
    const waiting = sql`select 1`.catch(() => 'gone');
    await waitFor('it to be held', async () => await gateway.metric('pg_gateway_held') === 1);
    await sql.end({ timeout: 0 });
    assert.equal(await waiting, 'gone');
    await waitFor('nobody to be held', async () => await gateway.metric('pg_gateway_held') === 0);
    await waitFor(
      'nobody to be there',
      async () => await gateway.metric('pg_gateway_connections_active') === 0,
    );
    await gateway.stop();
  });

  test('SIGTERM lets sessions end, takes no new ones, and is not ready any more', async () => {
    const gateway = await startGateway({ CANDIDATES: cluster.candidates, DRAIN_MS: '60000', ...patient });
    await gateway.routesTo(cluster.first.port);
    const sql = clientOf(gateway.port);
    await sql`select 1`;
    gateway.signal('SIGTERM');
    await waitFor('not to be ready', async () => (await gateway.get('/ready')).status === 503);
    // The data plane hears of it a moment later.
    await waitFor('nobody to listen', () => isFree(gateway.port));
    await assert.rejects(ask(gateway.port, 'select 1', { connect_timeout: 1 }), /ECONNREFUSED/);
    assert.deepEqual([...await sql`select 2 as two`], [{ two: 2 }]);
    await sql.end();
    assert.equal(await gateway.exited, 0);
  });

  test('a second signal ends the sessions at once', async () => {
    const gateway = await startGateway({ CANDIDATES: cluster.candidates, DRAIN_MS: '60000', ...patient });
    await gateway.routesTo(cluster.first.port);
    let isClosed = false;
    const sql = clientOf(gateway.port, { onclose: () => isClosed = true });
    await sql`select 1`;
    gateway.signal('SIGINT');
    await waitFor('not to be ready', async () => (await gateway.get('/ready')).status === 503);
    gateway.signal('SIGINT');
    assert.equal(await gateway.exited, 0);
    await waitFor('the session to end', () => isClosed);
    await sql.end({ timeout: 0 });
  });

  test(
    'several workers share the port, and their counters are summed',
    { skip: noSharedPorts() },
    async () => {
      const gateway = await startGateway({ CANDIDATES: cluster.candidates, NUM_THREADS: '3', ...patient });
      await gateway.routesTo(cluster.first.port);
      await Promise.all(Array.from({ length: 30 }, () => ask(gateway.port, 'select 1')));
      await waitFor(
        '30 sessions',
        async () => await gateway.metric('pg_gateway_connections_total') as number >= 30,
      );
      await gateway.stop();
    },
  );

  test('without workers the main thread pumps', async () => {
    const gateway = await startGateway({ CANDIDATES: cluster.candidates, NUM_THREADS: '0', ...patient });
    await gateway.routesTo(cluster.first.port);
    assert.deepEqual(await ask(gateway.port, 'select 1 as one'), [{ one: 1 }]);
    assert.equal(await gateway.stop(), 0);
  });
});

function noSharedPorts(): string | false {
  return process.platform === 'linux' ? false : 'only Linux spreads connections over listeners of one port';
}
