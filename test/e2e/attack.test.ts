import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { ask, clientOf, exchange } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, gatewayRuntime, startGateway } from '../bed/gateway.ts';
import { freePort } from '../bed/ports.ts';
import { cancelMessage, queryMessage, startQuery, startupMessage } from '../bed/raw-client.ts';
import { waitFor } from '../bed/wait-for.ts';

/** ReadyForQuery, idle. */
const ready = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const cancelRequest = Buffer.from([0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 0, 1, 1, 2, 3, 4]);
const startupTimeoutMs = 1_500;

describe(`attacks on ${gatewayRuntime}`, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;

  before(async () => {
    cluster = await startCluster();
    gateway = await startGateway({
      CANDIDATES: cluster.candidates,
      STARTUP_TIMEOUT_MS: String(startupTimeoutMs),
      DEAD_AFTER_MS: '1000',
    });
    await gateway.routesTo(cluster.first.port);
  });

  after(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  const nobodyLeft = (of: GatewayProcess): Promise<unknown> =>
    waitFor('nobody to be left', async () => await of.metric('pg_gateway_connections_active') === 0);

  test('a client that sends one byte a packet is served', async () => {
    const socket = connect(gateway.port, '127.0.0.1').setNoDelay(true);
    const heard = collect(socket);
    await dribble(socket, startupMessage());
    await waitFor('the login', () => heard().includes(ready));
    await dribble(socket, queryMessage('select 4711 as n'));
    await waitFor('the answer', () => heard().includes('4711'));
    socket.destroy();
  });

  test('a StartupMessage as long as PostgreSQL takes is passed on, one byte more is refused', async () => {
    const socket = connect(gateway.port, '127.0.0.1', () => socket.write(longStartup(10_004)));
    const heard = collect(socket);
    await waitFor('the login', () => heard().includes(ready));
    socket.destroy();
    const { bytes } = await exchange(gateway.port, longStartup(10_005));
    assert.ok(bytes.includes('C08P01'), bytes.toString('latin1'));
  });

  test('a thousand clients that stop in their first byte keep nobody out, and are gone after a while', async () => {
    const sockets = Array.from({ length: 1000 }, () => sending(gateway.port, Buffer.of(0x16)));
    await waitFor(
      'all of them',
      async () => await gateway.metric('pg_gateway_connections_active') as number >= 1000,
    );
    assert.deepEqual(await ask(gateway.port, 'select 1 as one'), [{ one: 1 }]);
    await nobodyLeft(gateway);
    assert.ok(await gateway.metric('pg_gateway_closes_total{reason="startupTimeout"}') as number >= 1000);
    for (const socket of sockets) socket.destroy();
  });

  test('silent clients that take all places and come again keep nobody out, end no session, and are told of', async () => {
    const crowded = await startGateway({
      CANDIDATES: cluster.candidates,
      MAX_SESSIONS: '50',
      STARTUP_TIMEOUT_MS: '600000',
    });
    await crowded.routesTo(cluster.first.port);
    const session = clientOf(crowded.port);
    await session`select 1`;
    // Few more than there are places: one that comes has half a second, also on a busy machine.
    const silent = silentClients(crowded.port, 180);
    try {
      await waitFor('all places to be taken', async () => {
        return await crowded.metric('pg_gateway_connections_total') as number > 300;
      });
      for (let count = 0; count < 20; count++) {
        assert.deepEqual(await ask(crowded.port, 'select 1 as one'), [{ one: 1 }]);
      }
      assert.deepEqual([...await session`select 2 as two`], [{ two: 2 }]);
      const line = await waitFor('the line of the log', () => {
        return crowded.log.find(({ event }) => event === 'clients_displaced');
      });
      assert.equal(line['busiest'], '127.0.0.1');
      assert.ok(line['count'] as number > 0 && line['count'] === line['ofBusiest'], JSON.stringify(line));
    } finally {
      silent.end();
      await session.end();
      await crowded.stop();
    }
  });

  test(
    'a flood of cancel requests is passed on a few at a time, and that of another address is not late',
    {
      skip: process.platform === 'linux' ? false : 'only Linux has 127.0.0.2, and /proc to count connections',
    },
    async () => {
      const query = await startQuery(gateway.port, 'select pg_sleep(600)');
      const flood = floodOfCancels(gateway.port, 400);
      try {
        await waitFor(
          'the flood',
          async () => await gateway.metric('pg_gateway_cancels_total') as number > 300,
        );
        let most = 0;
        const watch = setInterval(() => most = Math.max(most, connectionsTo(cluster.first.port)), 5);
        const startedAt = performance.now();
        const person = connect({ port: gateway.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
        person.on('error', () => {}).resume().write(cancelMessage(query.key));
        await waitFor('the query to be cancelled', () => query.received().includes('C57014'));
        await waitFor('enough to have been seen', () => performance.now() - startedAt > 1_000);
        clearInterval(watch);
        // Sixteen, the session, and the probes.
        assert.ok(most > 0 && most <= 24, `${most} connections`);
      } finally {
        flood.end();
        query.end();
      }
      await nobodyLeft(gateway);
    },
  );

  test(
    'half handshakes keep nobody from reading a refusal, neither under TLS nor of the same address',
    { skip: process.platform === 'linux' ? false : 'only Linux has 127.0.0.2' },
    async () => {
      const nobody = await startGateway({ CANDIDATES: `127.0.0.1:${await freePort()}`, HOLD_MS: '0' });
      await nobody.routesTo('nobody');
      let answers = 0;
      const half = Array.from({ length: 1500 }, () => sending(nobody.port, sslRequest));
      for (const socket of half) socket.once('data', () => answers += 1);
      await waitFor('an answer to each', () => answers === half.length);
      assert.equal((await refusalTo(nobody.port, '127.0.0.2')).answer, 'S');
      await refusalTo(nobody.port, '127.0.0.1');
      for (const socket of half) socket.destroy();
      await nobody.stop();
    },
  );

  test('held clients that push megabytes and read nothing are refused all the same, and are gone', async () => {
    const nobody = await startGateway({
      CANDIDATES: `127.0.0.1:${await freePort()}`,
      HOLD_MS: '1000',
      STARTUP_TIMEOUT_MS: '3000',
    });
    await nobody.routesTo('nobody');
    const flood = Buffer.concat([startupMessage(), Buffer.alloc(4_000_000)]);
    const sockets = Array.from({ length: 20 }, () => sending(nobody.port, flood).pause());
    await waitFor('them to be held', async () => await nobody.metric('pg_gateway_holds_total') === 20);
    await nobodyLeft(nobody);
    assert.equal(await nobody.metric('pg_gateway_closes_total{reason="holdTimeout"}'), 20);
    for (const socket of sockets) socket.destroy();
    await nobody.stop();
  });

  test(
    'clients of every bad kind leave no session and no descriptor behind',
    { skip: process.platform === 'linux' ? false : 'descriptors are counted in /proc, which is of Linux' },
    async () => {
      await nobodyLeft(gateway);
      const descriptors = (): number => readdirSync(`/proc/${gateway.pid}/fd`).length;
      // Of the metrics port some come and go by themselves; what leaks does so a hundred times.
      const before = descriptors();
      for (let round = 0; round < 100; round++) {
        await Promise.all([
          sending(gateway.port, Buffer.alloc(0)).end(),
          exchange(gateway.port, Buffer.from('GET / HTTP/1.0\r\n\r\n')),
          exchange(gateway.port, cancelRequest),
          leaving(gateway.port, startupMessage().subarray(0, 9)),
          leaving(gateway.port, sslRequest),
          leaving(gateway.port, Buffer.concat([startupMessage(), queryMessage('select 1')])),
        ]);
      }
      await nobodyLeft(gateway);
      await waitFor('the descriptors to be closed', () => descriptors() <= before + 20, {
        evidence: () => `${before} before, ${descriptors()} after`,
      });
    },
  );

  test('a gateway that was stopped for longer than DEAD_AFTER_MS ends no session when it goes on', async () => {
    let isClosed = false;
    const sql = clientOf(gateway.port, { onclose: () => isClosed = true });
    await sql`select 1`;
    gateway.signal('SIGSTOP');
    const stoppedAt = performance.now();
    await waitFor('longer than DEAD_AFTER_MS', () => performance.now() - stoppedAt > 2_000);
    gateway.signal('SIGCONT');
    const probes = `pg_gateway_probe_duration_seconds_count{candidate="${cluster.first.address}"}`;
    const before = await gateway.metric(probes) ?? 0;
    await waitFor('some probes after it', async () => (await gateway.metric(probes) ?? 0) > before + 2);
    assert.deepEqual([...await sql`select 2 as two`], [{ two: 2 }]);
    assert.equal(isClosed, false);
    await sql.end();
  });
});

/** So many clients that say nothing; each comes again when it is closed. */
function silentClients(port: number, count: number): { end(): void } {
  let isOver = false;
  const sockets = new Set<Socket>();
  const come = (): void => {
    if (isOver) return;
    const socket = sending(port, new Uint8Array(0)).resume();
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      setTimeout(come, 100);
    });
  };
  for (let at = 0; at < count; at++) come();
  return {
    end: () => {
      isOver = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** So many cancel requests with a wrong key, and a new one for each that is answered. */
function floodOfCancels(port: number, count: number): { end(): void } {
  let isOver = false;
  const come = (): void => {
    if (!isOver) sending(port, cancelRequest).resume().on('close', come);
  };
  for (let at = 0; at < count; at++) come();
  return { end: () => void (isOver = true) };
}

/** How many connections there are to `port` of this machine. */
function connectionsTo(port: number): number {
  const established = '01';
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync('/proc/net/tcp', 'latin1').split('\n').map((line) => line.trim().split(/\s+/));
  return lines.filter(([, , remote, state]) => remote?.endsWith(`:${hex}`) && state === established).length;
}

/** Asks for TLS from `localAddress`, and reads the refusal under it, or in clear text after an N. */
async function refusalTo(port: number, localAddress: string): Promise<{ readonly answer: string }> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.write(sslRequest);
  const [bytes] = await once(socket, 'data');
  const answer = String(bytes);
  assert.ok(answer === 'S' || answer === 'N', answer);
  const reading = answer === 'S' ? connectTls({ socket, rejectUnauthorized: false }) : socket;
  const heard = collect(reading);
  reading.write(startupMessage());
  await waitFor('the refusal', () => heard().includes('C57P03'));
  reading.destroy();
  return { answer };
}

function collect(socket: Socket): () => Buffer {
  let all = Buffer.alloc(0);
  socket.on('data', (chunk) => all = Buffer.concat([all, chunk]));
  return () => all;
}

async function dribble(socket: Socket, bytes: Uint8Array): Promise<void> {
  for (const byte of bytes) await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
}

function sending(port: number, bytes: Uint8Array): Socket {
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
  return socket.on('error', () => {});
}

/** Sends and resets as soon as the bytes are out. */
function leaving(port: number, bytes: Uint8Array): Promise<unknown> {
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes, () => socket.resetAndDestroy()));
  socket.on('error', () => {});
  return new Promise((resolve) => socket.on('close', resolve));
}

function longStartup(length: number): Buffer {
  const text = 'user\0postgres\0database\0postgres\0application_name\0';
  const bytes = Buffer.alloc(length, 'a');
  bytes.writeInt32BE(length, 0);
  bytes.writeInt32BE(196608, 4);
  bytes.write(text, 8);
  bytes.fill(0, length - 2);
  return bytes;
}
