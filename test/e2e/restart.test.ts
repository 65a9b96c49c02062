import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { ask, clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { noPgbench, pgbench, pgbenchPath } from '../bed/pgbench.ts';
import { freePort } from '../bed/ports.ts';
import { waitFor } from '../bed/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'restart-'));
after(() => rmSync(folder, { recursive: true }));

const noFfi = gatewayRuntime === 'node' && 'Node cannot pass descriptors to another process';

/** How many restarts there are under load; a long form is for people. */
const restarts = Number(process.env['RESTARTS'] ?? 5);

describe(`a restart on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  let settings: Record<string, string>;

  before(async () => {
    cluster = await startCluster({ standbys: 1 });
    settings = {
      ...patient,
      CANDIDATES: cluster.candidates,
      LISTEN_PORT: String(await freePort()),
      REPLICA_PORT: String(await freePort()),
      METRICS_PORT: String(await freePort()),
      CONTROL_SOCKET: join(folder, 'control.sock'),
      DRAIN_MS: '60000',
      TAKEOVER: 'on',
    };
  });
  after(() => cluster?.close());

  const line = (event: string) =>
    waitFor(`the line ${event}`, () => gateway.log.find((line) => line.event === event));

  beforeEach(async () => {
    gateway = await startGateway(settings);
    await gateway.routesTo(cluster.first.port);
  });
  afterEach(async () => {
    gateway.signal('SIGQUIT');
    await gateway.exited;
    assert.ok(!existsSync(settings['CONTROL_SOCKET']!), 'the control socket is left behind');
  });

  test('is refused where the runtime cannot pass its ports, and the one that runs goes on', {
    skip: gatewayRuntime !== 'node' && 'this runtime can',
  }, async () => {
    const { code, stderr } = await runProgram([], {
      ...settings,
      LISTEN_HOST: '127.0.0.1',
      PGUSER: 'postgres',
    });
    assert.equal(code, 1);
    assert.match(stderr, /TAKEOVER=on cannot be had: .*this runtime has no FFI.*systemd hold the ports/);
    await ask(gateway.port, 'select 1');
  });

  test('takes over both ports, the metrics port and the control socket, and old sessions live on', {
    skip: noFfi,
  }, async () => {
    const session = clientOf(gateway.port);
    await session`select 1`;
    const old = gateway;
    gateway = await startGateway(settings);
    const draining = await waitFor(
      'the old one to drain',
      () => old.log.find(({ event }) => event === 'draining'),
    );
    assert.equal(draining['signal'], 'takeover');
    await waitFor('the new one to count', async () => {
      await ask(gateway.port, 'select 1');
      return (await gateway.metric('pg_gateway_connections_total') as number) > 0;
    });
    await ask(gateway.standbyPort, 'select 1');
    const { code } = await runProgram([
      'log-level',
      'debug',
      '--control-socket',
      settings['CONTROL_SOCKET']!,
    ]);
    assert.equal(code, 0);
    await line('command');
    assert.deepEqual([...await session`select 2 as two`], [{ two: 2 }]);
    await session.end();
    assert.equal(await old.exited, 0);
    await ask(gateway.port, 'select 1');
  });

  test('that does not succeed changes nothing', { skip: noFfi }, async () => {
    const { code, stderr } = await runProgram([], {
      ...settings,
      LISTEN_HOST: '127.0.0.1',
      PGUSER: 'postgres',
      NUM_THREADS: '0',
    });
    assert.equal(code, 1);
    assert.match(stderr, /need the native engine, or Node: .*NUM_THREADS to 1 or more/);
    await ask(gateway.port, 'select 1');
    assert.equal((await gateway.get('/ready')).status, 200);
    const { status } = spawnSync('kill', ['-0', String(gateway.pid)]);
    assert.equal(status, 0);
  });

  test(`${restarts} times under clients that come and go refuses nobody, whatever NUM_THREADS is`, {
    skip: noFfi || (pgbenchPath === undefined && noPgbench),
  }, async () => {
    const session = clientOf(gateway.port);
    await session`select 1`;
    let isDone = false;
    const load = async (): Promise<void> => {
      while (!isDone) {
        const { code, said } = await pgbench(gateway.port, 2, '-C', '-c', '4');
        assert.equal(code, 0, said);
        assert.doesNotMatch(said, /error|failed: [^0]/, said);
      }
    };
    const loads = load();
    const former: GatewayProcess[] = [];
    for (let count = 0; count < restarts; count++) {
      former.push(gateway);
      gateway = await startGateway({ ...settings, NUM_THREADS: String([3, 1, 2][count % 3]) });
      await waitFor(
        'clients',
        async () => (await gateway.metric('pg_gateway_connections_total') as number) > 20,
      );
    }
    isDone = true;
    await loads;
    await session`select 1`;
    await session.end();
    for (const { exited } of former) assert.equal(await exited, 0);
  });
});
