import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ask, clientOf, exchange, serverBehind } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { startupMessage } from '../bed/raw-client.ts';
import { waitFor } from '../bed/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'pause-'));
const control = join(folder, 'control.sock');
after(() => rmSync(folder, { recursive: true }));

const tell = (...args: string[]) => runProgram([...args, '--control-socket', control]);

describe(`pause on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;

  /** Of all tests, one after the other: the last one ends it. */
  before(async () => {
    cluster = await startCluster({ standbys: 1 });
    gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      CONTROL_SOCKET: control,
      REPLICA_PORT: '0',
      HOLD_MS: '0',
      ...patient,
    });
    await gateway.routesTo(cluster.first.port);
    await waitFor('the standby to be in the rotation', async () => {
      const { candidates } = JSON.parse((await gateway.get('/status')).body);
      return candidates.some(({ standbyPort }: { standbyPort: { weight: number } }) =>
        standbyPort?.weight > 0
      );
    });
  });
  after(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  const held = (count: number) =>
    waitFor(`${count} held`, async () => await gateway.metric('pg_gateway_held') === count);
  const ended = (event: string) => gateway.log.filter((line) => line.event === event);

  test('lets newcomers of both ports wait, leaves sessions alone, and serves all after resume', async () => {
    const session = clientOf(gateway.port);
    await session`select 1`;
    const { code, stdout } = await tell('pause', '--timeout', '10min');
    assert.deepEqual([code, stdout.slice(0, 60)], [
      0,
      'New clients wait until pg_gateway resume, or for 10 min, MAX',
    ]);
    const uid = process.getuid?.();
    const by = gatewayRuntime === 'node' ? `uid 0 or ${uid}` : `uid ${uid}`;
    const waiting = [serverBehind(gateway.port), serverBehind(gateway.standbyPort)];
    await held(2);
    await session`select 1`;
    const { status, body } = await gateway.get('/ready');
    assert.equal(status, 200);
    assert.ok(body.startsWith(`ready; paused by ${by} until 2`), body);
    const { paused, route } = JSON.parse((await gateway.get('/status')).body);
    assert.equal(paused.by, by);
    assert.equal(
      route.primary.address,
      cluster.first.address,
      'what is known of the servers is told all the same',
    );
    assert.equal(await gateway.metric('pg_gateway_paused'), 1);
    assert.equal(ended('paused')[0]?.['by'], by);
    assert.equal((await tell('resume')).code, 0);
    assert.deepEqual(await Promise.all(waiting), [cluster.first.port, cluster.server(1).port]);
    await session`select 1`;
    assert.equal(ended('resumed').at(-1)?.['why'], `${by} asks for it`);
    assert.equal(await gateway.metric('pg_gateway_paused'), 0);
    const again = await tell('resume');
    assert.equal(again.code, 1);
    assert.match(again.stderr, /the gateway is not paused/);
    await session.end({ timeout: 0 });
  });

  test('ends by itself, and who has waited is served then', async () => {
    assert.equal((await tell('pause', '--timeout', '1s')).code, 0);
    assert.equal(await serverBehind(gateway.port), cluster.first.port);
    assert.equal(ended('resumed').at(-1)?.['why'], 'its time is over');
  });

  test('that makes no sense is told so, with exit code 2', async () => {
    const { code, stderr } = await tell('pause', '--timeout', '2h');
    assert.equal(code, 2);
    assert.match(stderr, /--timeout 2h is no time from 1 s to 1 h, as 60s/);
  });

  test('carries clients over a planned switchover: nobody is refused, though HOLD_MS is 0', async () => {
    const [old, next] = [cluster.first, cluster.server(1)];
    assert.equal((await tell('pause')).code, 0);
    const waiting = Promise.all(Array.from({ length: 5 }, () => serverBehind(gateway.port)));
    await held(5);
    await old.stop();
    await next.promote();
    await gateway.routesTo(next.port);
    await held(5);
    assert.equal((await tell('resume')).code, 0);
    assert.deepEqual(new Set(await waiting), new Set([next.port]));
    await ask(gateway.port, 'create table written ()');
  });

  test('ends with a drain', async () => {
    assert.equal((await tell('pause')).code, 0);
    const waiting = exchange(gateway.port, startupMessage());
    await held(1);
    gateway.signal('SIGTERM');
    await waiting;
    await gateway.exited;
    assert.equal(ended('resumed').at(-1)?.['why'], 'the gateway drains');
  });
});
