/**
 * What the sockets of node:net cost: a bare relay, with one buffer for all that servers say. For those of clients Node
 * has no `onread`. Deno runs it, too.
 *
 *   node scripts/lib/bench/relays/node.ts LISTEN_PORT SERVER_PORT     both on 127.0.0.1
 */
import { connect, createServer } from 'node:net';

const [port, serverPort] = process.argv.slice(2).map(Number) as [number, number];
const host = '127.0.0.1';

createServer({ noDelay: true, pauseOnConnect: true }, (client) => {
  const server = connect({
    host,
    port: serverPort,
    noDelay: true,
    onread: {
      buffer: new Uint8Array(65_536),
      callback: (length, bytes) => {
        // A socket that cannot send it at once keeps what it was given.
        if (client.write(Buffer.from(bytes.subarray(0, length)))) return true;
        client.once('drain', () => server.resume());
        return false;
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
