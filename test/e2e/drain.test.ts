import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { ask, clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { noHaproxy, startHaproxy } from '../bed/haproxy.ts';
import { noPgbench, pgbench, pgbenchPath } from '../bed/pgbench.ts';
import { freePort, isFree } from '../bed/ports.ts';
import { queryMessage, startupMessage } from '../bed/raw-client.ts';
import { waitFor } from '../bed/wait-for.ts';

/** Eight seconds for each runtime would be a minute of every run. */
const isElsewhere = gatewayRuntime !== 'bun' && 'what a load balancer sees is shown with Bun';

describe(`drain on ${gatewayRuntime}`, () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.close());

  const start = (settings: Record<string, string>) =>
    startGateway({ ...patient, CANDIDATES: cluster.candidates, ...settings });

  test('is told at /ready at once, while clients are still taken for DRAIN_ACCEPT_MS', async () => {
    const gateway = await start({ DRAIN_ACCEPT_MS: '60000', DRAIN_MS: '60000' });
    await gateway.routesTo(cluster.first.port);
    gateway.signal('SIGTERM');
    await waitFor('not to be ready', async () => (await gateway.get('/ready')).status === 503);
    await ask(gateway.port, 'select 1');
    gateway.signal('SIGTERM');
    assert.equal(await gateway.exited, 0);
  });

  test('lets those who wait for a primary go on waiting until it is there', async () => {
    const gateway = await start({ DRAIN_MS: '60000', HOLD_MS: '60000' });
    await gateway.routesTo(cluster.first.port);
    await cluster.first.kill();
    await gateway.routesTo('nobody');
    const answer = ask(gateway.port, 'select 1 as one', { connect_timeout: 60 });
    await waitFor('the client to wait', async () => await gateway.metric('pg_gateway_held') === 1);
    gateway.signal('SIGTERM');
    await waitFor('nobody to listen', () => isFree(gateway.port));
    await cluster.first.start();
    assert.deepEqual(await answer, [{ one: 1 }]);
    assert.equal(await gateway.exited, 0);
  });

  test('tells sessions in clear text why they are ended, and their servers see a FIN', async () => {
    const gateway = await start({ DRAIN_MS: '100' });
    await gateway.routesTo(cluster.first.port);
    const socket = connect(gateway.port, '127.0.0.1', () => socket.write(startupMessage()));
    const chunks: Buffer[] = [];
    let failure: Error | undefined;
    socket.on('data', (chunk) => chunks.push(chunk)).on('error', (error) => failure = error);
    const said = () => Buffer.concat(chunks).toString('latin1');
    await waitFor('the login', () => said().endsWith('I'));
    socket.write(queryMessage("set application_name to 'idle at the end'"));
    await waitFor('the answer', () => said().includes('SET\0'));
    gateway.signal('SIGTERM');
    await new Promise((resolve) => socket.once('close', resolve));
    assert.equal(failure, undefined);
    assert.match(said(), /SFATAL\0VFATAL\0C57P01\0Mpg_gateway is shutting down, and ends this session\0/);
    assert.equal(await gateway.exited, 0);
    assert.equal(gateway.log.find(({ event }) => event === 'stopped')?.['sessionsEnded'], 1);
    await waitFor('its backend to end', async () => {
      const sql = clientOf(cluster.first.port);
      const rows = await sql`select from pg_stat_activity where application_name = 'idle at the end'`;
      await sql.end();
      return rows.length === 0;
    });
  });

  test('behind a HAProxy that takes a gateway out three seconds later, no connect fails', {
    skip: isElsewhere || (noHaproxy || (pgbenchPath === undefined && noPgbench)),
  }, async () => {
    const settings = { DRAIN_ACCEPT_MS: '5000', DRAIN_MS: '10000' };
    const [first, second] = await Promise.all([start(settings), start({})]);
    for (const gateway of [first, second]) await gateway.routesTo(cluster.first.port);
    const port = await freePort();
    const haproxy = await startHaproxy(inFrontOf([first, second], port), port);
    try {
      const load = pgbench(port, 7, '-C', '-c', '4');
      const accepted = (): Promise<number | undefined> => first.metric('pg_gateway_connections_total');
      await waitFor('the first gateway to have its share', async () => await accepted() as number > 50);
      first.signal('SIGTERM');
      await waitFor('not to be ready', async () => (await first.get('/ready')).status === 503);
      const { code, said, transactions } = await load;
      assert.equal(code, 0, said);
      assert.ok(transactions > 100, said);
      assert.doesNotMatch(said, /error|failed: [^0]/, said);
      assert.equal(await first.exited, 0);
    } finally {
      await haproxy.stop();
      await Promise.all([first.stop(), second.stop()]);
    }
  });
});

/**
 * Spreads connections over gateways, asks each for `/ready` once a second, and takes one out that has failed three times. It
 * never tries another gateway for a client that one has refused.
 */
function inFrontOf(gateways: readonly GatewayProcess[], port: number): string {
  const servers = gateways.map(({ port, metricsPort }, index) =>
    `  server gateway${index} 127.0.0.1:${port} check port ${metricsPort}\n`
  );
  return `global
  maxconn 200
defaults
  mode tcp
  retries 0
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen postgres
  bind 127.0.0.1:${port}
  option httpchk GET /ready
  default-server inter 1s fall 3 rise 1
${servers.join('')}`;
}
