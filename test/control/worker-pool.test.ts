import { equal, match, rejects } from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { StartError } from '../../src/errors.ts';
import { logEvents } from '../../src/log-events.ts';
import type { Log } from '../../src/log.ts';
import { total } from '../../src/contract/counters.ts';
import { type DataSettings, noRoute } from '../../src/contract/messages.ts';
import { WorkerPool } from '../../src/control/worker-pool.ts';
import { pickRuntime } from '../../src/runtime/pick.ts';
import { chooseEngine, type Engine } from '../../src/runtime/engine.ts';
import type { Address } from '../../src/runtime/runtime.ts';
import { peerConnect, PeerServer } from '../runtime/peer.ts';
import { startup } from '../data/packets.ts';
import { defaults } from '../data/world.ts';
import { isFree } from '../bed/ports.ts';
import { until, waitFor } from '../bed/wait-for.ts';

const realWorker = new URL('../../src/data/worker.ts', import.meta.url);
const mortalWorker = new URL('./mortal-worker.ts', import.meta.url);
const stillbornWorker = new URL('./stillborn-worker.ts', import.meta.url);

/** What the mortal worker dies of. */
const death: Address = { path: '/worker' };

/** Only Linux spreads the connections of one port over several listeners. */
const noSharedPorts = process.platform === 'linux' ? false : 'only Linux shares a port between listeners';

/** A plane whose log and suspicions are kept. */
function planeOf(
  workers: number,
  workerFile = realWorker,
  listen: Address = { host: '127.0.0.1', port: 0 },
  engine: Engine['name'] = 'portable',
) {
  const errors: string[] = [];
  const suspicions: string[] = [];
  const log: Log = (event, fields) => {
    if (logEvents[event][0] === 'error') errors.push(`${event} ${JSON.stringify(fields)}`);
  };
  const settings: DataSettings = { ...defaults, listen };
  const suspicion = (why: string): void => void suspicions.push(why);
  const runtime = pickRuntime();
  const plane = new WorkerPool({ workers, engine, workerFile, settings, runtime, log, suspicion });
  return { plane, errors, suspicions };
}

/** Publishes a primary whose last answer counts until `until`. */
function lead(plane: WorkerPool, primary: Address, epoch: number, until = Infinity): void {
  plane.renewLeases([{ server: primary, until }]);
  plane.publish({ ...noRoute, epoch, primary });
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
  describe(`a plane ${where}`, { skip: workers > 1 && noSharedPorts }, () => {
    const here: Address = { host: '127.0.0.1', port: 0 };

    test('holds, routes, pumps, counts, drains and stops', { timeout: 60_000 }, async () => {
      const { plane, errors } = planeOf(workers, realWorker, here, engine);
      const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
      const { address: listen } = await plane.start();
      equal(plane.counters.length, Math.max(1, workers));
      const held = await peerConnect(listen);
      held.socket.write(startup);
      await until(() => total(plane.counters, 'held') === 1, 'the client to be held');
      lead(plane, server.address, 1);
      const peer = await server.peer();
      await until(() => peer.bytes === startup.length, 'the first packet');
      peer.send(1_000);
      await until(() => held.bytes === 1_000, 'the answer');
      equal(held.inOrder, true);
      equal(total(plane.counters, 'upstreamBytes'), startup.length);
      await until(() => total(plane.counters, 'downstreamBytes') === 1_000, 'the count');
      plane.drain();
      await waitFor('the port to be free', () => isFree((listen as { port: number }).port));
      peer.send(1_000, 1_000);
      await until(() => held.bytes === 2_000, 'a session that lives on');
      await plane.stop();
      await until(() => held.closed || held.ended, 'its end');
      held.socket.destroy();
      server.close();
      equal(errors.join(), '');
    });

    test('sends nobody to a server whose last answer is too old, and goes on once there is another', {
      timeout: 60_000,
    }, async () => {
      const { plane } = planeOf(workers, realWorker, here, engine);
      const runtime = pickRuntime();
      const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
      const { address: listen } = await plane.start();
      // In no future: all threads have this time behind them, wherever their clocks began.
      lead(plane, server.address, 1, runtime.now());
      const held = await peerConnect(listen);
      held.socket.write(startup);
      await until(() => total(plane.counters, 'held') === 1, 'the client to be held');
      plane.renewLeases([{ server: server.address, until: runtime.now() + 60_000 }]);
      const peer = await server.peer();
      await until(() => peer.bytes === startup.length, 'the first packet');
      held.socket.destroy();
      await plane.stop();
      server.close();
    });

    test('passes on what a session suspects', { timeout: 60_000 }, async () => {
      const { plane, suspicions } = planeOf(workers, realWorker, here, engine);
      const gone = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
      gone.close();
      const { address: listen } = await plane.start();
      lead(plane, gone.address, 1);
      const client = await peerConnect(listen);
      client.socket.write(startup);
      await until(() => suspicions.length > 0, 'a suspicion');
      match(suspicions[0]!, /dialling the primary failed with ECONNREFUSED/);
      // With a client that is held.
      await plane.stop();
      client.socket.destroy();
    });

    test('a port in use is an error that names LISTEN_PORT', { timeout: 60_000 }, async () => {
      const taken = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
      const { plane } = planeOf(workers, realWorker, taken.address, engine);
      await rejects(plane.start(), (error: Error) => {
        equal(error instanceof StartError, true);
        match(
          error.message,
          /^cannot listen on 127\.0\.0\.1:\d+: something listens there already .*set LISTEN_PORT/,
        );
        return true;
      });
      await plane.stop();
      taken.close();
    });

    test('an address of another machine is an error that names LISTEN_HOST', {
      timeout: 60_000,
    }, async () => {
      const { plane } = planeOf(workers, realWorker, { host: '192.0.2.1', port: 0 });
      await rejects(plane.start(), {
        name: 'StartError',
        message: /^cannot listen on 192\.0\.2\.1:0.*LISTEN_HOST/,
      });
      await plane.stop();
    });
  });
}

for (const engine of hasNative ? ['portable', 'native'] as const : ['portable'] as const) {
  describe(`a worker that dies, ${engine}`, () => {
    const here: Address = { host: '127.0.0.1', port: 0 };

    test('is reported and replaced, without its gauges, with its history and the route', {
      timeout: 60_000,
    }, async () => {
      const { plane, errors } = planeOf(1, mortalWorker, here, engine);
      const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
      const { address: listen } = await plane.start();
      lead(plane, server.address, 7);
      const first = await pass(listen, server, 0);
      equal(total(plane.counters, 'active'), 1);
      plane.endDead(death);
      await until(() => errors.length > 0, 'the report');
      match(errors[0]!, /^worker_died .*"worker":0,"why":"the test wanted it to die"/);
      await until(() => first.client.closed || first.client.ended, 'its sessions to be lost');
      await until(() => total(plane.counters, 'active') === 0, 'the gauges to be reset');
      // The port is free for a moment: whoever comes then is told so and comes again.
      const second = await waitFor('a session', () => pass(listen, server, 1));
      equal(total(plane.counters, 'accepted') >= 2, true);
      equal(errors.length, 1);
      for (const { client } of [first, second]) client.socket.destroy();
      await plane.stop();
      server.close();
    });

    test('gets the newest route when it is there again', { timeout: 60_000 }, async () => {
      const { plane, errors } = planeOf(1, mortalWorker, here, engine);
      const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
      const { address: listen } = await plane.start();
      plane.publish({ ...noRoute, epoch: 1 });
      plane.endDead(death);
      await until(() => errors.length > 0, 'the report');
      lead(plane, server.address, 2);
      const { client } = await waitFor('a session', () => pass(listen, server, 0));
      client.socket.destroy();
      await plane.stop();
      server.close();
    });

    test('is not replaced when the plane stops', { timeout: 60_000 }, async () => {
      const { plane, errors } = planeOf(1, mortalWorker, here, engine);
      const { port } = (await plane.start()).address as { port: number };
      plane.endDead(death);
      await until(() => errors.length > 0, 'the report');
      await plane.stop();
      await waitFor('the port to be free', () => isFree(port));
      let later = false;
      pickRuntime().after(400, () => later = true);
      await until(() => later, 'the time after which it would be replaced');
      equal(await isFree(port), true);
    });

    test('is replaced as soon as its port is free again', {
      timeout: 60_000,
    }, async () => {
      const { plane, errors } = planeOf(1, mortalWorker, here, engine);
      const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
      const { address: listen } = await plane.start();
      lead(plane, server.address, 1);
      plane.endDead(death);
      await until(() => errors.length > 0, 'the report');
      const thief = createServer((socket) => socket.destroy());
      await waitFor('somebody else to take the port', async () => {
        const { promise, resolve } = Promise.withResolvers<boolean>();
        thief.once('error', () => resolve(false));
        thief.listen({ port: (listen as { port: number }).port, host: '127.0.0.1' }, () => resolve(true));
        // If the new worker was quicker, there is another chance.
        return await promise || void plane.endDead(death);
      });
      await until(
        () => errors.some((error) => error.startsWith('worker_not_replaced')),
        'a report',
      );
      thief.close();
      const { client } = await waitFor('a session', () => pass(listen, server, 0));
      client.socket.destroy();
      await plane.stop();
      server.close();
    });

    test('before it listens keeps the plane from starting, and says why', { timeout: 60_000 }, async () => {
      const { plane } = planeOf(1, stillbornWorker);
      await rejects(plane.start(), {
        name: 'StartError',
        message: /worker .*the test wanted it not to live/,
      });
      await plane.stop();
    });

    test('that is not there at all keeps the plane from starting', { timeout: 60_000 }, async () => {
      const { plane } = planeOf(1, new URL('./no-such-worker.ts', import.meta.url));
      await rejects(plane.start(), { name: 'StartError', message: /no-such-worker/ });
      await plane.stop();
    });
  });
}
