import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Conn } from '../../src/runtime/runtime.ts';
import { patterned } from '../runtime/peer.ts';
import { type Reactions, recorder, Trace } from '../runtime/recorder.ts';
import type { FarEnd } from './fake-conn.ts';
import { FakeRuntime } from './fake-runtime.ts';

const address = { host: '10.0.0.1', port: 5432 };
const listenOptions = { noDelay: true, backlog: 16, reusePort: false };
const connectOptions = { noDelay: true, timeoutMs: 1_000 };

interface Pair {
  readonly runtime: FakeRuntime;
  readonly trace: Trace;
  readonly far: FarEnd;
  /** Calls a method as an owner does, then lets happen what it brings about. */
  call<T>(method: (conn: Conn<Trace>) => T): T;
}

function pairOf(runtime: FakeRuntime, trace: Trace, far: FarEnd): Pair {
  const call = <T>(method: (conn: Conn<Trace>) => T): T => {
    const result = trace.call(method);
    runtime.settle();
    return result;
  };
  return { runtime, trace, far, call };
}

/** A connection of each kind, open. */
const kinds: Record<string, (reactions?: Reactions) => Pair> = {
  accepted(reactions = {}) {
    const runtime = new FakeRuntime();
    const { handlers, traces } = recorder(reactions);
    runtime.listen(address, listenOptions, handlers, { listening() {}, failed() {} });
    const far = runtime.arrive();
    return pairOf(runtime, traces[0]!, far);
  },
  connected(reactions = {}) {
    const pair = dial(reactions);
    pair.runtime.lastDial.accept();
    return pair;
  },
};

function dial(reactions: Reactions = {}): Pair {
  const runtime = new FakeRuntime();
  const trace = new Trace();
  trace.calling = true;
  trace.conn = runtime.connect(address, connectOptions, recorder(reactions).handlers, trace);
  trace.calling = false;
  return pairOf(runtime, trace, runtime.lastDial.far);
}

for (const [kind, open] of Object.entries(kinds)) {
  describe(`a connection that was ${kind}`, () => {
    test('hands over bytes in order, in pieces of at most 64 KiB, and never none', () => {
      const { trace, far } = open();
      far.send(patterned(200_000));
      far.send(new Uint8Array(0));
      deepEqual([trace.events, trace.bytes, trace.chunks], [['open', 'data'], 200_000, 4]);
      ok(trace.inOrder);
      deepEqual(trace.faults, []);
    });

    test('lends its bytes only until the handler returns', () => {
      const kept: Uint8Array[] = [];
      const { far } = open({ data: (_, bytes) => void kept.push(bytes) });
      far.send(patterned(4));
      ok(kept[0]!.every((byte) => byte === 0xdb));
    });

    test('takes everything while there is room, and owes no drain for it', () => {
      const { trace, far, call } = open();
      equal(call((conn) => conn.write(patterned(1_000))), 1_000);
      equal(call((conn) => conn.write(new Uint8Array(0))), 0);
      deepEqual(far.received, patterned(1_000));
      equal(trace.drains, 0);
    });

    test('takes what there is room for, and drains once when there is room again', () => {
      const { trace, far, call } = open();
      far.limit(600);
      equal(call((conn) => conn.write(patterned(1_000))), 600);
      equal(call((conn) => conn.write(patterned(400, 600))), 0);
      equal(trace.drains, 0);
      far.read(100);
      equal(trace.drains, 1);
      equal(call((conn) => conn.write(patterned(100, 600))), 100);
      far.read(100);
      equal(trace.drains, 1);
      deepEqual(far.received, patterned(700));
    });

    test('keeps back data and FIN while it is paused', () => {
      const { trace, far, call } = open();
      call((conn) => conn.pause());
      ok(far.paused);
      far.send(patterned(10));
      far.fin();
      deepEqual(trace.events, ['open']);
      call((conn) => conn.resume());
      deepEqual(trace.events, ['open', 'data', 'end']);
    });

    test('pause in data stops the flow after this piece', () => {
      const { trace, far, call } = open({ data: (trace) => trace.conn!.pause() });
      far.send(patterned(200_000));
      equal(trace.chunks, 1);
      call((conn) => conn.resume());
      equal(trace.chunks, 2);
    });

    test('sends its FIN after every taken byte, and takes nothing and owes no drain after that', () => {
      const { trace, far, call } = open();
      far.limit(10);
      call((conn) => {
        conn.write(patterned(20));
        conn.shutdown();
        equal(conn.write(patterned(1)), 0);
        ok(!far.ended);
      });
      far.read(1_000);
      deepEqual([far.received, far.ended, trace.drains], [patterned(10), true, 0]);
      far.send(patterned(5));
      equal(trace.bytes, 5);
    });

    test('closes by itself after both FINs, whichever was first, last and once, without an error', () => {
      for (const first of ['own', 'far']) {
        const { trace, far, call } = open();
        if (first === 'own') call((conn) => conn.shutdown());
        far.fin();
        equal(trace.closed, first === 'own');
        call((conn) => conn.shutdown());
        deepEqual(trace.events, ['open', 'end', 'close']);
        equal(trace.error, undefined);
        ok(far.closed && !far.aborted);
        far.send(patterned(1));
        far.reset();
        deepEqual(trace.faults, []);
      }
    });

    test('after the FIN of the peer it can still be written to', () => {
      const { far, call } = open();
      far.fin();
      equal(call((conn) => conn.write(patterned(10))), 10);
      deepEqual(far.received, patterned(10));
    });

    test('abort drops what was taken and not sent, and close follows without an error', () => {
      const { trace, far, call } = open();
      call((conn) => {
        equal(conn.write(patterned(10)), 10);
        conn.abort();
        equal(conn.write(patterned(10)), 0);
        ok(!trace.closed);
      });
      deepEqual(trace.events, ['open', 'close']);
      deepEqual([trace.error, far.aborted, far.ended, far.received.length], [undefined, true, false, 0]);
    });

    test('a reset is close with its error, even while it is paused', () => {
      const { trace, far, call } = open();
      call((conn) => conn.pause());
      far.reset();
      deepEqual(trace.events, ['open', 'close']);
      equal(trace.error?.code, 'ECONNRESET');
      ok(!far.aborted);
    });

    test('what came before a reset is handed out after the pause, and meanwhile it takes everything', () => {
      const { trace, far, call } = open();
      call((conn) => conn.pause());
      far.send(patterned(10));
      far.reset();
      deepEqual(trace.events, ['open']);
      equal(call((conn) => conn.write(patterned(100))), 100);
      call((conn) => conn.resume());
      far.read(0);
      deepEqual([trace.events, trace.bytes], [['open', 'data', 'close'], 10]);
      equal(trace.error?.code, 'ECONNRESET');
      ok(!far.aborted);
    });

    test('abort in every handler closes after it', () => {
      const abort = (trace: Trace): void => trace.conn!.abort();
      for (const reactions of [{ open: abort }, { data: abort }, { end: abort }]) {
        const { trace, far } = open(reactions);
        far.send(patterned(10));
        far.fin();
        equal(trace.events.filter((event) => event === 'close').length, 1);
        ok(trace.closed);
        deepEqual(trace.faults, []);
      }
    });

    test('after close every method does nothing', () => {
      const { trace, far, call } = open();
      far.reset();
      equal(call((conn) => conn.write(patterned(10))), 0);
      call((conn) => conn.pause());
      call((conn) => conn.resume());
      call((conn) => conn.shutdown());
      call((conn) => conn.abort());
      deepEqual(trace.events, ['open', 'close']);
      equal(far.received.length, 0);
    });

    test('tells of bytes that are changed after they were taken', () => {
      const { runtime, far, call } = open();
      const bytes = patterned(10);
      call((conn) => conn.write(bytes));
      bytes[3] = 0;
      far.reset();
      deepEqual(runtime.faults, ['bytes that were taken were changed before close']);
    });
  });
}

describe('a connect', () => {
  test('hangs until its timeout, on the clock', () => {
    const { runtime, trace } = dial();
    runtime.advance(999);
    deepEqual([trace.events, runtime.timers], [[], 1]);
    runtime.advance(1);
    deepEqual([trace.events, trace.error?.code, runtime.timers], [['close'], 'ETIMEDOUT', 0]);
  });

  test('that is refused closes with the error and never opens', () => {
    const { runtime, trace } = dial();
    runtime.lastDial.refuse();
    deepEqual([trace.events, trace.error?.code, runtime.timers], [['close'], 'ECONNREFUSED', 0]);
  });

  test('that is aborted closes without one, and a late accept changes nothing', () => {
    const { runtime, trace, call } = dial();
    call((conn) => conn.abort());
    ok(!runtime.lastDial.pending);
    runtime.lastDial.accept();
    deepEqual([trace.events, trace.error, runtime.timers], [['close'], undefined, 0]);
  });

  test('takes nothing and drains after open; what is asked of it while connecting holds', () => {
    const { runtime, trace, far, call } = dial();
    equal(call((conn) => conn.write(patterned(10))), 0);
    call((conn) => conn.pause());
    equal(trace.conn?.remote, '');
    runtime.lastDial.accept();
    far.send(patterned(10));
    deepEqual([trace.events, trace.conn?.remote], [['open', 'drain'], '10.0.0.1:5432']);
    call((conn) => conn.shutdown());
    ok(far.ended);
    deepEqual(trace.faults, []);
  });
});

describe('a listener', () => {
  test('tells its real port, and an address in use; after it is closed no client gets in', () => {
    const runtime = new FakeRuntime();
    const told: string[] = [];
    const listen = (port: number) =>
      runtime.listen({ host: '::1', port }, listenOptions, recorder().handlers, {
        listening: ({ address }) => told.push(`listening on ${JSON.stringify(address)}`),
        failed: ({ code }) => told.push(code),
      });
    const listener = listen(0);
    deepEqual(told, []);
    runtime.settle();
    const { port } = listener.address as { port: number };
    listen(port);
    runtime.settle();
    deepEqual(told, [`listening on {"host":"::1","port":${port}}`, 'EADDRINUSE']);
    listener.close();
    throws(() => runtime.arrive(), /no listener/);
    listen(port).close();
    runtime.settle();
    equal(told.length, 2);
  });
});

describe('the clock', () => {
  test('stands until it is turned, and fires timers once, in order, each at its time', () => {
    const runtime = new FakeRuntime();
    const start = runtime.now();
    const fired: string[] = [];
    const note = (name: string) => () => void fired.push(`${name} at ${runtime.now() - start}`);
    runtime.after(20, note('b'));
    runtime.after(10, () => {
      note('a')();
      runtime.after(5, note('made by a'));
    });
    runtime.after(20, note('c'));
    const cancelled = runtime.after(15, note('cancelled'));
    cancelled.cancel();
    cancelled.cancel();
    runtime.advance(9);
    deepEqual(fired, []);
    runtime.advance(50);
    deepEqual(fired, ['a at 10', 'made by a at 15', 'b at 20', 'c at 20']);
    deepEqual([runtime.now() - start, runtime.timers], [59, 0]);
  });

  test('a loop that never comes to rest is an error, not a test that hangs', () => {
    const runtime = new FakeRuntime();
    const again = (): void => runtime.later(again);
    again();
    throws(() => runtime.settle(), /did not come to rest/);
  });
});
