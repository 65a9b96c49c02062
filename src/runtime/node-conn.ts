import type { Socket } from 'node:net';
import { connectTimeout, endpointText, netError } from './net-error.ts';
import type { Address, Conn, Handlers, NetError } from './runtime.ts';

/** A socket knows its connection, so that one set of functions serves them all. */
interface Carrier extends Socket {
  conn: NodeConn<unknown>;
}

/** One connection of node:net. What is public beside `Conn` is for the events of its socket. */
export class NodeConn<D> implements Conn<D> {
  data: D;
  remote = '';
  readonly #socket: Socket;
  readonly #handlers: Handlers<D>;
  #connecting: boolean;
  #attempt: ReturnType<typeof setTimeout> | undefined;
  #paused = false;
  #owesDrain = false;
  /** FIN asked for: node:net would raise an error event for a write after it. */
  #finished = false;
  /** Aborted or closed. */
  #over = false;
  /** The peer's FIN and the close that wait for `resume`. */
  #heldEnd = false;
  #heldClose = false;
  #error: NetError | undefined;

  constructor(socket: Socket, handlers: Handlers<D>, data: D, connecting: boolean) {
    this.data = data;
    this.#socket = socket;
    this.#handlers = handlers;
    this.#connecting = connecting;
    (socket as Carrier).conn = this as NodeConn<unknown>;
    socket.on('data', onData).on('drain', onDrain).on('end', onEnd).on('error', onError).on('close', onClose);
  }

  write(bytes: Uint8Array): number {
    if (this.#over || this.#finished || bytes.length === 0) return 0;
    const socket = this.#socket;
    // All or nothing: node:net queues whatever it is given, so the bound is that nothing is given to a full queue.
    // At the high water mark node:net owes a 'drain' itself.
    if (this.#connecting || socket.writableLength >= socket.writableHighWaterMark) {
      this.#owesDrain = true;
      return 0;
    }
    socket.write(bytes);
    return bytes.length;
  }

  pause(): void {
    if (this.#over || this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (this.#over || !this.#paused) return;
    this.#paused = false;
    if (this.#heldEnd) setImmediate(releaseHeld, this);
    else this.#socket.resume();
  }

  shutdown(): void {
    if (this.#over || this.#finished) return;
    this.#finished = true;
    this.#socket.end();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#heldClose) setImmediate(closeLast, this);
    // resetAndDestroy throws on a unix socket, on a connecting one it waits for the connect, and with a FIN of ours
    // still to be sent it never closes (libuv resets no stream that is shutting down).
    else if (this.#connecting || this.remote === '' || this.#isFinPending()) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  #isFinPending(): boolean {
    return this.#finished && !this.#socket.writableFinished;
  }

  /** Starts the clock of a connect attempt. */
  limitAttempt(address: Address, timeoutMs: number): void {
    this.#attempt = setTimeout(() => {
      this.#error = connectTimeout(address, timeoutMs);
      this.#socket.destroy();
    }, timeoutMs);
  }

  opened(): void {
    if (this.#over) return;
    clearTimeout(this.#attempt);
    this.#connecting = false;
    this.remote = endpointText(this.#socket.remoteAddress, this.#socket.remotePort);
    const owesDrain = this.#owesDrain;
    this.#owesDrain = false;
    this.#handlers.open(this);
    if (owesDrain && !this.#over) this.#handlers.drain(this);
  }

  received(bytes: Uint8Array): void {
    if (!this.#over) this.#handlers.data(this, bytes);
  }

  drained(): void {
    if (!this.#owesDrain || this.#over) return;
    this.#owesDrain = false;
    this.#handlers.drain(this);
  }

  /** node:net reports the end of a paused socket too, if nothing is buffered. */
  ended(): void {
    if (this.#over) return;
    if (this.#paused) this.#heldEnd = true;
    else this.#handlers.end(this);
  }

  failed(error: unknown): void {
    if (!this.#over) this.#error ??= netError(error);
  }

  closed(): void {
    clearTimeout(this.#attempt);
    if (this.#heldEnd && !this.#over && this.#error === undefined) this.#heldClose = true;
    else this.close();
  }

  release(): void {
    if (this.#over || this.#paused || !this.#heldEnd) return;
    this.#heldEnd = false;
    this.#handlers.end(this);
    if (this.#heldClose && !this.#over) this.close();
  }

  close(): void {
    this.#over = true;
    this.#handlers.close(this, this.#error);
  }
}

/** For the `connect` event of a socket that dials. */
export function onConnect(this: Socket): void {
  (this as Carrier).conn.opened();
}

function onData(this: Socket, bytes: Uint8Array): void {
  (this as Carrier).conn.received(bytes);
}

function onDrain(this: Socket): void {
  (this as Carrier).conn.drained();
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
