import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ask } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { cannotStopThreads, stopThread, workerThreads } from '../bed/stop-thread.ts';
import { waitFor } from '../bed/wait-for.ts';

/** The portable engines do not show their listening sockets. */
const isNative = gatewayRuntime !== 'node';

/** So many that they all reach one of two workers by chance once in a billion times. */
const crowd = 30;

describe(`a worker that is stopped in the kernel, on ${gatewayRuntime}`, { skip: cannotStopThreads }, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess | undefined;

  before(async () => {
    cluster = await startCluster();
  });

  after(async () => {
    gateway?.signal('SIGKILL');
    await cluster?.close();
  });

  test('is told of everywhere, gets no new clients, and takes part again when it goes on', async () => {
    const settings = { CANDIDATES: cluster.candidates, NUM_THREADS: '2', ...patient };
    const running = gateway = await startGateway(settings);
    await running.routesTo(cluster.first.port);
    assert.deepEqual(await ask(running.port, 'select 1 as one'), [{ one: 1 }]);
    const threads = workerThreads(running.pid);
    assert.equal(threads.length, 2);
    const release = await stopThread(threads[0]!);

    const evidence = (): string => JSON.stringify(running.log.slice(-3));
    const stuck = await waitFor(
      'the report',
      () => running.log.find(({ event }) => event === 'worker_stuck'),
      { evidence },
    );
    const worker = Number(stuck['worker']);
    assert.equal(await running.metric(`pg_gateway_worker_stuck{worker="${worker}"}`), 1);
    assert.equal(await running.metric(`pg_gateway_worker_stuck{worker="${1 - worker}"}`), 0);
    const { workers } = JSON.parse((await running.get('/status')).body);
    assert.ok(workers[worker].stuckMs >= 3_000 && workers[worker].stuckSince !== null);
    assert.equal(workers[1 - worker].stuckMs, null);
    if (isNative) {
      assert.equal(stuck['listening'], 'stopped: new clients go to the other workers');
      for (let client = 0; client < crowd; client += 1) {
        assert.deepEqual(await ask(running.port, 'select 1 as one'), [{ one: 1 }]);
      }
    }
    const live = await waitFor('/live to fail', async () => {
      const { status, body } = await running.get('/live');
      return status === 503 && body;
    });
    assert.match(live, /^a worker has not moved for \d+ s: restart the gateway$/m);

    release();
    await waitFor(
      'it to go on',
      () => running.log.some((line) => line.event === 'worker_runs_again' && line['worker'] === worker),
      { evidence },
    );
    assert.equal((await running.get('/live')).status, 200);
    assert.equal(await running.metric(`pg_gateway_worker_stuck{worker="${worker}"}`), 0);
    for (let client = 0; client < crowd; client += 1) {
      assert.deepEqual(await ask(running.port, 'select 1 as one'), [{ one: 1 }]);
    }
    assert.equal(await running.stop(), 0);
  });
});
