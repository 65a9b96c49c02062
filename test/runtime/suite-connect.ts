import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../bed/wait-for.ts';
import { openBlackHole, openDescriptors, tcpTable, unansweredTo } from './black-hole.ts';
import { CONNECT, freshAddress, listening } from './fixture.ts';
import { loopTurns, patterned, PeerServer } from './peer.ts';
import { recorder, Trace } from './recorder.ts';
import type { Reactions } from './recorder.ts';
import type { Address, Conn, ConnectOptions, Runtime } from '../../src/runtime/runtime.ts';

/** Counting half-open connects and descriptors takes Linux's /proc. */
const NEEDS_PROC = process.platform === 'linux' ? false : 'it counts sockets in /proc, which only Linux has';

/** Dials, and lets no handler run before `connect` has returned. */
function dial(
  runtime: Runtime,
  address: Address,
  options: ConnectOptions = CONNECT,
  reactions: Reactions = {},
): { trace: Trace; conn: Conn<Trace> } {
  const trace = new Trace();
  trace.calling = true;
  const conn = runtime.connect(address, options, recorder(reactions).handlers, trace);
  trace.conn = conn;
  trace.calling = false;
  return { trace, conn };
}

/** Connecting: refused, absent, black-holed, given up, and used before it is open. */
export function connectSuite(runtime: Runtime): void {
  test('a refused connect closes with ECONNREFUSED and never opens', async () => {
    const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
    server.close();
    await until(() => !server.server.listening, 'the port to be free');
    const { trace } = dial(runtime, server.address);
    await until(() => trace.closed, 'close');
    deepEqual(trace.events, ['close']);
    equal(trace.error?.code, 'ECONNREFUSED');
    deepEqual(trace.faults, []);
  });

  test('a connect to an absent unix socket closes with ENOENT and never opens', async () => {
    const { address, remove } = freshAddress('unix');
    const { trace } = dial(runtime, address);
    await until(() => trace.closed, 'close');
    deepEqual(trace.events, ['close']);
    equal(trace.error?.code, 'ENOENT');
    deepEqual(trace.faults, []);
    remove();
  });

  test('while connecting a write takes nothing and drain follows open; pause, shutdown and data hold', async () => {
    const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
    const { trace, conn } = dial(runtime, server.address);
    equal(conn.data, trace);
    equal(conn.remote, '');
    equal(conn.local, '');
    equal(trace.call((conn) => conn.write(patterned(10))), 0);
    trace.call((conn) => conn.pause());
    const peer = await server.peer();
    peer.send(10);
    await until(() => trace.drains === 1, 'the drain');
    await loopTurns();
    deepEqual(trace.events, ['open', 'drain']);
    equal(trace.conn, conn);
    equal(conn.local, `127.0.0.1:${peer.socket.remotePort}`, 'our own end is what the peer sees');
    match(conn.remote, new RegExp(`^127\\.0\\.0\\.1:${(server.address as { port: number }).port}$`));
    trace.call((conn) => conn.resume());
    await until(() => trace.bytes === 10, 'the held bytes');
    trace.call((conn) => conn.abort());
    await until(() => trace.closed, 'close');
    deepEqual(trace.faults, []);
    server.close();
  });

  test('shutdown while connecting sends the FIN once open', async () => {
    const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
    const { trace } = dial(runtime, server.address);
    trace.call((conn) => conn.shutdown());
    const peer = await server.peer();
    await until(() => peer.ended, 'the FIN');
    peer.socket.end(patterned(10));
    await until(() => trace.closed, 'close');
    deepEqual(trace.events, ['open', 'data', 'end', 'close']);
    equal(trace.error, undefined);
    deepEqual(trace.faults, []);
    server.close();
  });

  test('abort right after connect closes without an error and never opens', async () => {
    const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
    const { trace } = dial(runtime, server.address);
    trace.call((conn) => conn.abort());
    equal(trace.closed, false);
    await until(() => trace.closed, 'close');
    await loopTurns();
    deepEqual(trace.events, ['close']);
    equal(trace.error, undefined);
    deepEqual(trace.faults, []);
    server.close();
  });

  test('the attempt deadline ends with the attempt', async () => {
    const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
    const { trace } = dial(runtime, server.address, { ...CONNECT, timeoutMs: 500 });
    await until(() => trace.has('open'), 'open');
    let later = false;
    runtime.after(700, () => later = true);
    await until(() => later, 'the deadline to pass');
    deepEqual(trace.events, ['open']);
    trace.call((conn) => conn.abort());
    await until(() => trace.closed, 'close');
    server.close();
  });

  test('an IPv6 peer is shown with brackets', async () => {
    const accepted = recorder();
    const listener = await listening(runtime, { host: '::1', port: 0 }, accepted.handlers);
    const { trace, conn } = dial(runtime, listener.address);
    await until(() => trace.has('open') && accepted.traces.length === 1, 'both to open');
    equal(conn.remote, `[::1]:${(listener.address as { port: number }).port}`);
    equal(conn.local, accepted.traces[0]?.conn?.remote);
    equal(accepted.traces[0]?.conn?.local, conn.remote);
    match(accepted.traces[0]?.conn?.remote ?? '', /^\[::1\]:\d+$/);
    conn.abort();
    await until(() => trace.closed && accepted.traces[0]?.closed, 'close');
    listener.close();
  });

  test('an IPv4 peer of a listener on IPv6 is shown as IPv4', async () => {
    const accepted = recorder();
    const listener = await listening(runtime, { host: '::', port: 0 }, accepted.handlers);
    const { port } = listener.address as { port: number };
    const { trace, conn } = dial(runtime, { host: '127.0.0.1', port });
    await until(() => trace.has('open') && accepted.traces.length === 1, 'both to open');
    match(accepted.traces[0]?.conn?.remote ?? '', /^127\.0\.0\.1:\d+$/);
    conn.abort();
    await until(() => trace.closed && accepted.traces[0]?.closed, 'close');
    listener.close();
  });

  test('a black-holed connect ends at its timeout with ETIMEDOUT and leaks nothing', {
    skip: NEEDS_PROC,
    timeout: 60_000,
  }, async () => {
    const hole = await openBlackHole();
    try {
      const unanswered = unansweredTo(hole.port);
      const descriptors = openDescriptors();
      const start = runtime.now();
      const dials = Array.from(
        { length: 20 },
        () => dial(runtime, { host: '127.0.0.1', port: hole.port }, { ...CONNECT, timeoutMs: 2000 }).trace,
      );
      await until(() => unansweredTo(hole.port) === unanswered + 20, 'the connects to hang');
      await until(() => dials.every((trace) => trace.closed), 'close');
      ok(runtime.now() - start >= 1990, 'none gave up before its time');
      for (const trace of dials) {
        deepEqual(trace.events, ['close']);
        equal(trace.error?.code, 'ETIMEDOUT');
        match(trace.error?.message ?? '', /127\.0\.0\.1:\d+.*2000 ms/);
        deepEqual(trace.faults, []);
      }
      await until(() => unansweredTo(hole.port) === unanswered, 'the half-open connects to go');
      await until(() => openDescriptors() <= descriptors, () => `${openDescriptors()} > ${descriptors} open`);
    } finally {
      await hole.close();
    }
  });

  test(
    'abort gives up a connect that hangs, and leaks nothing',
    { skip: NEEDS_PROC, timeout: 60_000 },
    async () => {
      const hole = await openBlackHole();
      try {
        const unanswered = unansweredTo(hole.port);
        const { trace } = dial(runtime, { host: '127.0.0.1', port: hole.port });
        await until(() => unansweredTo(hole.port) === unanswered + 1, 'the connect to hang');
        trace.call((conn) => conn.abort());
        await until(() => trace.closed, 'close');
        deepEqual(trace.events, ['close']);
        equal(trace.error, undefined);
        await until(() => unansweredTo(hole.port) === unanswered, 'the half-open connect to go');
        deepEqual(trace.faults, []);
      } finally {
        await hole.close();
      }
    },
  );

  test('keep-alive is set on both kinds of connection', { skip: NEEDS_PROC, timeout: 60_000 }, async () => {
    const keepAlive = { idleMs: 40_000, intervalMs: 7_000, count: 3 };
    const accepted = recorder();
    const listener = await listening(runtime, { host: '127.0.0.1', port: 0 }, accepted.handlers, {
      noDelay: true,
      backlog: 16,
      reusePort: false,
      keepAlive,
    });
    const { trace } = dial(runtime, listener.address, { ...CONNECT, keepAlive });
    await until(() => trace.has('open') && accepted.traces.length === 1, 'both to open');
    const port = (listener.address as { port: number }).port;
    const ends = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    // Field 5 is `timer:when`: timer 02 is keep-alive, `when` is in hundredths of a second.
    const timers = tcpTable()
      .filter((row) => row[3] === '01' && (row[1]?.endsWith(ends) || row[2]?.endsWith(ends)))
      .map((row) => row[5]?.split(':') ?? []);
    equal(timers.length, 2);
    for (const [timer, when] of timers) {
      equal(timer, '02');
      const left = Number.parseInt(when ?? '', 16) * 10;
      ok(left > 20_000 && left <= 40_500, `keep-alive in ${left} ms`);
    }
    trace.conn?.abort();
    await until(() => trace.closed && accepted.traces[0]?.closed, 'close');
    listener.close();
  });
}
