import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { ask, clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import {
  type GatewayProcess,
  gatewayRuntime,
  patient,
  programCommand,
  startGateway,
} from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

const throwing = fileURLToPath(new URL('../bed/throwing.ts', import.meta.url));

/** How each runtime loads a file before the program: behind its own words, before those of the program. */
const loading: Readonly<Record<string, (command: readonly string[]) => readonly string[]>> = {
  node: ([node = '', ...rest]) => [node, '--import', throwing, ...rest],
  bun: ([bun = '', ...rest]) => [bun, '--preload', throwing, ...rest],
  deno: ([deno = '', run = '', ...rest]) => [deno, run, '--preload', throwing, ...rest],
};

const loaded = loading[gatewayRuntime]?.(programCommand);
const skip = loaded === undefined ? 'nothing can be loaded into the executable' : false;

describe(`what is thrown where nobody has thought of it, on ${gatewayRuntime}`, { skip }, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess | undefined;

  before(async () => {
    cluster = await startCluster();
  });

  after(async () => {
    gateway?.signal('SIGKILL');
    await cluster?.close();
  });

  test('is logged with its stack and counted, and ends nothing', async () => {
    const settings = { CANDIDATES: cluster.candidates, NUM_THREADS: '1', ...patient };
    const running = gateway = await startGateway(settings, gatewayRuntime, { command: loaded! });
    await running.routesTo(cluster.first.port);
    const session = clientOf(running.port);
    await session`select 1`;
    for (let round = 1; round <= 2; round++) {
      running.signal('SIGUSR2');
      await waitFor(
        'both to be counted',
        async () => await running.metric('pg_gateway_faults_total') === 2 * round,
      );
    }
    const faults = running.log.filter(({ event }) => event === 'fault');
    assert.deepEqual(faults.map(({ where, count }) => `${where} ${count}`).toSorted(), [
      'uncaughtException 1',
      'unhandledRejection 1',
    ]);
    for (const { stack } of faults) {
      assert.match(String(stack), /(thrown|rejected) by the test[^]*throwing\.ts/);
    }
    await session`select 1`;
    assert.deepEqual(await ask(running.port, 'select 1 as one'), [{ one: 1 }]);
    await session.end();
    assert.equal(await running.stop(), 0);
  });
});
