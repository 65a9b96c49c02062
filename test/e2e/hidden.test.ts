import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ask } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

/** In each round one more is revoked, on all servers, as grants are replicated. */
const rounds = [
  'pg_control_system()',
  'pg_walfile_name(pg_lsn)',
  'pg_control_checkpoint()',
  'pg_control_recovery()',
  'pg_current_wal_lsn()',
  'pg_last_wal_replay_lsn()',
  'pg_last_wal_receive_lsn()',
  'pg_stat_get_wal_receiver()',
];

describe(`servers that hide something from the probe, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  let env: Record<string, string>;
  let [primary, standby] = [0, 1];

  before(async () => {
    cluster = await startCluster({ standbys: 1 });
    await cluster.first.query('create role gateway login');
    env = { CANDIDATES: cluster.candidates, PGUSER: 'gateway', PGDATABASE: 'postgres', ...patient };
    gateway = await startGateway(env);
    await gateway.routesTo(cluster.first.port);
  });

  after(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  const candidates = async () => JSON.parse((await gateway.get('/status')).body).candidates;
  const lacksOf = async (index: number): Promise<string[]> =>
    (await candidates())[index].answer.lacks.map(({ name }: { name: string }) => name);

  for (const [round, name] of rounds.entries()) {
    test(`without ${name}, and those before it, no session is lost and a failover goes as ever`, {
      timeout: 120_000,
    }, async () => {
      const [old, next] = [cluster.server(primary), cluster.server(standby)];
      const epoch = await gateway.metric('pg_gateway_epoch');
      await old.query(`revoke execute on function ${name} from public`);
      const revoked = rounds.slice(0, round + 1);
      for (const index of [primary, standby]) {
        await waitFor(`the gateway to lack ${name}`, async () => (await lacksOf(index)).includes(name));
        assert.deepEqual((await lacksOf(index)).sort(), [...revoked].sort());
      }
      assert.equal(await gateway.metric('pg_gateway_epoch'), epoch, 'a right that is lost ends no session');
      await next.catchUp();
      await old.kill();
      await next.promote();
      // Not by the log, which counts what repeats: without a timeline one promotion is like the other there.
      await waitFor(`a route to ${next.address}`, async () => {
        const { route } = JSON.parse((await gateway.get('/status')).body);
        return route.primary?.candidate === next.address;
      });
      assert.deepEqual(await ask(gateway.port, 'select pg_is_in_recovery() as standby'), [{
        standby: false,
      }]);
      await old.rebuildFrom(next);
      [primary, standby] = [standby, primary];
    });
  }

  test('the log, check and /status say what is lost, and which grant brings it back', async () => {
    for (const server of cluster.servers) {
      const said = gateway.log.filter(({ event, candidate }) =>
        event === 'evidence_hidden' && candidate === server.address
      );
      // Once each, though the servers were started again meanwhile.
      assert.deepEqual(said.map(({ hidden }) => hidden), rounds);
      assert.equal(said[0]?.['remedy'], 'grant execute on function pg_control_system() to gateway');
      assert.match(String(said[0]?.['why']), /^without it a server of another cluster is not told/);
    }
    const { code, stdout } = await runProgram(['check'], env);
    assert.equal(code, 0, stdout);
    const both = cluster.candidates.replace(',', ', ');
    assert.ok(
      stdout.includes(`Hidden at ${both}: pg_control_system(). Without it a server of another`),
      stdout,
    );
    assert.ok(
      stdout.includes('Mend it by: grant execute on function pg_walfile_name(pg_lsn) to gateway'),
      stdout,
    );
    const [status] = await candidates();
    assert.deepEqual([status.answer.system, status.answer.timeline, status.answer.lsn], [null, null, null]);
  });

  test('with the grants all is seen again, in the same epoch', async () => {
    const epoch = await gateway.metric('pg_gateway_epoch');
    const server = cluster.server(primary);
    await server.query(rounds.map((name) => `grant execute on function ${name} to gateway;`).join(' '));
    for (const index of [primary, standby]) {
      await waitFor('the gateway to lack nothing', async () => (await lacksOf(index)).length === 0);
    }
    assert.equal((await candidates())[primary].answer.timeline, 1 + rounds.length);
    assert.equal(await gateway.metric('pg_gateway_epoch'), epoch);
  });
});
