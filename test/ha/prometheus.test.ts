import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { serverBehind } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { noPrometheus, type Prometheus, startPrometheus } from '../bed/prometheus.ts';
import { waitFor } from '../bed/wait-for.ts';
import { dashboard, expressions } from '../deploy/dashboard.ts';

const rules = fileURLToPath(new URL('../../deploy/prometheus/pg_gateway.rules.yml', import.meta.url));
const token = 'open-sesame';

const config = (port: number): string =>
  `global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files: [${rules}]
scrape_configs:
  - job_name: pg_gateway
    authorization:
      credentials: ${token}
    static_configs:
      - targets: ['127.0.0.1:${port}']
`;

describe(`Prometheus that watches a failover, on ${gatewayRuntime}`, { skip: noPrometheus }, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  let prometheus: Prometheus;
  const has = (expression: string) =>
    waitFor(expression, async () => (await prometheus.query(expression)).length > 0);

  before(async () => {
    cluster = await startCluster({ standbys: 2 });
    gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      REPLICA_PORT: '0',
      METRICS_TOKEN: token,
      // What is kept is only added up where it has a limit.
      MAX_BUFFERED_BYTES: '64MB',
      ...patient,
    });
    await gateway.routesTo(cluster.first.port);
    prometheus = await startPrometheus(config(gateway.metricsPort));
    await has('count_over_time(pg_gateway_candidate_lag_bytes[1m]) > 1');
    await serverBehind(gateway.port);
    await Promise.all([cluster.server(1).catchUp(), cluster.server(2).catchUp()]);
    await cluster.first.kill();
    await cluster.server(1).promote();
    await cluster.server(2).follow(cluster.server(1));
    await gateway.routesTo(cluster.server(1).port);
    await serverBehind(gateway.port);
    await has('sum(pg_gateway_failovers_total) == 1');
  });
  after(async () => {
    await prometheus?.stop();
    await gateway?.stop();
    await cluster?.close();
  });

  test('has read /metrics as OpenMetrics, in which the family of a counter has no _total', async () => {
    const { activeTargets } = await prometheus.get('targets?state=active');
    assert.deepEqual(
      (activeTargets as { health: string; lastError: string }[]).map((
        { health, lastError },
      ) => [health, lastError]),
      [['up', '']],
    );
    assert.deepEqual(Object.keys(await prometheus.get('metadata?metric=pg_gateway_holds')), [
      'pg_gateway_holds',
    ]);
  });

  test('has data for every query of the dashboard', async () => {
    const all = expressions(dashboard);
    assert.ok(all.length > 40);
    let missing = all;
    await waitFor('data for all', async () => {
      const found = await Promise.all(missing.map((expression) => prometheus.query(expression)));
      missing = missing.filter((_, index) => !found[index]!.some(Number.isFinite));
      return missing.length === 0;
    }, { everyMs: 500, evidence: () => missing.join('\n') });
  });

  test('tells of the failover by an alert whose texts can be read', async () => {
    const alert = await waitFor('the alert', async () => {
      const { alerts } = await prometheus.get('alerts');
      return (alerts as { labels: Record<string, string>; annotations: Record<string, string> }[])
        .find(({ labels }) => labels['alertname'] === 'PgGatewayFailover');
    });
    assert.equal(alert.annotations['summary'], `The primary of 127.0.0.1:${gateway.metricsPort} has changed`);
  });
});
