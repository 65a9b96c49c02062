import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { exchange, serverBehind } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { queryMessage, startupMessage } from '../bed/raw-client.ts';
import { waitFor } from '../bed/wait-for.ts';

/** A session in bare bytes: a driver sends its cancel request only to where its session is. */
class RawSession {
  readonly #socket: Socket;
  #heard = Buffer.alloc(0);

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1', () => this.#socket.write(startupMessage()));
    this.#socket.on('data', (chunk) => this.#heard = Buffer.concat([this.#heard, chunk]));
    this.#socket.on('error', () => {});
  }

  /** The CancelRequest for what this session runs, out of its BackendKeyData. */
  async cancelRequest(): Promise<Buffer> {
    const body = await waitFor('the key of the session', () => this.#bodyOf('K'));
    const packet = Buffer.alloc(8 + body.length);
    packet.writeInt32BE(packet.length, 0);
    packet.writeInt32BE(80877102, 4);
    body.copy(packet, 8);
    return packet;
  }

  start(query: string): void {
    this.#socket.write(queryMessage(query));
  }

  /** The text of the ErrorResponse that ends the query. */
  async error(): Promise<string> {
    return (await waitFor('the error', () => this.#bodyOf('E'))).toString('latin1');
  }

  end(): void {
    this.#socket.destroy();
  }

  /** The body of the first message of that type among all that came. */
  #bodyOf(type: string): Buffer | undefined {
    const heard = this.#heard;
    for (let at = 0; at + 5 <= heard.length; at += 1 + heard.readInt32BE(at + 1)) {
      const end = at + 1 + heard.readInt32BE(at + 1);
      if (end <= heard.length && heard[at] === type.charCodeAt(0)) return heard.subarray(at + 5, end);
    }
    return undefined;
  }
}

describe(`two gateways in front of one cluster, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateways: GatewayProcess[];

  before(async () => {
    cluster = await startCluster({ standbys: 1 });
    gateways = await Promise.all(
      [1, 2].map(() => startGateway({ CANDIDATES: cluster.candidates, ...patient })),
    );
    await Promise.all(gateways.map((gateway) => gateway.routesTo(cluster.first.port)));
  });

  after(async () => {
    for (const gateway of gateways ?? []) await gateway.stop();
    await cluster?.close();
  });

  test('a cancel request that reaches the other one ends the query all the same', async () => {
    const [one, other] = gateways as [GatewayProcess, GatewayProcess];
    const session = new RawSession(one.port);
    try {
      const packet = await session.cancelRequest();
      session.start('select pg_sleep(601)');
      await waitFor('the query to run', async () => {
        const rows = await cluster.first.query(
          `select from pg_stat_activity where query like '%pg_sleep(601)%' and state = 'active' and pid <> pg_backend_pid()`,
        );
        return rows.length === 1;
      });
      assert.equal((await exchange(other.port, packet)).bytes.length, 0);
      assert.match(await session.error(), /57014/);
      assert.deepEqual(
        await Promise.all(gateways.map((gateway) => gateway.metric('pg_gateway_cancels_total'))),
        [0, 1],
      );
    } finally {
      session.end();
    }
  });

  test('both follow a promotion', async () => {
    const young = cluster.server(1);
    await young.catchUp();
    await young.promote();
    for (const gateway of gateways) {
      await gateway.routesTo(young.port);
      assert.equal(await serverBehind(gateway.port), young.port);
    }
  });
});
