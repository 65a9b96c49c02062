import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../bed/wait-for.ts';
import { withPair } from './fixture.ts';
import type { Pair, Role } from './fixture.ts';
import { loopTurns, patterned } from './peer.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';

/** Resets, which only TCP has. */
export function resetSuite(runtime: Runtime, role: Role): void {
  const sentence = (name: string, body: (pair: Pair) => Promise<void>) =>
    test(`tcp, ${role}: ${name}`, withPair(runtime, 'tcp', role, body));

  sentence('abort is seen as a reset', async ({ trace, peer }) => {
    trace.call((conn) => conn.abort());
    await until(() => peer.closed, 'the peer to close');
    equal(peer.errorCode, 'ECONNRESET');
    await until(() => trace.closed, 'close');
    deepEqual(trace.events, ['open', 'close']);
    equal(trace.error, undefined);
  });

  sentence('abort after shutdown is still a reset', async ({ trace, peer }) => {
    trace.call((conn) => conn.shutdown());
    await until(() => peer.ended, 'the FIN');
    trace.call((conn) => conn.abort());
    await until(() => trace.closed, 'close');
    equal(trace.error, undefined);
    // The kernel names a reset after a FIN by what the next write would meet.
    peer.send(10);
    await until(() => peer.closed, 'the peer to close');
    ok(['ECONNRESET', 'EPIPE'].includes(peer.errorCode), `the peer saw '${peer.errorCode}'`);
  });

  sentence('abort right after write and shutdown still closes, once', async ({ trace, peer }) => {
    peer.socket.pause();
    trace.call((conn) => {
      for (let count = -1; count !== 0;) count = conn.write(patterned(1 << 20));
      conn.shutdown();
      conn.abort();
    });
    await until(() => trace.closed, 'close');
    await loopTurns();
    deepEqual(trace.events, ['open', 'close']);
  });

  sentence('abort drops what was taken and not sent', async ({ trace, peer }) => {
    peer.socket.pause();
    let taken = 0;
    for (let count = -1; count !== 0;) taken += count = trace.call((conn) => conn.write(patterned(1 << 20)));
    trace.call((conn) => conn.abort());
    await until(() => trace.closed, 'close');
    peer.socket.resume();
    await until(() => peer.closed, 'the peer to close');
    ok(peer.bytes < taken, `${peer.bytes} of ${taken} bytes arrived`);
    equal(peer.ended && peer.errorCode === '', false, 'a reset, not a clean end');
  });

  sentence("the peer's reset is close with ECONNRESET", async ({ trace, peer }) => {
    peer.socket.resetAndDestroy();
    await until(() => trace.closed, 'close');
    deepEqual(trace.events, ['open', 'close']);
    equal(trace.error?.code, 'ECONNRESET');
    ok(trace.error.message.length > 0);
  });

  sentence("the peer's reset after our shutdown is close with ECONNRESET", async ({ trace, peer }) => {
    trace.call((conn) => conn.shutdown());
    await until(() => peer.ended, 'the FIN');
    peer.socket.resetAndDestroy();
    await until(() => trace.closed, 'close');
    deepEqual(trace.events, ['open', 'close']);
    equal(trace.error?.code, 'ECONNRESET');
  });

  sentence("the peer's reset closes a paused connection, without data", async ({ trace, peer }) => {
    trace.call((conn) => conn.pause());
    peer.send(1000);
    await loopTurns();
    peer.socket.resetAndDestroy();
    await until(() => trace.closed, 'close');
    equal(trace.error?.code, 'ECONNRESET');
    deepEqual(trace.events, ['open', 'close']);
  });

  sentence(
    "a write after the peer's reset does not throw, and close has an error",
    async ({ trace, peer }) => {
      trace.call((conn) => conn.pause());
      peer.socket.resetAndDestroy();
      // Until the loop is told of the reset, writes meet it first: within one turn.
      const deadline = performance.now() + 2000;
      while (performance.now() < deadline && trace.call((conn) => conn.write(patterned(10))) > 0);
      await until(() => trace.closed, 'close');
      deepEqual(trace.events, ['open', 'close']);
      ok(['ECONNRESET', 'EPIPE'].includes(trace.error?.code ?? ''), `closed with ${trace.error?.code}`);
      equal(trace.call((conn) => conn.write(patterned(10))), 0);
    },
  );
}
