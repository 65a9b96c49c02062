/** A connection over a descriptor. The kernel's buffers are the only ones: what `write` takes is the kernel's. */
import { connectTimeout } from '../net-error.ts';
import type { Address, Conn, Handlers, NetError, Timer } from '../runtime.ts';
import { EPOLL, MSG, SHUT_WR, SO, SOL } from './constants.ts';
import { errnoError, isTryAgain } from './errno.ts';
import { type Poller, receiveBytes, type Watcher } from './poller.ts';
import { addressOf, sockaddrBytes } from './sockaddr.ts';

const dontWait = MSG.DONTWAIT;
const peek = MSG.DONTWAIT | MSG.PEEK;
const sendFlags = MSG.DONTWAIT | MSG.NOSIGNAL;

/** Where the kernel writes an int, and its length. */
const word = new Int32Array(1);
const wordBytes = new Int32Array(1);

/** struct linger { on, seconds }: closing with no time left sends RST. */
const reset = Int32Array.of(1, 0);

/** A connect: where to, and how long it may take. */
export interface Attempt {
  readonly address: Address;
  readonly timeoutMs: number;
  /** It has arrived already; its owner is told after this turn. */
  readonly isThere: boolean;
}

export class NativeConn<D> implements Conn<D>, Watcher {
  data: D;
  readonly #poller: Poller;
  readonly #handlers: Handlers<D>;
  #fd: number;
  /** What epoll watches for; -1: this descriptor is not in it. */
  #watched = -1;
  #paused = false;
  #owesDrain = false;
  /** Our FIN was asked for; the peer's was read. */
  #finished = false;
  #ended = false;
  /** Aborted, broken or closed: nothing is handed out any more but `close`. */
  #over = false;
  /** From here on it is broken, and only what the peer had said before is still handed out. */
  #error: NetError | undefined;
  /** The clock of a connect that is still on its way. */
  #attempt: Timer | undefined;
  // One field more, and Bun takes 160 bytes for each instead of 112.

  /** Takes over `fd`; `attempt` is there if it is still on its way. */
  constructor(poller: Poller, fd: number, handlers: Handlers<D>, data: D, attempt?: Attempt) {
    this.#poller = poller;
    this.#fd = fd;
    this.#handlers = handlers;
    this.data = data;
    if (attempt === undefined) return;
    const { address, timeoutMs, isThere } = attempt;
    this.#attempt = poller.after(timeoutMs, () => this.#fail(connectTimeout(address, timeoutMs)));
    try {
      if (isThere) poller.later(() => this.#arrived());
      else this.#watch();
    } catch (error) {
      // The kernel has no room for one more in epoll.
      this.broken(error);
    }
  }

  get #connecting(): boolean {
    return this.#attempt !== undefined;
  }

  /** Asked for when it is needed, which is seldom. */
  get remote(): string {
    return this.#end('getpeername');
  }

  get local(): string {
    return this.#end('getsockname');
  }

  #end(call: 'getpeername' | 'getsockname'): string {
    if (this.#fd < 0 || this.#connecting) return '';
    const bytes = new Uint8Array(sockaddrBytes);
    const failed = this.#poller.libc[call](this.#fd, bytes, Int32Array.of(sockaddrBytes)) < 0;
    return failed ? '' : addressOf(bytes);
  }

  write(bytes: Uint8Array): number {
    if (this.#over || this.#finished || bytes.length === 0) return 0;
    if (this.#error !== undefined) return bytes.length;
    if (this.#connecting) {
      this.#owesDrain = true;
      return 0;
    }
    const { libc, buffer, bufferPointer } = this.#poller;
    // Nearly always they are what was just received, at the start of the one buffer: its address is known.
    const pointer = bytes.buffer === buffer.buffer && bytes.byteOffset === 0
      ? bufferPointer
      : libc.pointerTo(bytes);
    const taken = libc.send(this.#fd, pointer, bytes.length, sendFlags);
    if (taken === bytes.length) return taken;
    return this.#short(taken);
  }

  pause(): void {
    if (this.#over || this.#paused) return;
    this.#paused = true;
    this.#watch();
  }

  resume(): void {
    if (this.#over || !this.#paused) return;
    this.#paused = false;
    if (this.#error === undefined) this.#watch();
    else this.#poller.later(() => this.#readOut());
  }

  shutdown(): void {
    if (this.#over || this.#finished) return;
    this.#finished = true;
    if (this.#connecting) return;
    // Closing says the same: nothing is left to be read, of which it would tell the peer by RST.
    if (this.#ended) this.#finish();
    else this.#poller.libc.shutdown(this.#fd, SHUT_WR);
  }

  abort(): void {
    if (this.#over) return;
    if (!this.#connecting) {
      this.#poller.libc.setsockopt(this.#fd, SOL.SOCKET, SO.LINGER, reset, reset.byteLength);
    }
    this.#error = undefined;
    this.#finish();
  }

  /** The attempt has failed before it could begin; `close` comes after this turn. */
  failLater(error: NetError): void {
    this.#fail(error);
  }

  /** Where the kernel has no room for one more in epoll it is closed, and its owner hears nothing of it. */
  accepted(): void {
    try {
      this.#watch();
    } catch (error) {
      this.#over = true;
      this.#poller.close(this.#fd);
      this.#poller.faulted(error);
      return;
    }
    this.opened();
  }

  #arrived(): void {
    // Paused meanwhile it was watched, too, and epoll has told before.
    if (this.#over || !this.#connecting) return;
    try {
      this.opened();
    } catch (error) {
      this.broken(error);
      this.#poller.faulted(error);
    }
  }

  /** Connected, or accepted. */
  opened(): void {
    this.#attempt?.cancel();
    this.#attempt = undefined;
    this.#watch();
    if (this.#finished) this.#poller.libc.shutdown(this.#fd, SHUT_WR);
    const owesDrain = this.#owesDrain;
    this.#owesDrain = false;
    this.#handlers.open(this);
    if (owesDrain && !this.#over) this.#handlers.drain(this);
  }

  ready(events: number): void {
    if (this.#over) return;
    if ((events & EPOLL.ERR) !== 0) {
      const error = this.#socketError();
      if (error !== 0 && this.#connecting) return this.#fail(errnoError(error, 'connect'));
      if (error !== 0) return this.#breakOff(errnoError(error, 'read'));
    }
    if (this.#connecting) return this.opened();
    if ((events & EPOLL.OUT) !== 0 && this.#owesDrain) {
      this.#owesDrain = false;
      this.#watch();
      this.#handlers.drain(this);
      if (this.#over) return;
    }
    if (!this.#paused && !this.#ended) {
      if ((events & (EPOLL.IN | EPOLL.HUP)) !== 0) this.#receive();
    } else if ((events & EPOLL.HUP) !== 0) {
      // HUP cannot be masked, and nothing can be done about it now: out of epoll until `resume`.
      this.#unwatch();
    }
  }

  /** A fault of this engine, or of a handler: the connection is of no more use. */
  broken(error: unknown): void {
    this.#fail({ code: 'EUNKNOWN', message: `the engine failed: ${error}` });
  }

  #receive(): void {
    const { libc, bufferPointer } = this.#poller;
    const length = libc.recv(this.#fd, bufferPointer, receiveBytes, dontWait);
    if (length > 0) return this.#handlers.data(this, this.#poller.view(length));
    if (length === 0) {
      this.#ended = true;
      this.#handlers.end(this);
      // Not before: where that was the end of both, epoll need not be told.
      if (this.#finished) this.#finish();
      else this.#watch();
      return;
    }
    const error = libc.errno();
    if (!isTryAgain(error)) this.#fail(errnoError(error, 'read'));
  }

  /** The kernel took less than all. */
  #short(taken: number): number {
    if (taken < 0) {
      const error = this.#poller.libc.errno();
      if (!isTryAgain(error)) {
        this.#owesDrain = true;
        this.#poller.later(() => this.#breakOff(errnoError(error, 'write')));
        return 0;
      }
    }
    this.#owesDrain = true;
    this.#watch();
    return Math.max(0, taken);
  }

  /** Tells epoll what we wait for, if that has changed. */
  #watch(): void {
    const wanted = this.#connecting
      ? EPOLL.OUT
      : (this.#paused || this.#ended ? 0 : EPOLL.IN) | (this.#owesDrain ? EPOLL.OUT : 0);
    if (wanted === this.#watched || this.#over || this.#error !== undefined) return;
    if (this.#watched < 0) this.#poller.add(this.#fd, wanted, this);
    else this.#poller.change(this.#fd, wanted);
    this.#watched = wanted;
  }

  #socketError(): number {
    const { libc } = this.#poller;
    wordBytes[0] = word.byteLength;
    const failed = libc.getsockopt(this.#fd, SOL.SOCKET, SO.ERROR, word, wordBytes) < 0;
    return failed ? libc.errno() : word[0]!;
  }

  #unwatch(): void {
    if (this.#watched >= 0) this.#poller.remove(this.#fd);
    this.#watched = -1;
  }

  /**
   * Broken, but what the peer said before that is still there to be read (Linux keeps what it has acknowledged), and with
   * a server it is the reason: its FATAL is followed by RST where it has left bytes unread.
   */
  #breakOff(error: NetError): void {
    if (this.#over || this.#error !== undefined) return;
    this.#error = error;
    this.#unwatch();
    if (this.#owesDrain && this.#holdsBytes()) {
      this.#owesDrain = false;
      this.#handlers.drain(this);
    }
    this.#readOut();
  }

  /** Hands out what is left, one receive a turn as ever, and closes behind it; paused, it waits for `resume`. */
  #readOut(): void {
    if (this.#over) return;
    if (this.#paused && this.#holdsBytes()) return this.#handlers.broken?.(this);
    const { libc, bufferPointer } = this.#poller;
    const length = this.#paused || this.#ended
      ? 0
      : libc.recv(this.#fd, bufferPointer, receiveBytes, dontWait);
    if (length <= 0) return this.#finish();
    this.#handlers.data(this, this.#poller.view(length));
    // Paused and resumed in the handler, it is on its way already: twice does no harm.
    this.#poller.later(() => this.#readOut());
  }

  /** The kernel has bytes of the peer. */
  #holdsBytes(): boolean {
    const { libc, bufferPointer } = this.#poller;
    return !this.#ended && libc.recv(this.#fd, bufferPointer, 1, peek) > 0;
  }

  #fail(error: NetError): void {
    if (this.#over) return;
    this.#error = error;
    this.#finish();
  }

  /** Nothing more but `close`, after this turn: no handler may run inside a call of the owner. */
  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#attempt?.cancel();
    this.#poller.later(() => this.#close());
  }

  #close(): void {
    this.#poller.garbage.closed(this.#owesDrain);
    if (this.#fd >= 0) this.#poller.close(this.#fd);
    this.#fd = -1;
    this.#handlers.close(this, this.#error);
  }
}
