import { openNative } from '../../src/runtime/linux/native.ts';
import { pickRuntime } from '../../src/runtime/pick.ts';
import type { Conn, Handlers } from '../../src/runtime/runtime.ts';

// A relay as small as one can be: it takes connections, dials the port of its first argument for each, and passes
// bytes on, with one tail a direction. What its memory does is what the adapter does. The second argument may be
// `native`.
interface Side {
  other: Conn<Side>;
  tail: Uint8Array | undefined;
  ended: boolean;
}

const native = process.argv[3] === 'native' ? openNative((why) => console.error(why)) : undefined;
const runtime = native ?? pickRuntime();
const target = { host: '127.0.0.1', port: Number(process.argv[2]) };

const handlers: Handlers<Side> = {
  open(conn) {
    // The dialled side has its record from the start; the accepted one dials here.
    if (conn.data !== undefined) return conn.data.other.resume();
    conn.pause();
    const dialled: Side = { other: conn, tail: undefined, ended: false };
    const other = runtime.connect(target, { noDelay: true, timeoutMs: 10_000 }, handlers, dialled);
    conn.data = { other, tail: undefined, ended: false };
  },
  data(conn, bytes) {
    const taken = conn.data.other.write(bytes);
    if (taken === bytes.length) return;
    conn.data.tail = bytes.slice(taken);
    conn.pause();
  },
  drain(conn) {
    const from = conn.data.other;
    const tail = from.data.tail;
    if (tail === undefined) return;
    const taken = conn.write(tail);
    if (taken < tail.length) {
      from.data.tail = tail.subarray(taken);
      return;
    }
    from.data.tail = undefined;
    from.resume();
    if (from.data.ended) conn.shutdown();
  },
  end(conn) {
    conn.data.ended = true;
    if (conn.data.tail === undefined) conn.data.other.shutdown();
  },
  close(conn, error) {
    if (error !== undefined) conn.data.other.abort();
  },
};

runtime.listen({ host: '127.0.0.1', port: 0 }, { noDelay: true, backlog: 128, reusePort: false }, handlers, {
  listening: (listener) => console.log('port' in listener.address ? listener.address.port : 0),
  failed: (error) => {
    throw new Error(error.message);
  },
});

native?.poller.run();
