import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../bed/wait-for.ts';
import { withPair } from './fixture.ts';
import type { Family, Pair, Role } from './fixture.ts';
import { loopTurns, patterned } from './peer.ts';
import type { Reactions, Trace } from './recorder.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';

/** FINs, resets and the end of a connection. */
export function closeSuite(runtime: Runtime, family: Family, role: Role): void {
  const sentence = (name: string, body: (pair: Pair) => Promise<void>, reactions: Reactions = {}) =>
    test(`${family}, ${role}: ${name}`, withPair(runtime, family, role, body, reactions));

  sentence(
    "the peer's FIN is end, once, and the connection can still be written to",
    async ({ trace, peer }) => {
      peer.send(10);
      peer.socket.end();
      await until(() => trace.has('end'), 'end');
      equal(trace.call((conn) => conn.write(patterned(10))), 10);
      await until(() => peer.bytes === 10, 'the bytes');
      deepEqual(trace.events, ['open', 'data', 'end']);
      trace.call((conn) => conn.shutdown());
      await until(() => trace.closed, 'close');
      deepEqual(trace.events, ['open', 'data', 'end', 'close']);
      equal(trace.error, undefined);
      // Whose close comes first is the loop's business.
      await until(() => peer.ended, "the peer's end");
    },
  );

  sentence(
    "after shutdown the peer's bytes still come, then its FIN, then close",
    async ({ trace, peer }) => {
      trace.call((conn) => conn.shutdown());
      await until(() => peer.ended, 'the FIN');
      peer.send(10);
      await until(() => trace.bytes === 10, 'the bytes');
      peer.socket.end(patterned(10, 10));
      await until(() => trace.closed, 'close');
      deepEqual(trace.events, ['open', 'data', 'end', 'close']);
      equal(trace.bytes, 20);
      equal(trace.error, undefined);
    },
  );

  sentence(
    'after shutdown a write takes nothing, and a second shutdown does nothing',
    async ({ trace, peer }) => {
      trace.call((conn) => conn.shutdown());
      equal(trace.call((conn) => conn.write(patterned(10))), 0);
      trace.call((conn) => conn.shutdown());
      await until(() => peer.ended, 'the FIN');
      await loopTurns();
      equal(peer.bytes, 0);
      deepEqual(trace.events, ['open']);
    },
  );

  sentence(
    'an abort when the FIN of the peer answers our own still closes once',
    async ({ trace, peer }) => {
      trace.call((conn) => conn.shutdown());
      await until(() => peer.ended, 'the FIN');
      peer.socket.end();
      await until(() => trace.closed, 'close');
      await loopTurns();
      deepEqual(trace.events, ['open', 'end', 'close']);
    },
    { end: (trace) => trace.conn?.abort() },
  );

  sentence('a FIN that arrives while paused waits for resume', async ({ trace, peer }) => {
    trace.call((conn) => conn.pause());
    peer.socket.end();
    await loopTurns();
    deepEqual(trace.events, ['open']);
    trace.call((conn) => conn.resume());
    await until(() => trace.has('end'), 'end');
    deepEqual(trace.events, ['open', 'end']);
  });

  sentence('after both FINs a paused connection still hands out its bytes', async ({ trace, peer }) => {
    trace.call((conn) => conn.pause());
    trace.call((conn) => conn.shutdown());
    await until(() => peer.ended, 'the FIN');
    peer.socket.end(patterned(100_000));
    await until(() => peer.closed, 'the peer to close');
    await loopTurns();
    deepEqual(trace.events, ['open']);
    trace.call((conn) => conn.resume());
    await until(() => trace.closed, 'close');
    deepEqual(trace.events, ['open', 'data', 'end', 'close']);
    equal(trace.bytes, 100_000);
    equal(trace.error, undefined);
  });

  sentence('after both FINs a paused connection without bytes waits for resume', async ({ trace, peer }) => {
    trace.call((conn) => conn.pause());
    trace.call((conn) => conn.shutdown());
    peer.socket.end();
    await until(() => peer.closed, 'the peer to close');
    await loopTurns();
    deepEqual(trace.events, ['open']);
    trace.call((conn) => conn.resume());
    await until(() => trace.closed, 'close');
    deepEqual(trace.events, ['open', 'end', 'close']);
  });

  sentence('after both FINs a paused connection can be aborted', async ({ trace, peer }) => {
    trace.call((conn) => conn.pause());
    trace.call((conn) => conn.shutdown());
    peer.socket.end();
    await until(() => peer.closed, 'the peer to close');
    await loopTurns();
    trace.call((conn) => conn.abort());
    await until(() => trace.closed, 'close');
    deepEqual(trace.events, ['open', 'close']);
  });

  sentence('pause in end does not lose close', async ({ trace, peer }) => {
    trace.call((conn) => conn.shutdown());
    peer.socket.end();
    await until(() => trace.has('end'), 'end');
    trace.call((conn) => conn.resume());
    await until(() => trace.closed, 'close');
    deepEqual(trace.events, ['open', 'end', 'close']);
  }, { end: (trace) => trace.conn?.pause() });

  sentence('shutdown in end closes cleanly', async ({ trace, peer }) => {
    peer.socket.end(patterned(10));
    await until(() => trace.closed, 'close');
    deepEqual(trace.events, ['open', 'data', 'end', 'close']);
    equal(trace.error, undefined);
    await until(() => peer.ended, 'the FIN');
    equal(peer.errorCode, '');
  }, { end: (trace) => trace.conn?.shutdown() });

  sentence('abort closes without an error, and nothing else comes', async ({ trace, peer }) => {
    peer.send(1000);
    trace.call((conn) => conn.abort());
    equal(trace.closed, false);
    doNothing(trace);
    await until(() => trace.closed, 'close');
    await until(() => peer.ended || peer.closed, 'the peer to notice');
    await loopTurns();
    equal(trace.events.at(-1), 'close');
    equal(trace.error, undefined);
  });

  sentence('abort in data stops the flow', async ({ trace, peer }) => {
    peer.send(4 * 1024 * 1024);
    await until(() => trace.closed, 'close');
    deepEqual(trace.events, ['open', 'data', 'close']);
    equal(trace.chunks, 1);
  }, { data: (trace) => trace.conn?.abort() });

  sentence('abort in open closes at once', async ({ trace, peer }) => {
    await until(() => trace.closed, 'close');
    deepEqual(trace.events, ['open', 'close']);
    await until(() => peer.ended || peer.closed, 'the peer to notice');
  }, { open: (trace) => trace.conn?.abort() });

  sentence('abort in end closes after it', async ({ trace, peer }) => {
    peer.socket.end();
    await until(() => trace.closed, 'close');
    deepEqual(trace.events, ['open', 'end', 'close']);
    equal(trace.error, undefined);
  }, { end: (trace) => trace.conn?.abort() });

  sentence('after close every method does nothing', async ({ trace, peer }) => {
    trace.call((conn) => conn.shutdown());
    peer.socket.end();
    await until(() => trace.closed, 'close');
    doNothing(trace);
    await loopTurns();
    deepEqual(trace.faults, []);
  });
}

/** Calls every method of a connection that is over. */
function doNothing(trace: Trace): void {
  equal(trace.call((conn) => conn.write(patterned(10))), 0);
  trace.call((conn) => conn.pause());
  trace.call((conn) => conn.resume());
  trace.call((conn) => conn.shutdown());
  trace.call((conn) => conn.abort());
}
