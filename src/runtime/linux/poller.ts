/**
 * The loop: `epoll_wait`, level-triggered, with timers and a list of what is to be done after each turn. It knows
 * descriptors and their watchers, and nothing of sockets.
 */
import { now } from '../clock.ts';
import type { Timer } from '../runtime.ts';
import { TimerDescriptor } from './timer-descriptor.ts';
import { EPOLL, epollEvent, SHUT_RD } from './constants.ts';
import { errnoError, isTryAgain } from './errno.ts';
import { GarbageCollection } from '../garbage.ts';
import type { Libc, Pointer } from './libc.ts';
import { Timers } from './timers.ts';

/** The owner of a descriptor. */
export interface Watcher {
  /** The descriptor is ready; `events` are bits of EPOLL. Once at the most in each turn. */
  ready(events: number): void;
  /** `ready` has thrown: whatever it stands for must not be ready again for the same reason. */
  broken?(error: unknown): void;
  /** The descriptor is another thread's: not ours to close. */
  readonly isBorrowed?: true;
}

/** How many descriptors one turn serves; the others come first in the next. */
const eventsPerTurn = 256;

/** The timeout of `epoll_wait` that is none. */
const forEver = -1;

/**
 * What one receive takes at the most, and so what one connection gets in one turn. Four times as much as usual: bulk
 * costs a third less of the processor than with 64 KiB. It bounds what is kept of a slow reader.
 */
export const receiveBytes = 256 * 1024;

/** Views are kept of lengths below this; what is longer is rare among small questions, and its copying costs more. */
const keptViews = 16 * 1024;

export class Poller {
  readonly libc: Libc;
  readonly #epoll: number;
  readonly #events = new Int32Array(eventsPerTurn * epollEvent.words);
  readonly #change = new Int32Array(4);
  /** By descriptor: every one of this thread's. The kernel knows nothing of threads: see `closeAll`. */
  readonly #watchers: (Watcher | undefined)[] = [];
  readonly #timers = new Timers((error) => this.faulted(error));
  readonly #timer: TimerDescriptor;
  #after: (() => void)[] = [];
  /** Hears of what a watcher, a timer or something done later has thrown; the loop goes on, and serves the others. */
  faulted: (error: unknown) => void = (error) => {
    throw error;
  };
  #isRunning = false;
  #isClosed = false;
  /** The one buffer into which everything is received, its address, and the views of it that were needed so far. */
  readonly buffer = new Uint8Array(receiveBytes);
  readonly bufferPointer: Pointer;
  readonly garbage: GarbageCollection = new GarbageCollection(this);
  readonly #views: (Uint8Array | undefined)[] = [];

  /** For how long a turn asks the kernel again and again before it sleeps; 0: not at all. */
  readonly #spinMs: number;
  /** The last sleep was so short that asking would have been quicker. */
  #spinPays = false;

  /** Throws if the kernel gives no epoll. */
  constructor(libc: Libc, spinMs = 0) {
    this.libc = libc;
    this.#spinMs = spinMs;
    this.bufferPointer = libc.pointerTo(this.buffer);
    this.#epoll = libc.epoll_create1(EPOLL.CLOEXEC);
    if (this.#epoll < 0) throw new Error(errnoError(libc.errno(), 'epoll_create1').message);
    this.#timer = new TimerDescriptor(libc);
    if (this.#timer.fd < 0) throw new Error(errnoError(libc.errno(), 'timerfd_create').message);
    this.add(this.#timer.fd, EPOLL.IN, { ready: () => this.#fireTimers() });
  }

  /** The first `length` bytes of the receive buffer. Kept by length, because making a view is an allocation. */
  view(length: number): Uint8Array {
    if (length >= keptViews) return length === receiveBytes ? this.buffer : this.buffer.subarray(0, length);
    return this.#views[length] ??= this.buffer.subarray(0, length);
  }

  /** Begins to watch `fd`, which is then ours until `close`. */
  add(fd: number, events: number, watcher: Watcher): void {
    this.#watchers[fd] = watcher;
    this.#control(EPOLL.ADD, fd, events);
  }

  /** Watches for other events. ERR and HUP always come. */
  change(fd: number, events: number): void {
    this.#control(EPOLL.MOD, fd, events);
  }

  /** Does not watch any more, not even for ERR and HUP. */
  remove(fd: number): void {
    this.#control(EPOLL.DEL, fd, 0);
  }

  /** Closes `fd`, which epoll forgets by that. */
  close(fd: number): void {
    this.#watchers[fd] = undefined;
    this.libc.close(fd);
  }

  /** Calls `fn` at the end of this turn, or of the next if there is none. */
  later(fn: () => void): void {
    this.#after.push(fn);
  }

  after(ms: number, fn: () => void): Timer {
    return this.#timers.add(now() + ms, fn);
  }

  /** Turns until `stop`. */
  run(): void {
    this.#isRunning = true;
    while (this.#isRunning) this.turn(Infinity);
  }

  stop(): void {
    this.#isRunning = false;
  }

  /**
   * For a thread that dies: descriptors belong to the process and would outlive it, a listener that accepts no client
   * among them. Nothing may be used afterwards.
   */
  closeAll(): void {
    this.#watchers.forEach((watcher, fd) => {
      if (watcher === undefined || watcher.isBorrowed) return;
      // The control plane has a descriptor of its own for a listener: without this it would still get clients.
      this.libc.shutdown(fd, SHUT_RD);
      this.libc.close(fd);
    });
    this.#watchers.length = 0;
    if (!this.#isClosed) this.libc.close(this.#epoll);
    this.#isClosed = true;
  }

  /** Waits for events, timers among them, but no longer than `mostMs`, and serves them. */
  turn(mostMs: number): void {
    this.#timer.set(this.#timers.next);
    const count = this.#wait(this.#after.length > 0 ? 0 : mostMs === Infinity ? forEver : Math.ceil(mostMs));
    if (count < 0 && !isTryAgain(this.libc.errno())) {
      throw new Error(errnoError(this.libc.errno(), 'epoll_wait').message);
    }
    for (let index = 0; index < count; index++) {
      const at = index * epollEvent.words;
      const watcher = this.#watchers[this.#events[at + epollEvent.data]!];
      try {
        watcher?.ready(this.#events[at]!);
      } catch (error) {
        watcher?.broken?.(error);
        this.faulted(error);
      }
    }
    // Descriptors are closed here and not before: the kernel would give their numbers to new ones, and events of
    // this turn would reach the wrong owner.
    if (this.#after.length > 0) this.#runAfter();
  }

  /** How many events came, within `ms`. */
  #wait(ms: number): number {
    if (this.#spinMs === 0 || ms === 0) return this.#poll(ms);
    const from = now();
    if (this.#spinPays) {
      do {
        const count = this.#poll(0);
        if (count !== 0) return count;
      } while (now() - from < this.#spinMs);
    }
    const count = this.#poll(ms);
    this.#spinPays = now() - from < this.#spinMs;
    return count;
  }

  #poll(ms: number): number {
    return this.libc.epoll_wait(this.#epoll, this.#events, eventsPerTurn, ms);
  }

  #runAfter(): void {
    const list = this.#after;
    this.#after = [];
    for (const fn of list) {
      try {
        fn();
      } catch (error) {
        this.faulted(error);
      }
    }
  }

  #fireTimers(): void {
    this.#timer.clear();
    this.#timers.fire(now());
  }

  #control(operation: number, fd: number, events: number): void {
    this.#change[0] = events;
    this.#change[epollEvent.data] = fd;
    if (this.libc.epoll_ctl(this.#epoll, operation, fd, this.#change) < 0) {
      throw new Error(errnoError(this.libc.errno(), `epoll_ctl of descriptor ${fd}`).message);
    }
  }
}
