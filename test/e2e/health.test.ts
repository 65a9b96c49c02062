import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'health-'));
after(() => rmSync(folder, { recursive: true }));

const control = join(folder, 'control.sock');
const overSocket = ['--control-socket', control];

describe(`health on ${gatewayRuntime}`, () => {
  test('is 0 while clients are taken, though there is no primary, and 1 from the moment of a drain', async () => {
    const gateway = await startGateway({
      CANDIDATES: '127.0.0.1:1',
      CONTROL_SOCKET: control,
      DRAIN_MS: '600000',
      HOLD_MS: '600000',
    });
    const overPort = ['--url', `http://127.0.0.1:${gateway.metricsPort}`];
    for (const way of [overSocket, overPort]) {
      const { code, stdout, stderr } = await runProgram(['health', ...way]);
      assert.deepEqual([code, stdout], [0, 'It takes clients.\n'], stderr);
    }
    const env = { METRICS_PORT: String(gateway.metricsPort) };
    assert.equal((await runProgram(['health'], env)).code, 0);

    const client = connect(gateway.port, '127.0.0.1');
    client.on('error', () => {});
    await waitFor('a session', async () => await gateway.metric('pg_gateway_connections_active') === 1);
    gateway.signal('SIGTERM');
    await waitFor('it to drain', () => gateway.log.some(({ event }) => event === 'draining'));
    for (const way of [overSocket, overPort]) {
      const { code, stdout } = await runProgram(['health', ...way]);
      assert.deepEqual([code, stdout], [1, 'It takes no clients: it is draining.\n']);
    }
    client.destroy();
    await gateway.stop();
  });

  test('is 1 without a gateway, and says where none was', async () => {
    for (const env of [{ METRICS_PORT: '1' }, { METRICS_PORT: 'off', CONTROL_SOCKET: control }]) {
      const { code, stderr } = await runProgram(['health'], env);
      assert.equal(code, 1);
      assert.match(stderr, /127\.0\.0\.1:1|control\.sock/);
    }
  });
});

describe(`wait on ${gatewayRuntime}`, () => {
  let cluster: Cluster | undefined;
  let gateway: GatewayProcess | undefined;

  after(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  test('returns when there is a route, and until then neither minds that no gateway is there, nor that it has none', async () => {
    const waiting = runProgram(['wait', '--primary', '--timeout', '90s', ...overSocket]);
    cluster = await startCluster({ standbys: 0 });
    await cluster.first.stop();
    gateway = await startGateway({ CANDIDATES: cluster.candidates, CONTROL_SOCKET: control, ...patient });
    await gateway.routesTo('nobody');

    const short = await runProgram(['wait', '--primary', '--timeout', '300ms', ...overSocket]);
    assert.equal(short.code, 1);
    assert.match(short.stderr, /no primary within 300 ms: 127\.0\.0\.1:\d+ is down/);

    await cluster.first.start();
    const { code, stdout, stderr } = await waiting;
    assert.deepEqual([code, stdout], [0, `${cluster.first.address} is primary on timeline 1.\n`], stderr);
  });

  test('that makes no sense is told so, with exit code 2', async () => {
    const { code, stderr } = await runProgram(['wait', '--timeout', '1s']);
    assert.deepEqual([code, /pg_gateway wait --primary/.test(stderr)], [2, true]);
    assert.match(
      (await runProgram(['wait', '--primary', '--timeout', 'soon'])).stderr,
      /--timeout soon is not a number/,
    );
  });
});
