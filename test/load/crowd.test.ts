import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { QuietSession } from '../bed/quiet-session.ts';
import { waitFor } from '../bed/wait-for.ts';

describe(`a crowd on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;

  before(async () => {
    cluster = await startCluster({ maxConnections: 1100 });
    gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      HOLD_MS: '60000',
      ...patient,
    });
    await gateway.routesTo(cluster.first.port);
  });

  after(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  test('1,000 sessions at once get their own answers', async () => {
    const opened: QuietSession[] = [];
    try {
      // All at once, and however long a small machine takes to start a thousand server processes.
      opened.push(...await Promise.all(Array.from({ length: 1000 }, () => QuietSession.open(gateway.port))));
      await Promise.all(opened.map((session, n) => session.ask(n)));
      assert.ok(await gateway.metric('pg_gateway_connections_active') as number >= 1000);
    } finally {
      for (const session of opened) session.end();
    }
    await waitFor('all to be gone', async () => await gateway.metric('pg_gateway_connections_active') === 0);
    // A client says Terminate and PostgreSQL hangs up, or the client does: whoever is first.
    const closes = await Promise.all(
      ['clientClosed', 'serverClosed'].map((reason) =>
        gateway.metric(`pg_gateway_closes_total{reason="${reason}"}`)
      ),
    );
    assert.ok((closes[0] ?? 0) + (closes[1] ?? 0) >= 1000, String(closes));
  });
});
