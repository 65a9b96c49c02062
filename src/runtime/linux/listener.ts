/** A listening descriptor. */
import type {
  Address,
  Handlers,
  Listener,
  ListenerEvents,
  ListenOptions,
  SocketOptions,
} from '../runtime.ts';
import { EPOLL, F, O_NONBLOCK, SO, SOCK, SOL, TCP } from './constants.ts';
import { errno, errnoError, isExhaustion, isTryAgain } from './errno.ts';
import type { Libc } from './libc.ts';
import type { Poller, Watcher } from './poller.ts';
import { cString, decodeAddress, encodeAddress, sockaddrBytes } from './sockaddr.ts';
import { NativeConn } from './socket.ts';

/** How many clients one turn accepts; those behind them wait in the backlog while sessions get their turn. */
const acceptsPerTurn = 64;

/** More than a queue holds: clients that go on coming must not keep a listener open. */
const mostDrained = 65_536;

/** How long a listener rests when there are no descriptors left. */
const restMs = 100;

/** Called when accepting has failed for want of descriptors or memory, at most once until that is over. */
export type Exhausted = (why: string) => void;

export class NativeListener<D> implements Listener, Watcher {
  address: Address;
  readonly #poller: Poller;
  readonly #handlers: Handlers<D>;
  readonly #exhausted: Exhausted;
  #fd: number;
  readonly #backlog: number;
  #isExhausted = false;

  constructor(
    poller: Poller,
    fd: number,
    address: Address,
    backlog: number,
    handlers: Handlers<D>,
    exhausted: Exhausted,
  ) {
    this.#poller = poller;
    this.#fd = fd;
    this.#backlog = backlog;
    this.address = address;
    this.#handlers = handlers;
    this.#exhausted = exhausted;
    poller.add(fd, EPOLL.IN, this);
  }

  get descriptor(): number {
    return this.#fd;
  }

  close(): void {
    if (this.#fd < 0) return;
    this.#poller.close(this.#fd);
    if ('path' in this.address) this.#poller.libc.unlink(cString(this.address.path));
    this.#fd = -1;
  }

  share(): number | undefined {
    // Never 0, which says that there is none.
    const fd = this.#poller.libc.fcntl(this.#fd, F.DUPFD_CLOEXEC, 1);
    return fd < 0 ? undefined : fd;
  }

  drain(done: () => void): void {
    for (let count = 0; count < mostDrained && this.#fd >= 0 && this.#accept(); count++);
    this.close();
    done();
  }

  ready(): void {
    for (let count = 0; count < acceptsPerTurn && this.#fd >= 0; count++) {
      if (!this.#accept()) return this.#notAccepted(this.#poller.libc.errno());
    }
  }

  #accept(): boolean {
    const fd = this.#poller.libc.accept4(this.#fd, null, null, SOCK.NONBLOCK | SOCK.CLOEXEC);
    if (fd < 0) return false;
    this.#poller.garbage.accepted();
    new NativeConn<D>(this.#poller, fd, this.#handlers, undefined as D).accepted();
    return true;
  }

  #notAccepted(error: number): void {
    // Another thread has stopped it, as this one did not move (`stopListening`). Now it does.
    if (error === errno.EINVAL && this.#poller.libc.listen(this.#fd, this.#backlog) === 0) return;
    // No client waits any more: if descriptors or memory were lacking, that is over.
    if (isTryAgain(error)) this.#isExhausted = false;
    // ECONNABORTED: the client has left the backlog; the next call gets the next one.
    if (isTryAgain(error) || error === errno.ECONNABORTED) return;
    if (!this.#isExhausted) this.#exhausted(errnoError(error, 'accept').message);
    this.#isExhausted = isExhaustion(error);
    // The listener stays readable: without a rest the loop would spin on it.
    this.#poller.change(this.#fd, 0);
    this.#poller.after(restMs, () => {
      if (this.#fd >= 0) this.#poller.change(this.#fd, EPOLL.IN);
    });
  }
}

/** Binds and listens; calls one of `events` before it returns. */
export function listenNative<D>(
  poller: Poller,
  address: Address,
  options: ListenOptions,
  handlers: Handlers<D>,
  events: ListenerEvents,
  exhausted: Exhausted,
): Listener {
  const { libc } = poller;
  const refused = { address, close: () => {}, drain: (done: () => void) => done() };
  const target = encodeAddress(libc, address);
  if (target === undefined) {
    events.failed({ code: 'EINVAL', message: 'listen EINVAL: the address is not numeric' });
    return refused;
  }
  const { descriptor } = options;
  const fd = descriptor === undefined
    ? libc.socket(target.family, SOCK.STREAM | SOCK.NONBLOCK | SOCK.CLOEXEC, 0)
    : libc.fcntl(descriptor, F.DUPFD_CLOEXEC, 0);
  const fail = (what: string): Listener => {
    const error = errnoError(libc.errno(), what);
    if (fd >= 0) libc.close(fd);
    events.failed(error);
    return refused;
  };
  if (fd < 0) return fail(descriptor === undefined ? 'socket' : `the descriptor ${descriptor}`);
  // Accepted sockets inherit these, so that accepting costs no further call.
  if (!('path' in address)) applyOptions(libc, fd, options);
  if (descriptor === undefined) {
    setInt(libc, fd, SOL.SOCKET, SO.REUSEADDR, 1);
    if (!('path' in address) && options.reusePort) setInt(libc, fd, SOL.SOCKET, SO.REUSEPORT, 1);
    if (libc.bind(fd, target.bytes, target.bytes.length) < 0) return fail('bind');
  } else {
    // The gateway before may have been set otherwise.
    if (options.keepAlive === undefined) setInt(libc, fd, SOL.SOCKET, SO.KEEPALIVE, 0);
    // systemd passes its sockets without this, whatever it had set itself.
    if (libc.fcntl(fd, F.SETFL, O_NONBLOCK) < 0) return fail('fcntl');
  }
  // Again is no error: it sets the length of the queue.
  if (libc.listen(fd, options.backlog) < 0) return fail('listen');
  const bound = boundAddress(libc, fd, address);
  const listener = new NativeListener(poller, fd, bound, options.backlog, handlers, exhausted);
  events.listening(listener);
  return listener;
}

export function applyOptions(
  libc: Libc,
  fd: number,
  { noDelay, keepAlive }: SocketOptions,
): void {
  if (noDelay) setInt(libc, fd, SOL.TCP, TCP.NODELAY, 1);
  if (keepAlive === undefined) return;
  setInt(libc, fd, SOL.SOCKET, SO.KEEPALIVE, 1);
  setInt(libc, fd, SOL.TCP, TCP.KEEPIDLE, wholeSeconds(keepAlive.idleMs));
  setInt(libc, fd, SOL.TCP, TCP.KEEPINTVL, wholeSeconds(keepAlive.intervalMs));
  setInt(libc, fd, SOL.TCP, TCP.KEEPCNT, keepAlive.count);
}

/** Where the kernel reads the value of an option. */
const word = new Int32Array(1);

function setInt(libc: Libc, fd: number, level: number, option: number, value: number): void {
  word[0] = value;
  libc.setsockopt(fd, level, option, word, 4);
}

function wholeSeconds(ms: number): number {
  return Math.max(1, Math.round(ms / 1000));
}

function boundAddress(libc: Libc, fd: number, asked: Address): Address {
  if ('path' in asked) return asked;
  const bytes = new Uint8Array(sockaddrBytes);
  if (libc.getsockname(fd, bytes, Int32Array.of(sockaddrBytes)) < 0) return asked;
  return decodeAddress(bytes) ?? asked;
}
