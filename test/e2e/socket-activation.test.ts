import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { ask } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

/** A socket that listens on a free port. It is the child's once that has been started; here it is closed. */
async function listeningSocket() {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  // Not documented: the number of its descriptor.
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
  return { port, fd, close: () => server.close() };
}

describe(`socket activation on ${gatewayRuntime}`, () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster({ standbys: 1 });
  });
  after(() => cluster?.close());

  const settings = (more: Record<string, string>) => ({
    ...patient,
    CANDIDATES: cluster.candidates,
    ...more,
  });

  test('clients are served on both sockets, and the ports of the settings are not bound', async () => {
    const [primary, standby] = [await listeningSocket(), await listeningSocket()];
    const started = startGateway(
      settings({ LISTEN_PORT: '1', REPLICA_PORT: '2', NUM_THREADS: gatewayRuntime === 'node' ? '1' : '2' }),
      gatewayRuntime,
      { sockets: { standby: standby.fd, primary: primary.fd } },
    );
    primary.close();
    standby.close();
    const gateway = await started;
    assert.deepEqual([gateway.port, gateway.standbyPort], [primary.port, standby.port]);
    await gateway.routesTo(cluster.first.port);
    await Promise.all(Array.from({ length: 30 }, () => ask(gateway.port, 'select 1')));
    const isStandby = async () => {
      const [row] = await ask(gateway.standbyPort, 'select pg_is_in_recovery() as yes');
      return row?.['yes'] === true;
    };
    await waitFor('the standby', isStandby);
    assert.equal(await gateway.stop(), 0);
  });

  test('a runtime that cannot says so, and what to set', async () => {
    const socket = await listeningSocket();
    const env = settings({
      LISTEN_PORT: '0',
      METRICS_PORT: 'off',
      CONTROL_SOCKET: 'off',
      PGUSER: 'postgres',
    });
    const isNode = gatewayRuntime === 'node';
    const ended = runProgram([], { ...env, ...isNode ? { NUM_THREADS: '2' } : { ENGINE: 'portable' } }, {
      sockets: { primary: socket.fd },
    });
    socket.close();
    const { code, stderr } = await ended;
    assert.equal(code, 1);
    assert.match(
      stderr,
      isNode
        ? /on Node each worker needs a port of its own, .*: set NUM_THREADS=1/
        : /Set ENGINE=auto, and NUM_THREADS/,
    );
  });

  test('a socket of the standbys without REPLICA_PORT is named', async () => {
    const [primary, standby] = [await listeningSocket(), await listeningSocket()];
    const ended = runProgram(
      [],
      settings({
        LISTEN_PORT: '0',
        METRICS_PORT: 'off',
        CONTROL_SOCKET: 'off',
        PGUSER: 'postgres',
        NUM_THREADS: '1',
      }),
      { sockets: { primary: primary.fd, standby: standby.fd } },
    );
    primary.close();
    standby.close();
    const { code, stderr } = await ended;
    assert.equal(code, 1);
    assert.match(stderr, /a socket named standby: set REPLICA_PORT/);
  });
});
