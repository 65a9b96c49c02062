/**
 * What the sockets of node:net cost: a bare relay, with one buffer for what a server says. For what a client says
 * Node has no `onread`. Deno runs it, too.
 *
 *   node scripts/lib/bench/relays/node.ts LISTEN_PORT SERVER_PORT     both on 127.0.0.1
 */
import { connect, createServer } from 'node:net';

const [port, serverPort] = process.argv.slice(2).map(Number) as [number, number];
const host = '127.0.0.1';

createServer({ noDelay: true, pauseOnConnect: true }, (client) => {
  let buffer = new Uint8Array(65_536);
  const server = connect({
    host,
    port: serverPort,
    noDelay: true,
    onread: {
      buffer: () => buffer,
      callback: (length, bytes) => {
        const isFull = !client.write(bytes.subarray(0, length));
        // What could not be sent at once is the socket's.
        if (client.writableLength > 0) buffer = new Uint8Array(65_536);
        if (isFull) client.once('drain', () => server.resume());
        return !isFull;
      },
    },
  });
  client.on('data', (bytes) => {
    if (server.write(bytes)) return;
    client.pause();
    server.once('drain', () => client.resume());
  });
  server.on('connect', () => client.resume());
  for (const [end, other] of [[client, server], [server, client]] as const) {
    end.on('error', () => {}).on('close', () => other.destroy());
  }
}).listen({ host, port, backlog: 4096 });
