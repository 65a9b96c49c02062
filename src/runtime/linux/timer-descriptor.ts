/**
 * Wakes the loop when its next timer is due: a timerfd. As a timeout of `epoll_wait` the same would cost each turn
 * a timer of the kernel, set and taken back; this one is set when the first deadline moves forward.
 */
import { now } from '../clock.ts';
import { CLOCK_MONOTONIC, TFD } from './constants.ts';
import type { Libc } from './libc.ts';

export class TimerDescriptor {
  readonly fd: number;
  readonly #libc: Libc;
  /** struct itimerspec: interval, then value, each as 64-bit seconds and nanoseconds; low halves come first. */
  readonly #spec = new Int32Array(8);
  readonly #count = new Uint8Array(8);
  #at = Infinity;

  /** `fd` is negative if the kernel gives none. */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.fd = libc.timerfd_create(CLOCK_MONOTONIC, TFD.NONBLOCK | TFD.CLOEXEC);
  }

  /** Fires at `at` or earlier. One that fires too early is cheaper than one that is set with every change. */
  set(at: number): void {
    if (at >= this.#at) return;
    this.#at = at;
    // All zero would be "never".
    const us = Math.max(1, Math.ceil((at - now()) * 1000));
    this.#spec[4] = Math.floor(us / 1e6);
    this.#spec[6] = us % 1e6 * 1000;
    this.#libc.timerfd_settime(this.fd, 0, this.#spec, null);
  }

  /** It has fired: quiet until it is set again. */
  clear(): void {
    this.#at = Infinity;
    this.#libc.read(this.fd, this.#count, this.#count.length);
  }
}
