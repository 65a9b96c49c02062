/**
 * How the control plane wakes a data plane that is blocked in `epoll_wait`: an eventfd. The message itself goes through
 * a MessagePort; the waker only says that there is one.
 */
import { EFD, EPOLL } from './constants.ts';
import { errnoError } from './errno.ts';
import { openLibc } from './libc.ts';
import type { Poller } from './poller.ts';

export interface Waker {
  /** Valid in every thread of the process. */
  readonly fd: number;
  wake(): void;
  /** The thread that listened must have ended. */
  close(): void;
}

/** An eventfd counts in a native 64-bit number. */
const one = new Uint8Array(8);
one[0] = 1;

/** Throws if there is no libc to be had, or no descriptor. */
export function openWaker(): Waker {
  const libc = openLibc();
  const fd = libc.eventfd(0, EFD.CLOEXEC | EFD.NONBLOCK);
  if (fd < 0) throw new Error(errnoError(libc.errno(), 'eventfd').message);
  let isOpen = true;
  return {
    fd,
    // Once closed, the number may be that of a session's socket.
    wake: () => void (isOpen && libc.write(fd, one, one.length)),
    close: () => {
      if (isOpen) libc.close(fd);
      isOpen = false;
    },
  };
}

/** Calls `woken` in a turn of `poller` after one or more calls of `wake`. */
export function onWake(poller: Poller, fd: number, woken: () => void): void {
  const count = new Uint8Array(8);
  poller.add(fd, EPOLL.IN, {
    isBorrowed: true,
    ready() {
      // Reset before looking: a wake in between wakes again.
      poller.libc.read(fd, count, count.length);
      woken();
    },
  });
}
