/**
 * How the control half wakes a data half that is blocked in `epoll_wait`: an eventfd. The message itself goes through
 * a MessagePort; the bell only says that there is one.
 */
import { EFD, EPOLL } from './constants.ts';
import { errnoError } from './errno.ts';
import { openLibc } from './libc.ts';
import type { Poller } from './poller.ts';

export interface Bell {
  /** Valid in every thread of the process. */
  readonly fd: number;
  ring(): void;
  /** Whoever listened must be gone. */
  close(): void;
}

/** An eventfd counts in a native 64-bit number. */
const one = new Uint8Array(8);
one[0] = 1;

/** Throws if there is no libc to be had, or no descriptor. */
export function openBell(): Bell {
  const libc = openLibc();
  const fd = libc.eventfd(0, EFD.CLOEXEC | EFD.NONBLOCK);
  if (fd < 0) throw new Error(errnoError(libc.errno(), 'eventfd').message);
  let isOpen = true;
  return {
    fd,
    // Once closed, the number may be that of a session's socket.
    ring: () => void (isOpen && libc.write(fd, one, one.length)),
    close: () => {
      if (isOpen) libc.close(fd);
      isOpen = false;
    },
  };
}

/** Calls `heard` in a turn of `poller` after one or more rings. */
export function listenToBell(poller: Poller, fd: number, heard: () => void): void {
  const count = new Uint8Array(8);
  poller.add(fd, EPOLL.IN, {
    isBorrowed: true,
    ready() {
      // Reset before looking: a ring in between rings again.
      poller.libc.read(fd, count, count.length);
      heard();
    },
  });
}
