import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { ask } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

/**
 * An address that moves from one server to another between two probes, as a virtual address or a service does: the
 * connection of the probe stays where it is, and new ones end up elsewhere.
 */
class MovingAddress {
  target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(target: number) {
    this.target = target;
    this.#server = createServer((near) => {
      const far = connect(this.target, '127.0.0.1');
      for (const [socket, other] of [[near, far], [far, near]] as const) {
        this.#sockets.add(socket);
        socket.on('error', () => {}).on('close', () => other.destroy());
        socket.pipe(other);
      }
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as { port: number }).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

describe(`a standby at the primary's address, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  let address: MovingAddress;

  before(async () => {
    cluster = await startCluster({ standbys: 1 });
    address = new MovingAddress(cluster.first.port);
    const port = await address.listen();
    // Without TLS, or the gateway sees nothing; and without probes in between.
    gateway = await startGateway({
      CANDIDATES: `127.0.0.1:${port}`,
      HOLD_MS: '1500',
      PROBE_INTERVAL_MS: '600000',
      QUERY_TIMEOUT_MS: '5000',
    });
    await gateway.routesTo(port);
  });

  after(async () => {
    await gateway?.stop();
    address?.close();
    await cluster?.close();
  });

  const question = 'select pg_is_in_recovery() as standby';

  test('no client of the primary port gets it, and the refusal says why', async () => {
    assert.deepEqual(await ask(gateway.port, question), [{ standby: false }]);
    address.target = cluster.servers[1]!.port;
    await assert.rejects(ask(gateway.port, question), (error: { code?: string; message: string }) => {
      assert.equal(error.code, '57P03');
      assert.match(error.message, /the server turned out to be a standby/);
      return true;
    });
  });

  test('a client that waits gets the primary when it is back', async () => {
    const answer = ask(gateway.port, question);
    await waitFor('the client to wait', async () => await gateway.metric('pg_gateway_held') === 1);
    address.target = cluster.first.port;
    assert.deepEqual(await answer, [{ standby: false }]);
  });
});
