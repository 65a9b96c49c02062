/** What hostile servers do for long: a gigabyte to the probe, answers that come after ten seconds, and clients that they outlive. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { serverBehind } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, startGateway } from '../bed/gateway.ts';
import { toClients } from '../bed/hostile-kinds.ts';
import { HostileServer, type Visit } from '../bed/hostile-server.ts';
import { endlessSenders, most } from '../bed/endless-senders.ts';
import { queryMessage, startupMessage } from '../bed/raw-client.ts';
import { waitFor } from '../bed/wait-for.ts';

const mebibyte = 1_048_576;
const lateMs = 10_000;

describe('hostile servers, for longer', { concurrency: true }, () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster({ standbys: 1 });
  });
  after(async () => await cluster?.close());

  async function withGateway(
    servers: readonly HostileServer[],
    candidates: readonly string[],
    run: (gateway: GatewayProcess) => Promise<void>,
  ): Promise<void> {
    const gateway = await startGateway({ CANDIDATES: candidates.join(','), PGSSLMODE: 'prefer' });
    try {
      await run(gateway);
    } finally {
      await gateway.stop();
      await Promise.all(servers.map((server) => server.close()));
    }
  }

  const memory = ({ pid }: GatewayProcess): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]) * 1024;

  test('a gigabyte to the probe is cut off after a few megabytes, wherever it begins', async () => {
    const senders = await Promise.all(
      Object.values(endlessSenders).map((hostility) =>
        new HostileServer(cluster.server(1).port, hostility).listen()
      ),
    );
    const candidates = [...senders.map(({ address }) => address), cluster.candidates];
    await withGateway(senders, candidates, async (gateway) => {
      await gateway.routesTo(cluster.first.port);
      const before = memory(gateway);
      await waitFor('each to have sent three times', () => senders.every(({ accepted }) => accepted > 3));
      for (const [index, name] of Object.keys(endlessSenders).entries()) {
        const { bytesSent, accepted } = senders[index]!;
        assert.ok(bytesSent / accepted < most, `${name}: ${bytesSent} bytes over ${accepted} connections`);
      }
      assert.ok(memory(gateway) < before + 64 * mebibyte, `${before} bytes before, ${memory(gateway)} after`);
      assert.equal(await serverBehind(gateway.port), cluster.first.port);
    });
  });

  test('answers that come after ten seconds are no answers', async () => {
    let late = 0;
    const relayLate = ({ relay, socket }: Visit): void =>
      relay((message) => {
        const bytes = Buffer.from(message);
        setTimeout(() => {
          late += 1;
          if (socket.writable) socket.write(bytes);
        }, lateMs);
        return undefined;
      });
    const server = await new HostileServer(cluster.server(1).port, { began: relayLate }).listen();
    await withGateway([server], [server.address, cluster.candidates], async (gateway) => {
      await gateway.routesTo(cluster.first.port);
      await waitFor('late answers', () => late > 20);
      const { candidates } = JSON.parse((await gateway.get('/status')).body);
      const { standing, note, answer } = candidates[0];
      assert.deepEqual([standing, answer], ['down', null]);
      assert.match(note, /did not finish within 800 ms|gave no sign of life/);
      assert.equal(await serverBehind(gateway.port), cluster.first.port);
      assert.ok(!gateway.log.some(({ primary }) => primary === server.address));
    });
  });

  test('a server that reads nothing does not keep the clients that are gone', async () => {
    const began = (visit: Visit): void => visit.visitor === 'probe' ? visit.relay() : toClients(visit);
    const server = await new HostileServer(cluster.first.port, { began }).listen();
    await withGateway([server], [server.address], async (gateway) => {
      await gateway.routesTo(server.port);
      const block = queryMessage('x'.repeat(mebibyte));
      const clients = await Promise.all(Array.from({ length: 50 }, async () => {
        const socket = connect(gateway.port, '127.0.0.1', () => socket.write(neverRead));
        await new Promise((resolve) => socket.on('error', () => {}).once('readable', resolve));
        for (let count = 0; count < 20; count += 1) socket.write(block);
        return socket;
      }));
      await waitFor('all to be stuck', () => clients.every(isStuck));
      for (const socket of clients) socket.resetAndDestroy();
      await waitFor(
        'none to be left',
        async () => await gateway.metric('pg_gateway_connections_active') === 0,
      );
      assert.equal(await serverBehind(gateway.port), cluster.first.port);
    });
  });
});

/** The StartupMessage of a client whose name says what the server shall do. */
const neverRead = ((): Buffer => {
  const bytes = Buffer.concat([
    startupMessage().subarray(0, -1),
    Buffer.from('application_name\0never reads\0\0'),
  ]);
  bytes.writeInt32BE(bytes.length, 0);
  return bytes;
})();

function isStuck({ writableLength }: Socket): boolean {
  return writableLength > mebibyte;
}
