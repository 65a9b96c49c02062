import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ask, clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

describe(`candidates on unix sockets, with ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  let candidates: readonly string[];

  before(async () => {
    cluster = await startCluster({ standbys: 1 });
    candidates = cluster.servers.map(({ port }) => `${cluster.folder}:${port}`);
    // What TLS a mode wants is nothing to a unix socket, as in libpq.
    gateway = await startGateway({
      ...patient,
      CANDIDATES: candidates.join(','),
      PGSSLMODE: 'require',
    });
  });
  after(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  const routesTo = (candidate: string | undefined) =>
    waitFor(
      `the gateway to route to ${candidate}`,
      () => gateway.log.findLast(({ primary }) => primary !== undefined)?.['primary'] === candidate,
    );
  // inet_server_port() tells nothing of a unix socket.
  const serverPort = async () =>
    Number((await ask(gateway.port, `select current_setting('port') as port`))[0]?.['port']);

  test('are probed and served, and a clean stop with a promotion is followed', async () => {
    await routesTo(candidates[0]);
    assert.equal(await serverPort(), cluster.first.port);
    const session = clientOf(gateway.port);
    await session`create table kept as select 1 as n`;
    await session.end();
    await cluster.server(1).catchUp();
    await cluster.first.stop();
    await cluster.server(1).promote();
    await routesTo(candidates[1]);
    assert.equal(await serverPort(), cluster.server(1).port);
    assert.deepEqual(await ask(gateway.port, 'select n from kept'), [{ n: 1 }]);
    // A probe that was under way when the server stopped has another reason; the next one finds no socket.
    const isTold = /has no socket at .*\/\.s\.PGSQL\.\d+: start PostgreSQL there/;
    await waitFor('the stopped one to be down for want of a socket', async () => {
      const { candidates: [first] } = JSON.parse((await gateway.get('/status')).body);
      return first.standing === 'down' && isTold.test(first.note);
    });
  });
});
