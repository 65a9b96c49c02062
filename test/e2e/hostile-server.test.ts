import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { linesAMinute } from '../../src/control/log-limiter.ts';
import { ask, exchange, serverBehind } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, startGateway } from '../bed/gateway.ts';
import { candidateKinds, certificates, toClients } from '../bed/hostile-kinds.ts';
import { type HostilePool, startHostilePool } from '../bed/hostile-pool.ts';
import { HostileServer } from '../bed/hostile-server.ts';
import { freePort } from '../bed/ports.ts';
import { queryMessage, sslRequest } from '../bed/raw-client.ts';
import { waitFor } from '../bed/wait-for.ts';

const noProc = process.platform === 'linux' ? false : 'only Linux has /proc, to count descriptors and memory';
const mebibyte = 1_048_576;

const descriptors = ({ pid }: GatewayProcess): number => readdirSync(`/proc/${pid}/fd`).length;
const memory = ({ pid }: GatewayProcess): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]) * 1024;

describe(`hostile candidates, each of another kind, on ${gatewayRuntime}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
  const pairs = certificates();
  const kinds = candidateKinds(pairs);
  let servers: HostilePool;
  let cluster: Cluster;
  let gateway: GatewayProcess;
  let isOver = false;
  let startedAt = 0;
  const clients: Promise<number>[] = [];

  before(async () => {
    cluster = await startCluster({ standbys: 2, tls: true });
    servers = await startHostilePool(cluster.server(2).port, pairs);
    const roots = join(folder, 'roots.pem');
    writeFileSync(roots, [cluster.certificate, pairs.good.certificate, pairs.expired.certificate].join(''));
    startedAt = performance.now();
    // One candidate is the gateway itself.
    const port = await freePort();
    gateway = await startGateway({
      LISTEN_PORT: String(port),
      CANDIDATES: [
        ...servers.addresses.values(),
        `127.0.0.1:${port}`,
        cluster.candidates,
      ].join(','),
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: roots,
      PGPASSWORD: 'secret',
      // The real servers behind some of them are not to be late on a busy machine.
      CONNECT_TIMEOUT_MS: '2000',
    });
    await gateway.routesTo(cluster.first.port);
    clients.push(goodClient(), goodClient());
  });

  after(async () => {
    isOver = true;
    await gateway?.stop();
    await servers?.close();
    await cluster?.close();
    rmSync(folder, { recursive: true });
  });

  /** Comes again and again. Resolves with how often it was served; rejects if it was not. */
  async function goodClient(): Promise<number> {
    let count = 0;
    for (; !isOver; count += 1) assert.equal(await serverBehind(gateway.port), cluster.first.port);
    return count;
  }

  const candidates = async (): Promise<Record<string, unknown>[]> =>
    JSON.parse((await gateway.get('/status')).body).candidates;

  test('are each named in /status by what is wrong with them', async () => {
    const missing = new Map(Object.entries(kinds));
    const last = new Map<unknown, unknown>();
    const evidence = () =>
      [...missing].map(([kind, { note }]) => `${kind}: ${note}, not ${last.get(servers.addresses.get(kind))}`)
        .join('\n');
    await waitFor('all of them', async () => {
      for (const { name, note } of await candidates()) last.set(name, note);
      for (const [kind, { note }] of missing) {
        if (note.test(String(last.get(servers.addresses.get(kind))))) missing.delete(kind);
      }
      return missing.size === 0;
    }, { evidence, deadlineMs: 60_000 });
  });

  test('leave descriptors, memory and the log in their bounds', { skip: noProc }, async () => {
    const rounds = async () => (await servers.accepted()).get('sends garbage')!;
    const [began, memoryBefore] = [await rounds(), memory(gateway)];
    await waitFor('three more of their failures', async () => await rounds() >= began + 3);
    // One connection of the probe to each, one on its way in its place, and those of the clients.
    const { size } = servers.addresses;
    const minutes = 1 + Math.ceil((performance.now() - startedAt) / 60_000);
    assert.ok(descriptors(gateway) < 60 + 2 * size, `${descriptors(gateway)} descriptors`);
    assert.ok(
      memory(gateway) < memoryBefore + 64 * mebibyte,
      `${memoryBefore} before, ${memory(gateway)} after`,
    );
    for (const [name, address] of servers.addresses) {
      const lines = gateway.log.filter(({ candidate }) => candidate === address);
      assert.ok(lines.length <= 2 * linesAMinute * minutes, `${name}: ${JSON.stringify(lines)}`);
    }
    assert.ok(gateway.log.length < 10 * size * minutes, `${gateway.log.length} lines`);
    assert.ok(JSON.stringify(gateway.log).length < 1000 * gateway.log.length);
    assert.ok(!gateway.log.some(({ event }) => event === 'stalled'));
  });

  test('keep no client from the primary, and not from the next one', async () => {
    isOver = true;
    const counts = await Promise.all(clients);
    assert.ok(counts.every((count) => count > 0), String(counts));
    const next = cluster.server(1);
    await next.catchUp();
    await cluster.first.kill();
    await next.promote();
    await gateway.routesTo(next.port);
    assert.equal(await serverBehind(gateway.port), next.port);
  });
});

describe(`a primary that serves the probe and is hostile to clients, on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let server: HostileServer;
  let gateway: GatewayProcess;
  let atRest = 0;

  before(async () => {
    cluster = await startCluster();
    server = await new HostileServer(cluster.first.port, { began: toClients }).listen();
    gateway = await startGateway({ CANDIDATES: server.address, HOLD_MS: '1500', PGSSLMODE: 'disable' });
    await gateway.routesTo(server.port);
    if (!noProc) atRest = descriptors(gateway);
  });

  after(async () => {
    await gateway?.stop();
    await server?.close();
    await cluster?.close();
  });

  const active = (): Promise<number | undefined> => gateway.metric('pg_gateway_connections_active');
  const isGood = (): Promise<unknown> => ask(gateway.port, 'select 1');

  /** A client that meets it in this way, and has heard the first of it. */
  async function client(kind: string): Promise<Socket> {
    const socket = connect(gateway.port, '127.0.0.1', () => socket.write(startup(kind)));
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('readable', resolve));
    return socket;
  }

  async function allLeave(...sockets: readonly Socket[]): Promise<void> {
    for (const socket of sockets) socket.resetAndDestroy();
    await waitFor('no client to be left', async () => await active() === 0);
    if (noProc) return;
    // Of the metrics port some come and go by themselves.
    await waitFor('the connections to its server to be closed', () => descriptors(gateway) <= atRest + 6, {
      evidence: () => `${atRest} descriptors before, ${descriptors(gateway)} after`,
    });
  }

  test('and hangs: who leaves takes the connection to it along', async () => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => client('hangs')));
    await isGood();
    await allLeave(...sockets);
  });

  test('and stops in the middle: the client gets what there was, and the end', async () => {
    const socket = await client('stops in the middle');
    let bytes = 0;
    socket.on('data', (chunk) => bytes += chunk.length);
    await new Promise((resolve) => socket.once('end', resolve));
    assert.equal(bytes, 20);
    socket.end();
    await allLeave();
  });

  test('and floods clients that do not read, or do: little is kept', { skip: noProc }, async () => {
    const before = memory(gateway);
    const lazy = await Promise.all(Array.from({ length: 10 }, () => client('floods')));
    const eager = await client('floods');
    let bytes = 0;
    eager.on('data', (chunk) => bytes += chunk.length);
    await waitFor('enough of it', () => bytes > 40 * mebibyte);
    await isGood();
    assert.ok(memory(gateway) < before + 100 * mebibyte, `${before} before, ${memory(gateway)} after`);
    await allLeave(eager, ...lazy);
  });

  test('and says that it is a standby: they read why, and few connections are left', async () => {
    const options = { connection: { application_name: 'is a standby' } };
    await assert.rejects(
      ask(gateway.port, 'select 1', options),
      (error: { code?: string; message: string }) => {
        assert.equal(error.code, '57P03');
        assert.match(error.message, /turned out to be a standby/);
        return true;
      },
    );
    await allLeave();
  });

  test('and resets them: they are closed, and the others are served', async () => {
    assert.equal((await exchange(gateway.port, startup('resets'))).bytes.length, 0);
    await isGood();
    await allLeave();
  });

  test('and agrees to TLS with more in the same packet: that is for the client to judge', async () => {
    const injected = Buffer.from('S and more');
    server.hostility = { ...server.hostility, tls: (socket) => socket.write(injected) || true };
    const socket = connect(gateway.port, '127.0.0.1', () => socket.write(sslRequest));
    const [heard] = await new Promise<Buffer[]>((resolve) =>
      socket.once('data', (chunk) => resolve([chunk]))
    );
    assert.deepEqual(heard, injected);
    await allLeave(socket);
  });

  test('and breaks off the handshake: the client is told by the end, and the gateway serves on', async () => {
    server.hostility = {
      ...server.hostility,
      tls: (socket) => socket.once('data', () => socket.resetAndDestroy()).write('S') || true,
    };
    const socket = connect(gateway.port, '127.0.0.1', () => socket.write(sslRequest));
    socket.on('error', () => {}).once('data', () => socket.write('\x16\x03\x01\x00\x05hello'));
    await new Promise((resolve) => socket.once('close', resolve));
    await isGood();
    await allLeave();
  });

  test('and reads nothing: little of what they say is kept', { skip: noProc }, async () => {
    const before = memory(gateway);
    const sockets = await Promise.all(Array.from({ length: 20 }, () => client('never reads')));
    const block = queryMessage('x'.repeat(mebibyte));
    for (const socket of sockets) for (let count = 0; count < 40; count += 1) socket.write(block);
    await waitFor('all to be stuck', () => sockets.every(({ writableLength }) => writableLength > mebibyte));
    await isGood();
    assert.ok(memory(gateway) < before + 100 * mebibyte, `${before} before, ${memory(gateway)} after`);
    for (const socket of sockets) socket.destroy();
  });
});

function startup(application: string): Buffer {
  const body = Buffer.from(`user\0postgres\0database\0postgres\0application_name\0${application}\0\0`);
  const start = Buffer.alloc(8);
  start.writeInt32BE(8 + body.length, 0);
  start.writeInt32BE(196608, 4);
  return Buffer.concat([start, body]);
}
