import { connect as netConnect } from 'node:net';
import type { Socket as NetSocket } from 'node:net';
import { BunConn } from './bun-conn.ts';
import type { BunSocket, Dial } from './bun-conn.ts';
import { after, now } from './clock.ts';
import { keepAliveMs } from './keep-alive.ts';
import { netError } from './net-error.ts';
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

/** One record for every socket; a listener adds its own `open`. */
const EVENTS = {
  data: (socket: BunSocket, bytes: Uint8Array) => socket.data.received(bytes),
  drain: (socket: BunSocket) => socket.data.drained(),
  end: (socket: BunSocket) => socket.data.ended(),
  close: (socket: BunSocket, error?: Error) => {
    if (error !== undefined) socket.data.failed(error);
    socket.data.closed();
  },
};

function onConnect(this: NetSocket): void {
  const dial = this as Dial;
  const socket = dial._handle;
  if (socket === null) return;
  socket.data = dial.conn;
  socket.reload({ socket: EVENTS });
  dial._handle = null;
  dial.removeAllListeners();
  dial.conn.opened(socket);
}

function onDialError(this: NetSocket, error: unknown): void {
  (this as Dial).conn.failed(error);
}

function onDialClose(this: NetSocket): void {
  (this as Dial).conn.closed();
}

/**
 * Dials with node:net and takes over its Bun socket once connected: an attempt of `Bun.connect` cannot be given up
 * (no timeout, no signal, no handle before it opens), so a black-holed one keeps its descriptor for two minutes.
 */
function connect<D>(address: Address, options: ConnectOptions, handlers: Handlers<D>, data: D): Conn<D> {
  const conn = new BunConn(handlers, data);
  const target = 'path' in address ? { path: address.path } : { host: address.host, port: address.port };
  const dial = netConnect({ ...target, allowHalfOpen: true }) as Dial;
  dial.conn = conn as BunConn<unknown>;
  if (!('path' in address)) {
    dial.setNoDelay(options.noDelay);
    if (options.keepAlive !== undefined) dial.setKeepAlive(true, keepAliveMs(options.keepAlive.idleMs));
  }
  dial.on('connect', onConnect).on('error', onDialError).on('close', onDialClose);
  conn.dialling(dial, address, options.timeoutMs);
  return conn;
}

/** Of keep-alive Bun has only the first delay. */
function applyOptions(socket: BunSocket, options: SocketOptions): void {
  socket.setNoDelay(options.noDelay);
  if (options.keepAlive !== undefined) socket.setKeepAlive(true, keepAliveMs(options.keepAlive.idleMs));
}

/** Bun sets its own backlog (512) whatever `options.backlog` says. */
function listen<D>(
  address: Address,
  options: ListenOptions,
  handlers: Handlers<D>,
  events: ListenerEvents,
): Listener {
  const isPath = 'path' in address;
  const socket = {
    ...EVENTS,
    open(accepted: BunSocket) {
      if (!isPath) applyOptions(accepted, options);
      const conn = new BunConn<D>(handlers, undefined as D);
      accepted.data = conn as BunConn<unknown>;
      conn.opened(accepted);
    },
  };
  let listener: Listener;
  try {
    listener = isPath ? listenPath(address, socket) : listenTcp(address, options.reusePort, socket);
  } catch (error) {
    events.failed(netError(error));
    return { address, close: () => undefined };
  }
  events.listening(listener);
  return listener;
}

type Accepting = Bun.SocketHandler<BunConn<unknown>>;

function listenPath(address: { readonly path: string }, socket: Accepting): Listener {
  const bound = Bun.listen<BunConn<unknown>>({ unix: address.path, allowHalfOpen: true, socket });
  return { address, close: () => bound.stop(false) };
}

function listenTcp(
  address: { readonly host: string; readonly port: number },
  reusePort: boolean,
  socket: Accepting,
): Listener {
  const { host, port } = address;
  // A value of its own, as Bun's types leave `reusePort` out.
  const options = { hostname: host, port, reusePort, allowHalfOpen: true, socket };
  const bound = Bun.listen<BunConn<unknown>>(options);
  return { address: { host, port: bound.port }, close: () => bound.stop(false) };
}

/** Sockets of Bun. */
export const bunRuntime: Runtime = { name: 'bun', listen, connect, after, now };
