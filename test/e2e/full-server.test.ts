import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type postgres from 'postgres';
import { ask, clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

/** Those that are not kept for superusers: superuser_reserved_connections is 3. */
const ordinarySlots = 5;

describe(`a primary without a free slot, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  let client: postgres.Sql;
  let fillers: postgres.Sql[] = [];
  let epoch: number | undefined;

  before(async () => {
    cluster = await startCluster({ maxConnections: ordinarySlots + 3 });
    await cluster.first.query('create role gateway login connection limit 1');
    await cluster.first.query('create role app login');
    gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      PGUSER: 'gateway',
      PGDATABASE: 'postgres',
      // So that every FATAL line in the server's log is of a probe or of a client of this test.
      PREWARM: '0',
      ...patient,
    });
    await gateway.routesTo(cluster.first.port);
    epoch = await gateway.metric('pg_gateway_epoch');
    client = clientOf(gateway.port, { user: 'app' });
    await client`select 1`;
  });

  after(async () => {
    await Promise.all(fillers.map((filler) => filler.end({ timeout: 0 })));
    await client?.end({ timeout: 0 });
    await gateway?.stop();
    await cluster?.close();
  });

  const rejecting = () =>
    gateway.metric(`pg_gateway_candidate_rejecting{candidate="${cluster.first.address}"}`);
  /** Lines of probes that were rejected. */
  const rejections = () =>
    cluster.first.log().split('\n').filter((line) =>
      /FATAL: .*(slots are reserved|for role "gateway")/.test(line)
    )
      .length;

  async function sessions(): Promise<number> {
    const [row] = await cluster.first.query<{ sessions: number }>(
      `select count(*)::int as sessions from pg_stat_activity where usename = 'app'`,
    );
    return row!.sessions;
  }

  /** A refusal alone does not say that the server is full: a probe that it rejects has a slot for a moment. */
  async function fill(most: number): Promise<void> {
    while (await sessions() < most) {
      const filler = clientOf(cluster.first.port, { user: 'app' });
      try {
        await filler`select 1`;
        fillers.push(filler);
      } catch (error) {
        await filler.end({ timeout: 0 });
        assert.equal((error as { code?: string }).code, '53300');
      }
    }
  }

  test('the primary that rejects the probe keeps its route, and who may get in gets in', async () => {
    await fill(ordinarySlots - 1);
    // First no room for its role alone: or it would be back before another has taken its place.
    await cluster.first.query('alter role gateway connection limit 0');
    await cluster.first.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'gateway'`,
    );
    await waitFor('the probe to be rejected', async () => await rejecting() === 1);
    await fill(ordinarySlots);
    const [from, begun] = [rejections(), performance.now()];
    await waitFor('it to be rejected again', () => rejections() >= from + 2);
    const most = (performance.now() - begun) / 1000 + 2;
    assert.ok(rejections() - from <= most, `${rejections() - from} lines, at most ${most}`);

    assert.deepEqual(await ask(gateway.port, 'select 1 as one', { user: 'postgres' }), [{ one: 1 }]);
    await assert.rejects(ask(gateway.port, 'select 1', { user: 'app' }), { code: '53300' });
    assert.deepEqual([...await client`select 2 as two`], [{ two: 2 }]);
    assert.equal(await gateway.metric('pg_gateway_epoch'), epoch);
    const status = JSON.parse((await gateway.get('/status')).body);
    assert.equal(status.route.rule, 'incumbentRejecting');
    assert.match(status.candidates[0].note, /\(53300\): end sessions or raise max_connections there/);
    assert.equal(gateway.log.filter(({ event }) => event === 'candidate_rejecting').length, 1);
    assert.equal(gateway.log.filter(({ event }) => event === 'no_primary').length, 0);
  });

  test('it answers again when there is room', async () => {
    await Promise.all(fillers.map((filler) => filler.end({ timeout: 0 })));
    fillers = [];
    await cluster.first.query('alter role gateway connection limit 1');
    await waitFor('the probe to be answered', async () => await rejecting() === 0);
    assert.equal(await gateway.metric('pg_gateway_epoch'), epoch);
    assert.deepEqual([...await client`select 3 as three`], [{ three: 3 }]);
  });
});
