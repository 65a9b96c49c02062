/**
 * TLS on accepted sockets, for the control half: the data half speaks none. Ordinary `node:net` and `node:tls`, which
 * Node, Bun and Deno all have; nothing here is on the way of a session's bytes.
 */
import { createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Address } from './runtime.ts';

export interface TlsServer {
  readonly address: Address;
  /** Ends every connection. */
  close(): void;
}

export interface TlsServerOptions {
  /** PEM texts. Throws from `serveTls` if they do not fit together. */
  readonly cert: string;
  readonly key: string;
  readonly alpn: string;
  /** More connections than this are dropped. */
  readonly maxConnections: number;
  /** A connection lives no longer than this. */
  readonly timeoutMs: number;
}

export interface TlsHandlers {
  /**
   * The clear text before the handshake, as far as it has come. Returns how long the preamble is, or undefined if
   * it is not complete; the handshake begins after it.
   */
  preamble(bytes: Uint8Array): number | undefined;
  /** The handshake is done. `say` ends the connection after its last byte. */
  secure(
    preamble: Uint8Array,
    peer: { onData(fn: (bytes: Uint8Array) => void): void; say(bytes: Uint8Array): void },
  ): void;
}

/** Listens on a free port of the loopback. Rejects if it cannot. */
export function serveTls(options: TlsServerOptions, handlers: TlsHandlers): Promise<TlsServer> {
  const { cert, key, alpn, timeoutMs } = options;
  const secureContext = createSecureContext({ cert, key });
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    socket.on('close', () => {
      clearTimeout(timer);
      open.delete(socket);
    });
    socket.on('error', () => socket.destroy());
    readPreamble(socket, handlers, (preamble) => {
      const secured = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: [alpn] });
      // A client that does not trust the certificate ends the handshake: that is its right and no event.
      secured.on('error', () => socket.destroy());
      secured.on('secure', () =>
        handlers.secure(preamble, {
          onData: (fn) => void secured.on('data', fn),
          say: (bytes) => void secured.end(bytes),
        }));
    });
  });
  server.maxConnections = options.maxConnections;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      resolve({
        address: { host: '127.0.0.1', port },
        close: () => {
          server.close();
          for (const socket of open) socket.destroy();
        },
      });
    });
  });
}

function readPreamble(socket: Socket, handlers: TlsHandlers, done: (preamble: Uint8Array) => void): void {
  let bytes: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    bytes = Buffer.concat([bytes, chunk]);
    const length = handlers.preamble(bytes);
    if (length === undefined) return;
    socket.pause();
    socket.off('data', onData);
    if (bytes.length > length) socket.unshift(bytes.subarray(length));
    done(bytes.subarray(0, length));
  };
  socket.on('data', onData);
}
