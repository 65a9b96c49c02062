import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { ask, serverBehind } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

describe(`connections made ahead, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess | undefined;

  afterEach(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  /** How often the server said that it was connected to by others than its probe. */
  const received = (): number => cluster.first.log().split('connection received').length - 1;

  test('serve clients, also through a failover, and leave no line in the default log', async () => {
    cluster = await startCluster({ standbys: 1 });
    const [first, second] = [cluster.first, cluster.server(1)];
    const before = first.log().length;
    gateway = await startGateway({ CANDIDATES: cluster.candidates, ...patient });
    await gateway.routesTo(first.port);
    await waitFor('a client to find one ready', async () => {
      assert.equal(await serverBehind(gateway!.port), first.port);
      return await gateway!.metric('pg_gateway_prewarmed_total') as number > 0;
    });
    await second.promote();
    await gateway.routesTo(second.port);
    for (let count = 0; count < 10; count++) assert.equal(await serverBehind(gateway.port), second.port);
    // Not what the end of its probe may add: an answer that nobody reads any more makes a reset.
    const lines = first.log().slice(before).split('\n').filter((line) =>
      /\b(LOG|WARNING|ERROR|FATAL):/.test(line)
    );
    // A standby that is promoted ends its replication, and that is between the two of them.
    const ours = lines.filter((line) =>
      !/checkpoint|replication|walsender|standby|COPY|server[12]/.test(line)
    );
    assert.deepEqual(ours, []);
  });

  test('are not made with PREWARM=0', async () => {
    cluster = await startCluster({ settings: { log_connections: 'on' } });
    gateway = await startGateway({ CANDIDATES: cluster.candidates, PREWARM: '0', ...patient });
    await gateway.routesTo(cluster.first.port);
    const probe = received();
    await ask(gateway.port, 'select 1');
    await ask(gateway.port, 'select 1');
    await gateway.stop();
    assert.equal(received() - probe, 2);
    assert.equal(gateway.log.some(({ level }) => level === 'error'), false);
  });
});
