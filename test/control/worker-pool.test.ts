import { deepEqual, doesNotMatch, equal, match, ok, rejects } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { StartError } from '../../src/errors.ts';
import { logEvents } from '../../src/log-events.ts';
import type { Log } from '../../src/log.ts';
import { at, total } from '../../src/contract/counters.ts';
import { type ClientRow, type DataSettings, noRoute } from '../../src/contract/messages.ts';
import { noSockets } from '../../src/contract/sockets.ts';
import { WorkerPool } from '../../src/control/worker-pool.ts';
import { pickRuntime } from '../../src/runtime/pick.ts';
import { chooseEngine, type Engine } from '../../src/runtime/engine.ts';
import type { Address } from '../../src/runtime/runtime.ts';
import { openBlackHole, unansweredTo } from '../runtime/black-hole.ts';
import { type Peer, peerConnect, PeerServer } from '../runtime/peer.ts';
import { startup } from '../data/packets.ts';
import { defaults } from '../data/world.ts';
import { freePort, isFree } from '../bed/ports.ts';
import { until, waitFor } from '../bed/wait-for.ts';

const realWorker = new URL('../../src/data/worker.ts', import.meta.url);
const dyingWorker = new URL('./dying-worker.ts', import.meta.url);
const stuckWorker = new URL('./stuck-worker.ts', import.meta.url);
const neverListeningWorker = new URL('./never-listening-worker.ts', import.meta.url);

/** The address whose sessions are to be ended when the worker dies. */
const death: Address = { path: '/worker' };

/** Only Linux spreads the connections of one port over several listeners. */
const noSharedPorts = process.platform === 'linux' ? false : 'only Linux shares a port between listeners';

/** A worker pool whose log and suspicions are kept. */
function poolOf(
  workers: number,
  workerFile = realWorker,
  listen: Address = { host: '127.0.0.1', port: 0 },
  engine: Engine['name'] = 'portable',
  listenStandby?: Address,
) {
  const errors: string[] = [];
  const suspicions: string[] = [];
  const log: Log = (event, fields) => {
    if (logEvents[event][0] === 'error') errors.push(`${event} ${JSON.stringify(fields)}`);
  };
  const settings: DataSettings = { ...defaults, listen, listenStandby };
  const suspicion = (why: string): void => void suspicions.push(why);
  const runtime = pickRuntime();
  const pool = new WorkerPool({
    workers,
    engine,
    workerFile,
    settings,
    sockets: noSockets,
    runtime,
    log,
    suspicion,
    guard: (_, fn) => fn(),
  });
  return { pool, errors, suspicions };
}

const hasDied = (errors: readonly string[]): boolean =>
  errors.some((error) => error.startsWith('worker_died'));

/** Publishes a primary whose last answer counts until `until`. */
function routeTo(pool: WorkerPool, primary: Address, epoch: number, until = Infinity): void {
  pool.renewLeases([{ server: primary, until }]);
  pool.publish({ ...noRoute, epoch, primary });
}

/** A client whose first packet has arrived at the server, as its peer number `index`. */
async function pass(listen: Address, server: PeerServer, index: number) {
  const client = await peerConnect(listen);
  client.socket.write(startup);
  const arrived = () => server.peers[index]?.bytes === startup.length;
  await until(() => client.closed || client.ended || arrived(), 'the first packet at the server');
  if (!arrived()) throw new Error('the connection was cut');
  return { client };
}

/** Node has no FFI, and other systems no epoll. */
const hasNative = chooseEngine('auto', 1).name === 'native';

for (
  const [workers, engine] of [
    [0, 'portable'],
    [1, 'portable'],
    [2, 'portable'],
    ...(hasNative ? [[1, 'native'], [2, 'native']] as const : []),
  ] as const
) {
  const where = workers === 0 ? 'in this thread' : `with ${workers} worker(s), ${engine}`;
  describe(`a worker pool ${where}`, { skip: workers > 1 && noSharedPorts }, () => {
    const here: Address = { host: '127.0.0.1', port: 0 };

    test('has counted the clients in its queue when its drain is done', { timeout: 60_000 }, async () => {
      const { pool, errors } = poolOf(workers, realWorker, here, engine);
      const { address: listen } = await pool.start();
      // No loop of this thread turns meanwhile; workers may have taken some of them before they drain.
      const { port } = listen as { port: number };
      const clients = `for n in $(seq 10); do exec 3<>/dev/tcp/127.0.0.1/${port} || exit 1; done`;
      const { status } = spawnSync('bash', ['-c', clients]);
      equal(status, 0);
      await pool.drain();
      equal(total(pool.counters, 'accepted'), 10);
      equal(await isFree(port), true);
      await pool.stop();
      deepEqual(errors, []);
    });

    test('holds, routes, pumps, counts, drains and stops', { timeout: 60_000 }, async () => {
      const { pool, errors } = poolOf(workers, realWorker, here, engine);
      const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
      const { address: listen } = await pool.start();
      equal(pool.counters.length, Math.max(1, workers));
      equal(pool.workers.length, workers);
      const held = await peerConnect(listen);
      held.socket.write(startup);
      await until(() => total(pool.counters, 'held') === 1, 'the client to be held');
      routeTo(pool, server.address, 1);
      const peer = await server.peer();
      await until(() => peer.bytes === startup.length, 'the first packet');
      peer.send(1_000);
      await until(() => held.bytes === 1_000, 'the answer');
      equal(held.inOrder, true);
      equal(total(pool.counters, 'upstreamBytes'), startup.length);
      await until(() => total(pool.counters, 'downstreamBytes') === 1_000, 'the count');
      void pool.drain();
      await waitFor('the port to be free', () => isFree((listen as { port: number }).port));
      peer.send(1_000, 1_000);
      await until(() => held.bytes === 2_000, 'a session that lives on');
      await pool.stop();
      await until(() => held.closed || held.ended, 'its end');
      held.socket.destroy();
      server.close();
      equal(errors.join(), '');
    });

    test('sends no client to a server whose last answer is too old, and goes on once there is another', {
      timeout: 60_000,
    }, async () => {
      const { pool } = poolOf(workers, realWorker, here, engine);
      const runtime = pickRuntime();
      const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
      const { address: listen } = await pool.start();
      // In no future: all threads have this time behind them, wherever their clocks began.
      routeTo(pool, server.address, 1, runtime.now());
      const held = await peerConnect(listen);
      held.socket.write(startup);
      await until(() => total(pool.counters, 'held') === 1, 'the client to be held');
      pool.renewLeases([{ server: server.address, until: runtime.now() + 60_000 }]);
      const peer = await server.peer();
      await until(() => peer.bytes === startup.length, 'the first packet');
      held.socket.destroy();
      await pool.stop();
      server.close();
    });

    test(
      'holds newcomers while it is told to, lists who is there, and ends them',
      { timeout: 60_000 },
      async () => {
        const { pool } = poolOf(workers, realWorker, here, engine);
        const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
        const { address: listen } = await pool.start();
        pool.hold('for the test', 60_000);
        routeTo(pool, server.address, 1);
        const client = await peerConnect(listen);
        client.socket.write(startup);
        await until(() => total(pool.counters, 'held') === 1, 'the client to be held');
        const states = async () => {
          const { rows, count, silent } = await pool.survey('list', {});
          const clients = JSON.parse(`[${rows}]`) as ClientRow[];
          return [count, silent.length, ...clients.map(({ client, state }) => `${client} ${state}`)];
        };
        const from = `127.0.0.1:${client.socket.localPort}`;
        deepEqual(await states(), [1, 0, `${from} held`]);
        pool.release();
        const peer = await server.peer();
        peer.send(1_000);
        await until(() => client.bytes === 1_000, 'the answer');
        deepEqual(await states(), [1, 0, `${from} open`]);
        const { rows } = await pool.survey('list', { client: from });
        const [{ local, idleMs } = {}] = JSON.parse(`[${rows}]`) as ClientRow[];
        equal(local, `127.0.0.1:${peer.socket.remotePort}`);
        // The clock of the worker turns: it is no session of long ago.
        ok(idleMs !== null && idleMs !== undefined && idleMs < 50_000, String(idleMs));
        deepEqual(await pool.survey('kill', { client: from }), { count: 1, rows: '', silent: [] });
        await until(() => client.closed || client.ended, 'its end');
        await until(() => total(pool.counters, 'killed') === 1, 'the count');
        await pool.stop();
        client.socket.destroy();
        server.close();
      },
    );

    test('passes on what a session suspects', { timeout: 60_000 }, async () => {
      const { pool, suspicions } = poolOf(workers, realWorker, here, engine);
      const gone = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
      gone.close();
      const { address: listen } = await pool.start();
      routeTo(pool, gone.address, 1);
      const client = await peerConnect(listen);
      client.socket.write(startup);
      await until(() => suspicions.length > 0, 'a suspicion');
      match(suspicions[0]!, /dialling the primary failed with ECONNREFUSED/);
      // With a client that is held.
      await pool.stop();
      client.socket.destroy();
    });

    test('sends a server that answers no SYN a second one', { timeout: 60_000 }, async () => {
      const { pool } = poolOf(workers, realWorker, here, engine);
      const hole = await openBlackHole();
      const { address: listen } = await pool.start();
      const before = unansweredTo(hole.port);
      routeTo(pool, { host: '127.0.0.1', port: hole.port }, 1);
      const client = await peerConnect(listen);
      client.socket.write(startup);
      await until(() => unansweredTo(hole.port) === before + 2, 'two attempts');
      await pool.stop();
      await until(() => unansweredTo(hole.port) === before, 'both to be gone');
      client.socket.destroy();
      await hole.close();
    });

    test('a port in use is an error that names LISTEN_PORT', { timeout: 60_000 }, async () => {
      const taken = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
      const { pool } = poolOf(workers, realWorker, taken.address, engine);
      await rejects(pool.start(), (error: Error) => {
        equal(error instanceof StartError, true);
        match(
          error.message,
          /^cannot listen on 127\.0\.0\.1:\d+: something listens there already .*set LISTEN_PORT/,
        );
        return true;
      });
      await pool.stop();
      taken.close();
    });

    test('a standby port in use leaves the other port free', { timeout: 60_000 }, async () => {
      const taken = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
      const port = await freePort();
      const { pool } = poolOf(workers, realWorker, { host: '127.0.0.1', port }, engine, taken.address);
      await rejects(pool.start(), /set REPLICA_PORT to another port/);
      await pool.stop();
      await waitFor('the port to be free', () => isFree(port));
      taken.close();
    });

    test('an address of another machine is an error that names LISTEN_HOST', {
      timeout: 60_000,
    }, async () => {
      const { pool } = poolOf(workers, realWorker, { host: '192.0.2.1', port: 0 });
      await rejects(pool.start(), {
        name: 'StartError',
        message: /^cannot listen on 192\.0\.2\.1:0.*LISTEN_HOST/,
      });
      await pool.stop();
    });

    test('IPv6 that cannot be had is named in brackets', { timeout: 60_000 }, async () => {
      const { pool } = poolOf(workers, realWorker, { host: '2001:db8::1', port: 0 });
      await rejects(pool.start(), { name: 'StartError', message: /^cannot listen on \[2001:db8::1\]:0/ });
      await pool.stop();
    });
  });
}

for (const engine of hasNative ? ['portable', 'native'] as const : ['portable'] as const) {
  describe(`a worker that dies, ${engine}`, () => {
    const here: Address = { host: '127.0.0.1', port: 0 };

    test('is reported and replaced, without its gauges, with its history and the route', {
      timeout: 60_000,
    }, async () => {
      const { pool, errors } = poolOf(1, dyingWorker, here, engine);
      const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
      const { address: listen } = await pool.start();
      routeTo(pool, server.address, 7);
      const first = await pass(listen, server, 0);
      equal(total(pool.counters, 'active'), 1);
      pool.endDead(death);
      await until(() => hasDied(errors), 'the report');
      match(errors[0]!, /^fault .*"where":"endDead","stack":"Error: the test wanted it to die[^]*"count":1/);
      match(errors[1]!, /^worker_died .*"worker":0,"why":"the test wanted it to die"/);
      await until(() => first.client.closed || first.client.ended, 'its sessions to be lost');
      await until(() => total(pool.counters, 'active') === 0, 'the gauges to be reset');
      // The port is free for a moment: a client that comes then is refused and tries again.
      const second = await waitFor('a session', () => pass(listen, server, 1));
      equal(total(pool.counters, 'accepted') >= 2, true);
      equal(errors.length, 2);
      for (const { client } of [first, second]) client.socket.destroy();
      await pool.stop();
      server.close();
    });

    test('or ends in the middle of something is replaced, and leaves no client hanging', {
      timeout: 60_000,
    }, async () => {
      const { pool, errors } = poolOf(1, dyingWorker, here, engine);
      const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
      const { address: listen } = await pool.start();
      routeTo(pool, server.address, 7);
      const { client } = await pass(listen, server, 0);
      pool.endDead({ path: '/exit' });
      await until(() => hasDied(errors), 'the report');
      await until(() => client.closed || client.ended, 'its client to be told');
      const second = await waitFor('a session', () => pass(listen, server, 1));
      second.client.socket.destroy();
      await pool.stop();
      server.close();
    });

    test('gets the newest route when it is there again', { timeout: 60_000 }, async () => {
      const { pool, errors } = poolOf(1, dyingWorker, here, engine);
      const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
      const { address: listen } = await pool.start();
      pool.publish({ ...noRoute, epoch: 1 });
      pool.endDead(death);
      await until(() => hasDied(errors), 'the report');
      routeTo(pool, server.address, 2);
      const { client } = await waitFor('a session', () => pass(listen, server, 0));
      client.socket.destroy();
      await pool.stop();
      server.close();
    });

    test('is not replaced when the pool stops', { timeout: 60_000 }, async () => {
      const { pool, errors } = poolOf(1, dyingWorker, here, engine);
      const { port } = (await pool.start()).address as { port: number };
      pool.endDead(death);
      await until(() => hasDied(errors), 'the report');
      await pool.stop();
      await waitFor('the port to be free', () => isFree(port));
      let later = false;
      pickRuntime().after(400, () => later = true);
      await until(() => later, 'the time after which it would be replaced');
      equal(await isFree(port), true);
    });

    test('or one that starts while the pool stops leaves its port free', { timeout: 60_000 }, async () => {
      const port = await freePort();
      const { pool } = poolOf(1, realWorker, { host: '127.0.0.1', port }, engine);
      const starting = pool.start().catch(() => {});
      await pool.stop();
      await starting;
      await until(() => pool.counters[0]![at.beats]! > 0, 'it to have begun');
      await waitFor('the port to be free', () => isFree(port));
    });

    test('is replaced as soon as its port is free again', {
      timeout: 60_000,
    }, async () => {
      const { pool, errors } = poolOf(1, dyingWorker, here, engine);
      const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
      const { address: listen } = await pool.start();
      routeTo(pool, server.address, 1);
      pool.endDead(death);
      await until(() => errors.length > 0, 'the report');
      const thief = createServer((socket) => socket.destroy());
      await waitFor('another program to take the port', async () => {
        const { promise, resolve } = Promise.withResolvers<boolean>();
        thief.once('error', () => resolve(false));
        thief.listen({ port: (listen as { port: number }).port, host: '127.0.0.1' }, () => resolve(true));
        // If the new worker was quicker, there is another chance.
        return await promise || void pool.endDead(death);
      });
      await until(
        () => errors.some((error) => error.startsWith('worker_not_replaced')),
        'a report',
      );
      thief.close();
      const { client } = await waitFor('a session', () => pass(listen, server, 0));
      client.socket.destroy();
      await pool.stop();
      server.close();
    });

    test('before it listens keeps the pool from starting, and says why', { timeout: 60_000 }, async () => {
      const { pool } = poolOf(1, neverListeningWorker);
      await rejects(pool.start(), {
        name: 'StartError',
        message: /worker .*the test wanted it not to live/,
      });
      await pool.stop();
    });

    test('that is not there at all keeps the pool from starting', { timeout: 60_000 }, async () => {
      const { pool } = poolOf(1, new URL('./no-such-worker.ts', import.meta.url));
      await rejects(pool.start(), { name: 'StartError', message: /no-such-worker/ });
      await pool.stop();
    });
  });
}

/** A file that blocks worker number `index` of `stuckWorker` until it is removed. */
function block(pool: WorkerPool, index: number): { release(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'worker-'));
  const path = join(folder, String(index));
  writeFileSync(path, '');
  pool.endDead({ path });
  return { release: () => rmSync(folder, { recursive: true, force: true }) };
}

for (const engine of hasNative ? ['portable', 'native'] as const : ['portable'] as const) {
  test(`a worker that is stuck, ${engine}, is reported, with the fence that it has not confirmed`, {
    timeout: 60_000,
  }, async () => {
    const { pool, errors } = poolOf(1, stuckWorker, { host: '127.0.0.1', port: 0 }, engine);
    await pool.start();
    pool.watch();
    const blocked = block(pool, 0);
    pool.publish({ ...noRoute, epoch: 2, fence: 2 });
    await until(() => {
      pool.watch();
      return errors.length > 0;
    }, 'the report');
    match(errors[0]!, /^worker_stuck .*"worker":0,"silentMs":\d+,"fence":"epoch 2 is not confirmed/);
    // Its clients could go nowhere else.
    doesNotMatch(errors[0]!, /listening/);
    deepEqual(pool.workers.map(({ isStuck }) => isStuck), [true]);
    blocked.release();
    await until(() => {
      pool.watch();
      return !pool.workers[0]!.isStuck;
    }, 'it to move again');
    equal(errors.length, 1);
    await pool.stop();
  });
}

test('a worker that is stuck gets no new clients while another one moves, until it moves again', {
  timeout: 60_000,
  skip: hasNative ? false : 'no native engine here: the portable ones do not show their listening sockets',
}, async () => {
  const { pool, errors } = poolOf(2, stuckWorker, { host: '127.0.0.1', port: 0 }, 'native');
  const { address: listen } = await pool.start();
  const clients: Peer[] = [];
  const crowd = async (count: number): Promise<void> => {
    // One after the other: what overflows the queue would be lost by the test alone.
    for (let left = count; left > 0; left -= 1) {
      const client = await peerConnect(listen);
      client.socket.write(startup);
      clients.push(client);
    }
  };
  const accepted = (index: number): number => pool.counters[index]![at.accepted]!;
  pool.watch();
  const blocked = block(pool, 1);
  await until(() => {
    pool.watch();
    return errors.length > 0;
  }, 'the report');
  match(errors[0]!, /"worker":1,.*"listening":"stopped: new clients go to the other workers"/);
  const before = accepted(0);
  await crowd(40);
  await until(() => accepted(0) === before + 40, 'all of them to be accepted');
  // Not only once.
  pool.watch();
  blocked.release();
  await waitFor('it to serve clients again', async () => {
    await crowd(4);
    return pool.counters[1]![at.held]! > 0;
  });
  const { port } = listen as { port: number };
  pool.drain();
  await waitFor('the port to be free', () => isFree(port));
  equal(pool.counters[1]![at.clientClosed], 0);
  await pool.stop();
  for (const { socket } of clients) socket.destroy();
});
