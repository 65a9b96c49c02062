import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { ask, serverBehind } from '../bed/clients.ts';
import { type Cluster, startCluster, startStranger } from '../bed/cluster.ts';
import { assertReplays } from '../bed/evidence.ts';
import { type GatewayProcess, gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

describe(`several that claim to be primary, on ${gatewayRuntime}`, () => {
  const open: { close(): Promise<void> }[] = [];

  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close();
  });

  async function cluster(make: () => Promise<Cluster>): Promise<Cluster> {
    const made = await make();
    open.push(made);
    return made;
  }

  async function gatewayTo(candidates: string, env: Record<string, string> = {}): Promise<GatewayProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'split-brain-'));
    const control = join(folder, 'control.sock');
    const settings = { CANDIDATES: candidates, HOLD_MS: '300', CONTROL_SOCKET: control, ...patient, ...env };
    const gateway = await startGateway(settings);
    open.push({
      close: async () => {
        try {
          await assertReplays(control);
        } finally {
          await gateway.stop();
          rmSync(folder, { recursive: true });
        }
      },
    });
    return gateway;
  }

  const standings = (gateway: GatewayProcess): string =>
    String(
      gateway.log.findLast(({ candidates, event }) => candidates && event !== 'listening')?.['candidates'],
    );

  /** A probe may fail on a busy machine, and the next one not. */
  const finds = (gateway: GatewayProcess, address: string, standing: string): Promise<unknown> =>
    waitFor(
      `${address} to be ${standing}`,
      () => standings(gateway).split(' ').includes(`${address}:${standing}`),
      { evidence: () => standings(gateway) },
    );

  test('the newer timeline wins, whatever the order of the list', async () => {
    const { servers: [old, young] } = await cluster(() => startCluster({ standbys: 1 }));
    await young!.promote();
    for (const order of [[old!, young!], [young!, old!]]) {
      const gateway = await gatewayTo(order.map(({ address }) => address).join(','));
      await gateway.routesTo(young!.port);
      assert.equal(await serverBehind(gateway.port), young!.port);
      await finds(gateway, old!.address, 'stale');
    }
  });

  test('a primary on an older timeline is served again once all have followed it for ten seconds', async () => {
    const ours = await cluster(() => startCluster({ standbys: 2 }));
    const [old, young, other] = ours.servers;
    // The ten seconds come from the limits of those who have not chosen any.
    const gateway = await gatewayTo(ours.candidates, { CONNECT_TIMEOUT_MS: '', QUERY_TIMEOUT_MS: '' });
    await gateway.routesTo(old!.port);
    await young!.promote();
    await gateway.routesTo(young!.port);
    await young!.stop();
    await gateway.routesTo('nobody');
    await finds(gateway, old!.address, 'stale');
    const { stdout } = await runProgram(['explain'], { METRICS_PORT: String(gateway.metricsPort) });
    assert.match(stdout, /rebuild every other candidate .* seen to stream from it for 10 s/);
    const rebuilt = performance.now();
    await young!.rebuildFrom(old!);
    await other!.streams();
    await waitFor('the old primary to be served', async () => {
      const { route } = JSON.parse((await gateway.get('/status')).body);
      return route.primary?.candidate === old!.address;
      // A probe that fails on a busy machine begins the ten seconds anew.
    }, { deadlineMs: 90_000 });
    assert.ok(performance.now() - rebuilt >= 10_000);
    assert.equal(await serverBehind(gateway.port), old!.port);
    const journal = JSON.parse((await gateway.get('/journal')).body);
    assert.ok(journal.some(({ rule }: Record<string, unknown>) => rule === 'everybodyFollows'));
  });

  test('on one timeline the incumbent stays, with an alarm', async () => {
    const ours = await cluster(() => startCluster());
    await ours.first.stop();
    const twin = await ours.addTwin(ours.first);
    await twin.stop();
    await ours.first.start();
    const gateway = await gatewayTo(`${twin.address},${ours.first.address}`);
    await gateway.routesTo(ours.first.port);
    await twin.start();
    await waitFor('the alarm', () => gateway.log.some(({ event }) => event === 'split_brain'));
    assert.equal(await gateway.metric('pg_gateway_split_brain'), 1);
    assert.equal(await serverBehind(gateway.port), ours.first.port);
    await finds(gateway, twin.address, 'rival');
    const journal = JSON.parse((await gateway.get('/journal')).body);
    assert.deepEqual(
      journal.slice(-1).map(({ rule, primary, splitBrain }: Record<string, unknown>) => ({
        rule,
        primary,
        splitBrain,
      })),
      [{ rule: 'splitBrainIncumbent', primary: ours.first.address, splitBrain: true }],
    );
    assert.match(journal.at(-1).reason, /split brain: .* all claim to be primary on timeline 1; .* stays/);
  });

  test('on one timeline without an incumbent nobody is served, and the client reads why', async () => {
    const ours = await cluster(() => startCluster());
    await ours.first.stop();
    const twin = await ours.addTwin(ours.first);
    await ours.first.start();
    const gateway = await gatewayTo(`${twin.address},${ours.first.address}`);
    await waitFor('the alarm', () => gateway.log.some(({ event }) => event === 'split_brain'));
    await assert.rejects(ask(gateway.port, 'select 1'), { code: '57P03', message: /split brain/ });
  });

  test('SPLIT_BRAIN=refuse refuses everybody, also with an incumbent', async () => {
    const ours = await cluster(() => startCluster());
    await ours.first.stop();
    const twin = await ours.addTwin(ours.first);
    await twin.stop();
    await ours.first.start();
    const gateway = await gatewayTo(`${twin.address},${ours.first.address}`, { SPLIT_BRAIN: 'refuse' });
    await gateway.routesTo(ours.first.port);
    await twin.start();
    await gateway.routesTo('nobody');
    await assert.rejects(ask(gateway.port, 'select 1'), { code: '57P03', message: /SPLIT_BRAIN=refuse/ });
    await twin.stop();
    await gateway.routesTo(ours.first.port);
    assert.equal(await serverBehind(gateway.port), ours.first.port);
  });

  test('a server of another system is never elected, also when it is the only primary', async () => {
    const ours = await cluster(() => startCluster({ standbys: 1 }));
    const stranger = await cluster(() => startStranger());
    const gateway = await gatewayTo(`${stranger.candidates},${ours.candidates}`);
    await gateway.routesTo(ours.first.port);
    await finds(gateway, stranger.first.address, 'foreign');
    await ours.first.kill();
    await gateway.routesTo('nobody');
    await assert.rejects(ask(gateway.port, 'select 1'), { code: '57P03', message: /no primary/ });
    await ours.server(1).promote();
    await gateway.routesTo(ours.server(1).port);
  });

  test('check prints the verdict as a table and ends with 0 only if there is a primary', async () => {
    const ours = await cluster(() => startCluster({ standbys: 1 }));
    const stranger = await cluster(() => startStranger());
    const env = { CANDIDATES: `${ours.candidates},${stranger.candidates}`, PGUSER: 'postgres', ...patient };
    const good = await runProgram(['check'], env);
    assert.equal(good.code, 0, good.stderr);
    assert.match(good.stdout, new RegExp(`^${ours.first.address} +primary +1 `, 'm'));
    assert.match(good.stdout, new RegExp(`^${ours.server(1).address} +standby +1 `, 'm'));
    assert.match(good.stdout, new RegExp(`^${stranger.first.address} +foreign `, 'm'));
    assert.match(good.stdout, new RegExp(`^Primary: ${ours.first.address}`, 'm'));
    await ours.first.stop();
    const bad = await runProgram(['check'], env);
    assert.equal(bad.code, 1);
    assert.match(bad.stdout, /^No primary/m);
    assert.match(bad.stdout, new RegExp(`^${ours.first.address} +down .*refuse`, 'm'));
  });
});
