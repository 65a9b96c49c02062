import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../bed/wait-for.ts';
import { withPair } from './fixture.ts';
import type { Pair, Role } from './fixture.ts';
import { loopTurns, patterned, type Peer } from './peer.ts';
import type { Reactions } from './recorder.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';

/** The bytes are the kernel's of the other side before the reset comes, which would drop what is still on its way. */
async function sendAndReset(runtime: Runtime, peer: Peer, bytes: number): Promise<void> {
  peer.send(bytes);
  await until(() => peer.socket.writableLength === 0, 'the bytes to be out');
  await loopTurns();
  peer.socket.resetAndDestroy();
  await loopTurns();
  // The native engine has a loop of its own, which must have met the reset.
  let turns = 0;
  const turn = (): void => {
    turns += 1;
    if (turns < 3) runtime.after(1, turn);
  };
  turn();
  await until(() => turns === 3, 'turns of the loop');
}

/** Resets, which only TCP has. */
export function resetSuite(runtime: Runtime, role: Role): void {
  const sentence = (name: string, body: (pair: Pair) => Promise<void>, reactions?: Reactions) =>
    test(`tcp, ${role}: ${name}`, withPair(runtime, 'tcp', role, body, reactions));

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

  sentence("the peer's reset closes a paused connection, if it had said nothing", async ({ trace, peer }) => {
    trace.call((conn) => conn.pause());
    await loopTurns();
    peer.socket.resetAndDestroy();
    await until(() => trace.closed, 'close');
    equal(trace.error?.code, 'ECONNRESET');
    deepEqual(trace.events, ['open', 'close']);
  });

  sentence(
    'one that is paused is told of a reset behind bytes that it has not got',
    async ({ trace, peer }) => {
      trace.call((conn) => conn.pause());
      await sendAndReset(runtime, peer, 1_000);
      await until(() => trace.broken > 0, 'it to be told');
      trace.call((conn) => conn.resume());
      await until(() => trace.closed, 'close');
      deepEqual([trace.broken, trace.bytes], [1, 1_000]);
    },
  );

  // The last is about what a kernel acknowledges at first of a peer whose bytes nobody reads.
  for (const bytes of [1, 1_000, 20_000, 60_000]) {
    sentence(
      `the ${bytes} bytes that the peer sent before its reset are handed out after a pause, and then it closes`,
      async ({ trace, peer }) => {
        trace.call((conn) => conn.pause());
        await sendAndReset(runtime, peer, bytes);
        deepEqual(trace.events, ['open']);
        trace.call((conn) => conn.resume());
        await until(() => trace.closed, 'close');
        deepEqual([trace.bytes, trace.inOrder, trace.events], [bytes, true, ['open', 'data', 'close']]);
        equal(trace.error?.code, 'ECONNRESET');
      },
    );
  }

  sentence(
    'what the peer sent before its reset is handed out to one that pauses for every piece, too',
    async ({ trace, peer }) => {
      trace.call((conn) => conn.pause());
      await sendAndReset(runtime, peer, 60_000);
      while (!trace.closed) {
        const { chunks } = trace;
        trace.call((conn) => conn.resume());
        await until(() => trace.closed || trace.chunks > chunks, () => `more than ${trace.bytes} bytes`);
      }
      deepEqual([trace.bytes, trace.inOrder, trace.error?.code], [60_000, true, 'ECONNRESET']);
    },
    { data: (trace) => trace.conn!.pause() },
  );

  sentence('abort drops what the peer sent before its reset, and is no error', async ({ trace, peer }) => {
    trace.call((conn) => conn.pause());
    await sendAndReset(runtime, peer, 1_000);
    trace.call((conn) => conn.abort());
    await until(() => trace.closed, 'close');
    deepEqual([trace.events, trace.error], [['open', 'close'], undefined]);
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
