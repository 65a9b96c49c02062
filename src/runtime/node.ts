import { connect as netConnect, createServer, Socket } from 'node:net';
import type { ListenOptions as NetListenOptions, OnReadOpts, Server, SocketConstructorOpts } from 'node:net';
import { after, now } from './clock.ts';
import { keepAliveMs } from './keep-alive.ts';
import { netError } from './net-error.ts';
import { NodeConn, onConnect } from './node-conn.ts';
import type {
  Address,
  Conn,
  ConnectOptions,
  Handlers,
  Listener,
  ListenerEvents,
  ListenOptions,
  Runtime,
  SocketOptions,
} from './runtime.ts';

function target(address: Address): { host: string; port: number } | { path: string } {
  return 'path' in address ? { path: address.path } : { host: address.host, port: address.port };
}

function applyOptions(socket: Socket, options: SocketOptions): void {
  if (options.noDelay) socket.setNoDelay(true);
  const keepAlive = options.keepAlive;
  if (keepAlive === undefined) return;
  // Interval and count came with Node 24; before it they are ignored and libuv's own hold (1 s, 10 times).
  const set = socket.setKeepAlive as (
    on: boolean,
    idleMs: number,
    intervalMs: number,
    count: number,
  ) => Socket;
  const { idleMs, intervalMs, count } = keepAlive;
  set.call(socket, true, keepAliveMs(idleMs), keepAliveMs(intervalMs), count);
}

function connect<D>(address: Address, options: ConnectOptions, handlers: Handlers<D>, data: D): Conn<D> {
  const conn = new NodeConn(handlers, data, true);
  const socket = netConnect({ ...target(address), allowHalfOpen: true, onread: conn.reader() });
  conn.attach(socket);
  socket.on('connect', onConnect);
  if (!('path' in address)) applyOptions(socket, options);
  conn.limitAttempt(address, options.timeoutMs);
  return conn;
}

/**
 * The same connection as a socket with `onread`, an option that servers do not pass on. Its handle goes over while
 * nothing is read from it yet; neither `_handle` nor the option `handle` is documented.
 */
function rebuilt(accepted: Socket, onread: OnReadOpts): Socket {
  const shell = accepted as unknown as { _handle: unknown };
  const socket = new Socket({ handle: shell._handle, allowHalfOpen: true, onread } as SocketConstructorOpts);
  shell._handle = null;
  // Without a handle this closes nothing; the server forgets it.
  accepted.destroy();
  return socket;
}

function listen<D>(
  address: Address,
  options: ListenOptions,
  handlers: Handlers<D>,
  events: ListenerEvents,
): Listener {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (accepted) => {
    const conn = new NodeConn<D>(handlers, undefined as D, false);
    const socket = rebuilt(accepted, conn.reader());
    conn.attach(socket);
    if (!('path' in address)) applyOptions(socket, options);
    conn.opened();
  });
  const listener = new NodeListener(server, address);
  let settled = false;
  server.on('error', (error) => {
    // Once it listens, a failed accept (no descriptors left) is that client's trouble, not the listener's.
    if (!settled) events.failed(netError(error));
    settled = true;
  });
  server.on('listening', () => {
    settled = true;
    if (listener.bound()) events.listening(listener);
  });
  // Node before 22.12 does not know reusePort and ignores it: a second listener fails there with EADDRINUSE.
  const listenOptions: NetListenOptions = { ...target(address), backlog: options.backlog };
  if (options.reusePort && !('path' in address)) listenOptions.reusePort = true;
  server.listen(listenOptions);
  return listener;
}

class NodeListener implements Listener {
  address: Address;
  readonly #server: Server;
  #closed = false;

  constructor(server: Server, asked: Address) {
    this.#server = server;
    this.address = asked;
  }

  /** Takes note of the port. False if the owner has closed it meanwhile: node:net binds only after `listen` returns. */
  bound(): boolean {
    const bound = this.#server.address();
    if (bound !== null && typeof bound === 'object') this.address = { host: bound.address, port: bound.port };
    if (this.#closed) this.#server.close();
    return !this.#closed;
  }

  close(): void {
    this.#closed = true;
    this.#server.close();
  }
}

/** Sockets of node:net. */
export const nodeRuntime: Runtime = { name: 'node', listen, connect, after, now };
