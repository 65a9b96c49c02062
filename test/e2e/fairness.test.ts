import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clientOf } from '../support/clients.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { type GatewayProcess, gatewayRuntime, startGateway } from '../support/gateway.ts';
import { askAndStopReading } from '../support/raw-client.ts';

describe(`fairness on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;

  before(async () => {
    cluster = await startCluster({ maxConnections: 300 });
    gateway = await startGateway({ CANDIDATES: cluster.candidates });
    await gateway.routesTo(cluster.first.port);
  });

  after(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  test(
    'sessions with small questions get their answers while others move all they can',
    { timeout: 120_000 },
    async () => {
      const endless = `copy (select repeat('x', 8000) from generate_series(1, 100000000)) to stdout`;
      const noisy = await Promise.all([1, 2].map(() => askAndStopReading(gateway.port, endless)));
      const pulled = noisy.map(() => 0);
      noisy.forEach((socket, index) => {
        socket.removeAllListeners('data').on('data', (chunk) => pulled[index]! += chunk.length);
        socket.resume();
      });
      const quiet = clientOf(gateway.port, { max: 200 });
      const answers = await Promise.all(
        Array.from({ length: 4_000 }, (_, n) => quiet`select ${n}::int as n`.then(([row]) => row?.['n'])),
      );
      assert.deepEqual(answers, Array.from({ length: 4_000 }, (_, n) => n));
      // The others were served all the time, and have not come to an end.
      for (const [index, socket] of noisy.entries()) {
        assert.ok(pulled[index]! > 10_000_000, `${pulled[index]} bytes`);
        assert.equal(socket.readyState, 'open');
        socket.destroy();
      }
      await quiet.end({ timeout: 5 });
    },
  );
});
