import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { ask } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import { queryMessage, startupMessage } from '../bed/raw-client.ts';

/** ReadyForQuery, idle. */
const ready = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/**
 * A door in front of the real server. Whoever says BYE hears a last word and then a reset, as from a PostgreSQL that
 * ends a session with bytes unread; while it shuts down, newcomers who are no probe hear 57P03.
 */
describe(`a server that ends things, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  let door: Server;
  let turnsAway = 0;

  before(async () => {
    cluster = await startCluster();
    door = createServer((client) => open(client));
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
    const { port } = door.address() as { port: number };
    gateway = await startGateway({ CANDIDATES: `127.0.0.1:${port}`, ...patient });
    await gateway.routesTo(port);
  });

  after(async () => {
    await gateway?.stop();
    door?.close();
    await cluster?.close();
  });

  function open(client: Socket): void {
    client.on('error', () => {});
    if (turnsAway > 0) {
      turnsAway -= 1;
      client.once('data', () => client.end(fatal('57P03', 'the database system is shutting down')));
      return;
    }
    const server = connect(cluster.first.port, '127.0.0.1');
    server.on('error', () => {}).on('close', () => client.destroy());
    client.on('close', () => server.destroy());
    server.pipe(client);
    client.on('data', (bytes) => {
      if (!bytes.includes('BYE')) return server.write(bytes);
      server.unpipe(client);
      client.write(fatal('57P01', 'the last word'));
      client.resetAndDestroy();
    });
  }

  test('the last word of a server that resets right behind it reaches the client', async () => {
    let heard = 0;
    for (let round = 0; round < 50; round++) {
      heard += (await sayBye(gateway.port)).includes('the last word') ? 1 : 0;
    }
    assert.equal(heard, 50);
  });

  test('a client that a server turns away with 57P03 waits like one that it does not reach', async () => {
    turnsAway = 3;
    assert.deepEqual(await ask(gateway.port, 'select 1 as one'), [{ one: 1 }]);
  });
});

function fatal(sqlstate: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${sqlstate}\0M${message}\0\0`);
  const bytes = Buffer.alloc(5 + fields.length, 'E');
  bytes.writeInt32BE(4 + fields.length, 1);
  fields.copy(bytes, 5);
  return bytes;
}

/** Resolves with everything that came. */
function sayBye(port: number): Promise<Buffer> {
  let all = Buffer.alloc(0);
  let isSaid = false;
  const socket = connect(port, '127.0.0.1', () => socket.write(startupMessage()));
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    all = Buffer.concat([all, chunk]);
    if (isSaid || !all.subarray(-6).equals(ready)) return;
    isSaid = true;
    socket.write(queryMessage('BYE'));
  });
  return new Promise((resolve) => socket.on('close', () => resolve(all)));
}
