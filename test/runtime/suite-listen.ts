import { deepEqual, equal, ok } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { until, waitFor } from '../bed/wait-for.ts';
import { freshAddress, LISTEN, listening } from './fixture.ts';
import { patterned, Peer, peerConnect } from './peer.ts';
import { recorder } from './recorder.ts';
import type { Address, ListenerEvents, ListenOptions, Runtime } from '../../src/runtime/runtime.ts';

const queued = 20;

/** A script of bash: clients that connect, speak, and leave. */
const connects = (port: number): string =>
  `for n in $(seq ${queued}); do exec 3<>/dev/tcp/127.0.0.1/${port} && printf hello >&3 || exit 1; done`;

/** Listening: the two events, what closing does, and shared ports. */
export function listenSuite(runtime: Runtime): void {
  test('a listener tells its real port, once', async () => {
    const told = tally();
    const returned = runtime.listen({ host: '127.0.0.1', port: 0 }, LISTEN, recorder().handlers, told.events);
    await until(() => told.names.length > 0, 'an event');
    const peer = await peerConnect(returned.address);
    deepEqual(told.names, ['listening']);
    const { host, port } = returned.address as { host: string; port: number };
    equal(host, '127.0.0.1');
    ok(port > 0);
    peer.socket.destroy();
    returned.close();
  });

  for (const family of ['tcp', 'unix'] as const) {
    test(`${family}: an address in use fails with EADDRINUSE, once`, async () => {
      const { address, remove } = freshAddress(family);
      const first = await listening(runtime, address, recorder().handlers);
      const told = tally();
      const second = runtime.listen(first.address, LISTEN, recorder().handlers, told.events);
      await until(() => told.names.length > 0, 'an event');
      second.close();
      const peer = await peerConnect(first.address);
      deepEqual(told.names, ['EADDRINUSE']);
      peer.socket.destroy();
      first.close();
      remove();
    });

    test(`${family}: closing the listener leaves live connections alone and frees the address`, async () => {
      const { address, remove } = freshAddress(family);
      const { handlers, traces } = recorder();
      const listener = await listening(runtime, address, handlers);
      const peer = await peerConnect(listener.address);
      const trace = await until(() => traces[0]!, 'the connection');
      listener.close();
      listener.close();
      const again = await relisten(runtime, listener.address);
      peer.send(100);
      await until(() => trace.bytes === 100, 'the bytes of the live connection');
      equal(trace.call((conn) => conn.write(patterned(100))), 100);
      await until(() => peer.bytes === 100, 'the bytes to the peer');
      equal(traces.length, 1);
      trace.call((conn) => conn.abort());
      await until(() => trace.closed, 'close');
      peer.socket.destroy();
      again.close();
      if ('path' in address) {
        const { path } = address;
        await until(() => !existsSync(path), 'the socket file to go');
      }
      remove();
    });
  }

  test('draining hands out the clients in the queue before the port is free', async () => {
    const { handlers, traces } = recorder();
    const listener = await listening(runtime, { host: '127.0.0.1', port: 0 }, handlers);
    const { port } = listener.address as { port: number };
    // Meanwhile no loop of this process turns.
    const { status, stderr } = spawnSync('bash', ['-c', connects(port)], { encoding: 'utf8' });
    equal(status, 0, stderr);
    let isDone = false;
    listener.drain(() => isDone = true);
    await until(() => isDone, 'the end');
    equal(traces.length, queued);
    await until(() => traces.every(({ bytes }) => bytes === 5), 'all of them');
    (await waitFor('the port', () => listening(runtime, listener.address, recorder().handlers))).close();
    for (const trace of traces) trace.call((conn) => conn.abort());
    await until(() => traces.every((trace) => trace.closed), 'close');
  });

  test('an address that is not of this machine fails with EADDRNOTAVAIL', async () => {
    const told = tally();
    runtime.listen({ host: '192.0.2.1', port: 0 }, LISTEN, recorder().handlers, told.events);
    await until(() => told.names.length > 0, 'an event');
    deepEqual(told.names, ['EADDRNOTAVAIL']);
  });

  test('a unix socket in an absent folder fails with an errno', async () => {
    const told = tally();
    const { address, remove } = freshAddress('unix');
    remove();
    runtime.listen(address, LISTEN, recorder().handlers, told.events);
    await until(() => told.names.length > 0, 'an event');
    // libuv calls the same thing EACCES on the systems where it is one.
    ok(['ENOENT', 'EACCES'].includes(told.names[0] ?? ''), told.names.join());
  });

  test('two listeners share a port with reusePort, and both get connections', async () => {
    const shared: ListenOptions = { ...LISTEN, reusePort: true };
    const one = recorder();
    const two = recorder();
    const first = await listening(runtime, { host: '127.0.0.1', port: 0 }, one.handlers, shared);
    const second = await listening(runtime, first.address, two.handlers, shared);
    deepEqual(second.address, first.address);
    const peers: Peer[] = [];
    // The kernel picks by a hash of the ports: that 200 in a row pick the same one does not happen.
    while (peers.length < 200 && (one.traces.length === 0 || two.traces.length === 0)) {
      peers.push(await peerConnect(first.address));
      await until(() => one.traces.length + two.traces.length === peers.length, 'it to be accepted');
    }
    ok(one.traces.length > 0 && two.traces.length > 0, `${one.traces.length} and ${two.traces.length}`);
    for (const peer of peers) peer.socket.destroy();
    for (const trace of [...one.traces, ...two.traces]) trace.conn?.abort();
    await until(() => [...one.traces, ...two.traces].every((trace) => trace.closed), 'close');
    first.close();
    second.close();
  });

  test('a listener that is closed at once accepts no client', async () => {
    const probe = await listening(runtime, { host: '127.0.0.1', port: 0 }, recorder().handlers);
    const address = probe.address;
    probe.close();
    runtime.listen(address, LISTEN, recorder().handlers, tally().events).close();
    const again = await relisten(runtime, address);
    again.close();
  });
}

/** Listens on an address that is being freed. */
async function relisten(runtime: Runtime, address: Address) {
  for (let attempt = 0;; attempt++) {
    try {
      return await listening(runtime, address, recorder().handlers);
    } catch (error) {
      if (attempt === 50) throw error;
    }
  }
}

/** Listener events that only remember which came. */
function tally(): { events: ListenerEvents; names: string[] } {
  const names: string[] = [];
  const events: ListenerEvents = {
    listening: () => names.push('listening'),
    failed: (error) => names.push(error.code),
  };
  return { events, names };
}
