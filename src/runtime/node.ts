import {
  connect as netConnect,
  createServer,
  type ListenOptions as NetListenOptions,
  type OnReadOpts,
  type Server,
  Socket,
  type SocketConstructorOpts,
} from 'node:net';
import { endpointText } from './addresses.ts';
import { after, now } from './clock.ts';
import { keepAliveMs } from './keep-alive.ts';
import { connectTimeout, netError } from './net-error.ts';
import { onceQuiet } from './once-quiet.ts';
import type {
  Address,
  Conn,
  ConnectOptions,
  Handlers,
  Listener,
  ListenerEvents,
  ListenOptions,
  NetError,
  Runtime,
  SocketOptions,
} from './runtime.ts';
import { Slab } from './slab.ts';

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
    listener.accepted += 1;
    const conn = new NodeConn<D>(handlers, undefined as D, false);
    const socket = rebuilt(accepted, conn.reader());
    conn.attach(socket);
    if (!('path' in address)) applyOptions(socket, options);
    conn.opened();
  });
  const listener = new NodeListener(server, address);
  let settled = false;
  server.on('error', (error) => {
    // Once it listens, a failed accept (no descriptors left) is a failure of that client, not of the listener.
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
  const { descriptor } = options;
  server.listen(descriptor === undefined ? listenOptions : { fd: descriptor, backlog: options.backlog });
  return listener;
}

class NodeListener implements Listener {
  address: Address;
  /** Clients, ever. */
  accepted = 0;
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

  drain(done: () => void): void {
    onceQuiet(() => this.accepted, () => {
      this.close();
      done();
    });
  }
}

/** Sockets of node:net. */
export const nodeRuntime: Runtime = { name: 'node', listen, connect, after, now };

/** A socket knows its connection, so that one set of functions serves them all. */
interface Carrier extends Socket {
  conn: NodeConn<unknown>;
}

/** A receive takes at most this much, as that of the native engine (docs/decisions/receives-of-256-kib.md). */
const bufferBytes = 262_144;
/** What is sent and is not larger comes out of a smaller slab, so that a slow reader of little keeps little. */
const smallBytes = 65_536;
/**
 * A paused connection reads on up to about this, because only a socket that reads is told that the peer is gone. One
 * that was paused over more than this reads no more: as much again would be held.
 */
const holdBytes = 16_384;

/** Every socket of a thread receives into the one. */
const receiving = new Slab(bufferBytes);

/** Where received bytes go to be sent; one that a socket has not done with is left to it. */
let [small, large] = [new Slab(smallBytes), new Slab(bufferBytes)];

/** One connection of node:net. What is public beside `Conn` is for the events of its socket. */
class NodeConn<D> implements Conn<D> {
  data: D;
  remote = '';
  readonly #handlers: Handlers<D>;
  #socket: Socket | undefined;
  #connecting: boolean;
  #attempt: ReturnType<typeof setTimeout> | undefined;
  #paused = false;
  /** A write is with the socket. */
  #isSending = false;
  #owesDrain = false;
  /** FIN asked for: nothing may be written after it. */
  #finished = false;
  /** Aborted or closed. */
  #over = false;
  /** What came while paused, the peer's FIN and the close that wait for `resume`. */
  #held: Uint8Array | undefined;
  #heldEnd = false;
  #heldClose = false;
  /** The socket does not read: enough is held, or would be. */
  #isFull = false;
  #error: NetError | undefined;

  constructor(handlers: Handlers<D>, data: D, connecting: boolean) {
    this.data = data;
    this.#handlers = handlers;
    this.#connecting = connecting;
  }

  get local(): string {
    if (this.#over || this.#connecting) return '';
    return endpointText(this.#socket?.localAddress, this.#socket?.localPort);
  }

  /** For the option `onread` of its socket: no buffer and no trip through a stream for each chunk. */
  reader(): OnReadOpts {
    return { buffer: receiving.bytes, callback: (length) => this.received(receiving.view(length)) };
  }

  attach(socket: Socket): void {
    this.#socket = socket;
    (socket as Carrier).conn = this as NodeConn<unknown>;
    socket.on('end', onEnd).on('error', onError).on('close', onClose);
  }

  /** All or nothing: the socket queues whatever it is given, so the bound is one write at a time. */
  write(bytes: Uint8Array): number {
    if (this.#over || this.#finished || bytes.length === 0) return 0;
    if (this.#error !== undefined) return bytes.length;
    if (this.#connecting || this.#isSending) {
      this.#owesDrain = true;
      return 0;
    }
    this.#isSending = true;
    // What the socket cannot send at once it keeps, and the next receive would overwrite it there.
    if (bytes.buffer === receiving.bytes.buffer) {
      const isSmall = bytes.length <= smallBytes;
      const copy = (isSmall ? small : large).view(bytes.length);
      copy.set(bytes);
      this.#send(copy);
      if (this.#isSending && isSmall) small = new Slab(smallBytes);
      else if (this.#isSending) large = new Slab(bufferBytes);
    } else this.#send(bytes);
    return bytes.length;
  }

  /**
   * Past the queue of the stream, which is always empty here and would cost a tick for each write (6 % of all that
   * Node does for a transaction). `_write` is what streams call; `end` waits for it, in the socket itself.
   */
  #send(bytes: Uint8Array): void {
    this.#socket?._write(bytes, 'buffer' as BufferEncoding, this.#sent);
  }

  readonly #sent = (error?: Error | null): void => {
    this.#isSending = false;
    if (error) this.#writeFailed(error);
    else if (this.#owesDrain) this.drained();
  };

  /** The peer is gone, but what it had said is still there to be read: the socket is closed behind that, by `ended`. */
  #writeFailed(error: Error): void {
    this.#error ??= netError(error);
    if (this.#held !== undefined) this.drained();
  }

  pause(): void {
    if (this.#over || this.#paused) return;
    this.#paused = true;
  }

  resume(): void {
    if (this.#over || !this.#paused) return;
    this.#paused = false;
    if (this.#held !== undefined || this.#heldEnd || this.#isFull) setImmediate(releaseHeld, this);
  }

  shutdown(): void {
    if (this.#over || this.#finished) return;
    this.#finished = true;
    this.#socket?.end();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = undefined;
    if (this.#heldClose) setImmediate(closeLast, this);
    // resetAndDestroy throws on a unix socket, on a connecting one it waits for the connect, and with a FIN of ours
    // still to be sent it never closes (libuv resets no stream that is shutting down).
    else if (this.#connecting || this.remote === '' || this.#isFinPending()) this.#socket?.destroy();
    else this.#socket?.resetAndDestroy();
  }

  #isFinPending(): boolean {
    return this.#finished && this.#socket?.writableFinished === false;
  }

  /** Starts the clock of a connect attempt. */
  limitAttempt(address: Address, timeoutMs: number): void {
    this.#attempt = setTimeout(() => {
      this.#error = connectTimeout(address, timeoutMs);
      this.#socket?.destroy();
    }, timeoutMs);
  }

  opened(): void {
    if (this.#over) return;
    clearTimeout(this.#attempt);
    this.#connecting = false;
    this.remote = endpointText(this.#socket?.remoteAddress, this.#socket?.remotePort);
    const owesDrain = this.#owesDrain;
    this.#owesDrain = false;
    this.#handlers.open(this);
    if (owesDrain && !this.#over) this.#handlers.drain(this);
  }

  /** False if the socket must not read on. */
  received(bytes: Uint8Array): boolean {
    if (this.#over) return false;
    if (this.#paused || this.#held !== undefined) return this.#hold(bytes);
    this.#handlers.data(this, bytes);
    this.#isFull = this.#paused && bytes.length >= holdBytes;
    return !this.#isFull;
  }

  #hold(bytes: Uint8Array): boolean {
    const held = this.#held ?? new Uint8Array(0);
    this.#held = new Uint8Array(held.length + bytes.length);
    this.#held.set(held);
    this.#held.set(bytes, held.length);
    this.#isFull = this.#held.length >= holdBytes;
    return !this.#isFull;
  }

  drained(): void {
    if (!this.#owesDrain || this.#over) return;
    this.#owesDrain = false;
    this.#handlers.drain(this);
  }

  ended(): void {
    if (this.#over) return;
    if (this.#error !== undefined) this.#socket?.destroy();
    else if (this.#paused || this.#held !== undefined) this.#heldEnd = true;
    else this.#handlers.end(this);
  }

  failed(error: unknown): void {
    if (!this.#over) this.#error ??= netError(error);
  }

  closed(): void {
    clearTimeout(this.#attempt);
    const holds = this.#held !== undefined || (this.#heldEnd && this.#error === undefined);
    if (!holds || this.#over) return this.close();
    this.#heldClose = true;
    if (this.#error === undefined) return;
    this.drained();
    if (!this.#over && this.#held !== undefined) this.#handlers.broken?.(this);
  }

  release(): void {
    const held = this.#held;
    if (this.#over || this.#paused) return;
    this.#held = undefined;
    if (held !== undefined) this.#handlers.data(this, held);
    if (this.#isFull && !this.#over) {
      this.#isFull = false;
      this.#socket?.resume();
    }
    if (this.#over || this.#paused) return;
    if (this.#heldEnd && this.#error === undefined) this.#handlers.end(this);
    this.#heldEnd = false;
    if (this.#heldClose && !this.#over) this.close();
  }

  close(): void {
    this.#over = true;
    this.#handlers.close(this, this.#error);
  }
}

/** For the `connect` event of a socket that dials. */
function onConnect(this: Socket): void {
  (this as Carrier).conn.opened();
}

function onEnd(this: Socket): void {
  (this as Carrier).conn.ended();
}

function onError(this: Socket, error: unknown): void {
  (this as Carrier).conn.failed(error);
}

function onClose(this: Socket): void {
  (this as Carrier).conn.closed();
}

function releaseHeld<D>(conn: NodeConn<D>): void {
  conn.release();
}

function closeLast<D>(conn: NodeConn<D>): void {
  conn.close();
}
