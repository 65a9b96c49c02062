import { connect as netConnect, type Socket as NetSocket } from 'node:net';
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

const noDescriptors = Object.assign(new Error('it takes no descriptor that listens'), { code: 'ENOTSUP' });

/** Bun sets its own backlog (512) whatever `options.backlog` says. */
function listen<D>(
  address: Address,
  options: ListenOptions,
  handlers: Handlers<D>,
  events: ListenerEvents,
): Listener {
  const isPath = 'path' in address;
  let count = 0;
  const socket = {
    ...EVENTS,
    open(accepted: BunSocket) {
      count += 1;
      if (!isPath) applyOptions(accepted, options);
      const conn = new BunConn<D>(handlers, undefined as D);
      accepted.data = conn as BunConn<unknown>;
      conn.opened(accepted);
    },
  };
  let bound: Bound;
  try {
    if (options.descriptor !== undefined) throw noDescriptors;
    bound = isPath ? listenPath(address, socket) : listenTcp(address, options.reusePort, socket);
  } catch (error) {
    events.failed(netError(error));
    return { address, close: () => undefined, drain: (done: () => void) => done() };
  }
  const drain = (done: () => void): void =>
    onceQuiet(() => count, () => {
      bound.close();
      done();
    });
  const listener = { ...bound, drain };
  events.listening(listener);
  return listener;
}

type Bound = Omit<Listener, 'drain'>;
type Accepting = Bun.SocketHandler<BunConn<unknown>>;

function listenPath(address: { readonly path: string }, socket: Accepting): Bound {
  const bound = Bun.listen<BunConn<unknown>>({ unix: address.path, allowHalfOpen: true, socket });
  return { address, close: () => bound.stop(false) };
}

function listenTcp(
  address: { readonly host: string; readonly port: number },
  reusePort: boolean,
  socket: Accepting,
): Bound {
  const { host, port } = address;
  // A value of its own, as Bun's types leave `reusePort` out.
  const options = { hostname: host, port, reusePort, allowHalfOpen: true, socket };
  const bound = Bun.listen<BunConn<unknown>>(options);
  return { address: { host, port: bound.port }, close: () => bound.stop(false) };
}

/** Sockets of Bun. */
export const bunRuntime: Runtime = { name: 'bun', listen, connect, after, now };

// Types only: under another runtime this file can be imported, and only a call would miss `Bun`.
type BunSocket = Bun.Socket<BunConn<unknown>>;

/** A dialling node:net socket knows its connection, and has the Bun socket that it drives. */
interface Dial extends NetSocket {
  conn: BunConn<unknown>;
  _handle: BunSocket | null;
}

/** One connection of Bun's sockets. What is public beside `Conn` is for the events of its socket. */
class BunConn<D> implements Conn<D> {
  data: D;
  remote = '';
  readonly #handlers: Handlers<D>;
  /** Undefined while connecting. */
  #socket: BunSocket | undefined;
  /** The attempt, while connecting. */
  #dial: Dial | undefined;
  #attempt: ReturnType<typeof setTimeout> | undefined;
  #paused = false;
  #owesDrain = false;
  #finished = false;
  #ended = false;
  /** Aborted or closed. */
  #over = false;
  /** Inside a call of the owner, where no handler may run. */
  #calling = false;
  /** What arrived while paused and waits for `resume`. */
  #heldData: Uint8Array[] | undefined;
  #heldEnd = false;
  #heldClose = false;
  #error: NetError | undefined;

  constructor(handlers: Handlers<D>, data: D) {
    this.#handlers = handlers;
    this.data = data;
  }

  get local(): string {
    // Of a unix socket Bun says port 0, or whatever it finds there.
    if (this.#over || this.remote === '') return '';
    return endpointText(this.#socket?.localAddress, this.#socket?.localPort);
  }

  write(bytes: Uint8Array): number {
    if (this.#over || this.#finished || bytes.length === 0) return 0;
    if (this.#error !== undefined) return bytes.length;
    const socket = this.#socket;
    if (socket === undefined) {
      this.#owesDrain = true;
      return 0;
    }
    const taken = socket.write(bytes);
    if (taken === bytes.length) return taken;
    if (taken < 0) {
      // Bun drops the errno, and on a paused socket the event itself: no `close` of its own would follow.
      this.#error ??= { code: 'EPIPE', message: 'write: the peer has closed the connection' };
      setImmediate(giveUp, this);
      return 0;
    }
    this.#owesDrain = true;
    return taken;
  }

  pause(): void {
    if (this.#over || this.#paused) return;
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    if (this.#over || !this.#paused) return;
    this.#paused = false;
    if (this.#heldData !== undefined || this.#heldEnd) setImmediate(releaseHeld, this);
    else this.#socket?.resume();
  }

  shutdown(): void {
    if (this.#over || this.#finished) return;
    this.#finished = true;
    this.#calling = true;
    // Without an argument it is the half-close; `end()` would close both ways.
    this.#socket?.shutdown();
    this.#calling = false;
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = undefined;
    this.#calling = true;
    if (this.#heldClose) setImmediate(closeLast, this);
    else if (this.#dial !== undefined) this.#dial.destroy();
    else this.#socket?.terminate();
    this.#calling = false;
  }

  dialling(dial: Dial, address: Address, timeoutMs: number): void {
    this.#dial = dial;
    this.#attempt = setTimeout(() => {
      this.#error = connectTimeout(address, timeoutMs);
      dial.destroy();
    }, timeoutMs);
  }

  opened(socket: BunSocket): void {
    if (this.#over) return;
    clearTimeout(this.#attempt);
    this.#dial = undefined;
    this.#socket = socket;
    this.remote = endpointText(socket.remoteAddress, socket.remotePort);
    if (this.#paused) socket.pause();
    if (this.#finished) socket.shutdown();
    const owesDrain = this.#owesDrain;
    this.#owesDrain = false;
    this.#handlers.open(this);
    if (owesDrain && !this.#over) this.#handlers.drain(this);
  }

  received(bytes: Uint8Array): void {
    if (this.#over) return;
    if (!this.#paused && this.#heldData === undefined) this.#handlers.data(this, bytes);
    // Bun reads a paused socket empty when it hangs up. Each of its chunks is an array of its own: no copy needed.
    else (this.#heldData ??= []).push(bytes);
  }

  /** Bun also calls this when nothing was short: after `resume`, after the peer's FIN. */
  drained(): void {
    if (!this.#owesDrain || this.#over) return;
    this.#owesDrain = false;
    this.#handlers.drain(this);
  }

  ended(): void {
    if (this.#over || this.#ended) return;
    this.#ended = true;
    if (this.#paused || this.#calling || this.#heldData !== undefined) this.#heldEnd = true;
    else this.#handlers.end(this);
  }

  failed(error: unknown): void {
    if (!this.#over) this.#error ??= netError(error);
  }

  closed(): void {
    clearTimeout(this.#attempt);
    this.#heldClose = true;
    if (this.#over) {
      if (this.#calling) setImmediate(closeLast, this);
      else this.close();
      return;
    }
    // The peer's FIN after our own is not reported as `end` but as the close.
    if (this.#error === undefined && this.#finished) this.ended();
    // The owner has aborted in `end`: then `close` is on its way.
    if (this.#over) return;
    // A close that the owner did not ask for, without a FIN and without an errno, is no clean end.
    if (!this.#ended) this.#error ??= { code: 'ECONNRESET', message: 'the connection broke' };
    if (this.#calling) setImmediate(releaseHeld, this);
    else if (!this.#holds) this.close();
    else if (this.#error !== undefined) {
      this.drained();
      if (!this.#over) this.#handlers.broken?.(this);
    }
  }

  /** There is something to be handed out before the close; behind an error the peer's FIN says nothing any more. */
  get #holds(): boolean {
    return this.#heldData !== undefined || (this.#heldEnd && this.#error === undefined);
  }

  release(): void {
    if (this.#heldClose && !this.#holds && !this.#over) return this.close();
    if (this.#over || this.#paused) return;
    while (this.#heldData !== undefined) {
      const bytes = this.#heldData.shift();
      if (bytes === undefined) this.#heldData = undefined;
      else this.#handlers.data(this, bytes);
      if (this.#over || this.#paused) return;
    }
    if (this.#heldEnd && this.#error === undefined) this.#handlers.end(this);
    this.#heldEnd = false;
    if (this.#over) return;
    if (this.#heldClose) this.close();
    else if (!this.#paused) this.#socket?.resume();
  }

  giveUp(): void {
    if (!this.#over) this.#socket?.terminate();
  }

  close(): void {
    this.#over = true;
    this.#handlers.close(this, this.#error);
  }
}

function releaseHeld<D>(conn: BunConn<D>): void {
  conn.release();
}

function closeLast<D>(conn: BunConn<D>): void {
  conn.close();
}

function giveUp<D>(conn: BunConn<D>): void {
  conn.giveUp();
}
