/**
 * What Bun's own sockets cost: a bare relay, with the handlers of a listener shared by all of its sockets.
 *
 *   bun scripts/lib/bench/relays/bun.ts LISTEN_PORT SERVER_PORT     both on 127.0.0.1
 */
type End = Bun.Socket<Link>;

interface Link {
  /** Undefined until the server was reached. */
  other: End | undefined;
  /** What the other end has not taken yet: until it has, this one is paused. */
  tail: Uint8Array | undefined;
}

const [port, serverPort] = process.argv.slice(2).map(Number) as [number, number];
const hostname = '127.0.0.1';

const shared = {
  data(end: End, bytes: Uint8Array) {
    const taken = end.data.other?.write(bytes) ?? 0;
    if (taken === bytes.length) return;
    if (taken < 0) return void end.terminate();
    end.data.tail = bytes.subarray(taken);
    end.pause();
  },
  drain(end: End) {
    const from = end.data.other;
    const tail = from?.data.tail;
    if (from === undefined || tail === undefined) return;
    const taken = end.write(tail);
    if (taken < 0) return void end.terminate();
    from.data.tail = taken === tail.length ? undefined : tail.subarray(taken);
    if (from.data.tail === undefined) from.resume();
  },
  close(end: End) {
    end.data.other?.terminate();
  },
};

Bun.listen<Link>({
  hostname,
  port,
  socket: {
    ...shared,
    open(client) {
      client.data = { other: undefined, tail: undefined };
      client.setNoDelay(true);
      client.pause();
      Bun.connect<Link>({
        hostname,
        port: serverPort,
        data: { other: client, tail: undefined },
        socket: {
          ...shared,
          open(server) {
            server.setNoDelay(true);
            client.data.other = server;
            client.resume();
          },
        },
      }).catch(() => client.terminate());
    },
  },
});
