/**
 * TLS on accepted sockets, for the control plane: the data plane speaks none. Ordinary `node:net` and `node:tls`, which
 * Node, Bun and Deno all have; nothing here is on the way of a session's bytes.
 */
import { createServer, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { Address } from './runtime.ts';

export interface TlsServer {
  readonly address: Address;
  /** Ends every connection. */
  close(): void;
}

/** PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface TlsServerOptions {
  /** Rejects from `serveTls` if it cannot be used. A function is called when a client needs it, and not before. */
  readonly certificate: Certificate | (() => Promise<Certificate>);
  readonly alpn: string;
  /** More connections than this are dropped. */
  readonly maxConnections: number;
  /** How long a handshake may take. */
  readonly handshakeMs: number;
  /** How long a connection may live before the handshake, and how long after it. */
  readonly timeoutMs: number;
}

export interface TlsClient {
  /** Ends the connection, whatever it has come to. */
  end(): void;
  /** Calls `fn` when the connection is gone. */
  onGone(fn: () => void): void;
}

export interface TlsHandlers {
  /**
   * The client's preamble is there, and our certificate. Returns what to say in clear text before the handshake;
   * undefined: the connection is ended.
   */
  admit(preamble: Uint8Array, client: TlsClient): Uint8Array | undefined;
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
  /** No certificate could be made, so a client was dropped; the next one tries again. */
  failed(error: unknown): void;
  /** One of these has thrown: that client is dropped. */
  faulted(error: unknown): void;
}

/** Listens on a free port of the loopback. Rejects if it cannot. */
export async function serveTls(options: TlsServerOptions, handlers: TlsHandlers): Promise<TlsServer> {
  const { certificate, alpn, handshakeMs, timeoutMs } = options;
  const context = contextOf(certificate);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const within = (ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(() => socket.destroy(), ms);
    };
    within(timeoutMs);
    socket.on('close', () => {
      clearTimeout(timer);
      open.delete(socket);
    });
    socket.on('error', () => socket.destroy());
    const guarded = <A extends readonly unknown[]>(fn: (...of: A) => void) => (...of: A): void => {
      try {
        fn(...of);
      } catch (error) {
        socket.destroy();
        handlers.faulted(error);
      }
    };
    const begin = async (preamble: Uint8Array): Promise<void> => {
      const secureContext = await context().catch((error) => {
        handlers.failed(error);
        return undefined;
      });
      if (secureContext === undefined || socket.destroyed) return void socket.destroy();
      const client = {
        end: () => void socket.destroy(),
        onGone: (fn: () => void) => void socket.on('close', fn),
      };
      const answer = handlers.admit(preamble, client);
      if (answer === undefined) return void socket.destroy();
      socket.write(answer);
      within(handshakeMs);
      const secured = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: [alpn] });
      // A client that does not trust the certificate ends the handshake: that is its right and no event.
      secured.on('error', () => socket.destroy());
      secured.on(
        'secure',
        guarded(() => {
          within(timeoutMs);
          handlers.secure(preamble, {
            onData: (fn) => void secured.on('data', guarded(fn)),
            say: (bytes) => void secured.end(bytes),
          });
        }),
      );
    };
    readPreamble(
      socket,
      guarded,
      handlers,
      (preamble) =>
        void begin(preamble).catch((error) => {
          socket.destroy();
          handlers.faulted(error);
        }),
    );
  });
  server.maxConnections = options.maxConnections;
  return await new Promise((resolve, reject) => {
    // Not once: an accept that fails is told as an error, too, and without a listener that would be the end of the program.
    server.on('error', reject);
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

function contextOf(certificate: TlsServerOptions['certificate']): () => Promise<SecureContext> {
  if (typeof certificate === 'function') {
    return whenNeeded(async () => createSecureContext(await certificate()));
  }
  const context = createSecureContext({ cert: certificate.cert, key: certificate.key });
  return () => Promise.resolve(context);
}

/** Makes it once; tries again after a failure. */
function whenNeeded<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return async () => {
    try {
      return await (made ??= make());
    } catch (error) {
      made = undefined;
      throw error;
    }
  };
}

function readPreamble(
  socket: Socket,
  guarded: (fn: (chunk: Buffer) => void) => (chunk: Buffer) => void,
  handlers: TlsHandlers,
  done: (preamble: Uint8Array) => void,
): void {
  let bytes: Buffer = Buffer.alloc(0);
  const onData = guarded((chunk: Buffer): void => {
    bytes = Buffer.concat([bytes, chunk]);
    const length = handlers.preamble(bytes);
    if (length === undefined) return;
    socket.pause();
    socket.off('data', onData);
    if (bytes.length > length) socket.unshift(bytes.subarray(length));
    done(bytes.subarray(0, length));
  });
  socket.on('data', onData);
}
