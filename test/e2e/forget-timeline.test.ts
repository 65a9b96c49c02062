import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { serverBehind } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { assertReplays } from '../bed/evidence.ts';
import { type GatewayProcess, gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'forget-'));
const control = join(folder, 'control.sock');

describe(`forget-timeline on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;

  before(async () => {
    cluster = await startCluster({ standbys: 1 });
    gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      CONTROL_SOCKET: control,
      HOLD_MS: '30000',
      ...patient,
    });
    await gateway.routesTo(cluster.first.port);
  });

  after(async () => {
    await gateway?.stop();
    await cluster?.close();
    rmSync(folder, { recursive: true });
  });

  test('brings an old primary back whose successor is gone, and only with --yes', async () => {
    await cluster.server(1).promote();
    await gateway.routesTo(cluster.server(1).port);
    await cluster.server(1).kill();
    await gateway.routesTo('nobody');
    const client = serverBehind(gateway.port);
    await waitFor('the client to be held', async () => await gateway.metric('pg_gateway_held') === 1);

    const warned = await runProgram(['forget-timeline', '--control-socket', control]);
    assert.equal(warned.code, 2);
    assert.match(
      warned.stderr,
      /nothing is forgotten yet: the gateway forgets that timeline 2 was primary.*--yes/,
    );
    assert.equal(await gateway.metric('pg_gateway_held'), 1);

    const done = await runProgram(['forget-timeline', '--yes', '--control-socket', control]);
    assert.equal(done.code, 0, done.stderr);
    assert.ok(
      done.stdout.endsWith(`\nNow: ${cluster.first.address} is primary on timeline 1.\n`),
      done.stdout,
    );
    assert.equal(await client, cluster.first.port);
    const line = await waitFor('its line', () => gateway.log.findLast(({ event }) => event === 'command'));
    assert.deepEqual([line['command'], line['args']], ['forget-timeline', '{"yes":true}']);
    await assertReplays(control);
  });
});
