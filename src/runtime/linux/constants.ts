/** Numbers of the Linux ABI that are the same on x86-64 and arm64 (include/uapi of the kernel). */

export const AF = { UNIX: 1, INET: 2, INET6: 10 } as const;

export const SOCK = { STREAM: 1, DGRAM: 2, NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const;

export const SOL = { SOCKET: 1, TCP: 6 } as const;

export const SO = {
  REUSEADDR: 2,
  ERROR: 4,
  KEEPALIVE: 9,
  LINGER: 13,
  REUSEPORT: 15,
  PEERCRED: 17,
  ACCEPTCONN: 30,
} as const;

export const TCP = { NODELAY: 1, KEEPIDLE: 4, KEEPINTVL: 5, KEEPCNT: 6 } as const;

export const MSG = { PEEK: 0x02, DONTWAIT: 0x40, NOSIGNAL: 0x4000, CMSG_CLOEXEC: 0x4000_0000 } as const;

export const SCM_RIGHTS = 1;

/** Commands of fcntl. */
export const F = { SETFL: 4, DUPFD_CLOEXEC: 1030 } as const;

export const O_NONBLOCK = 0o4000;

export const SHUT_RD = 0;
export const SHUT_WR = 1;

export const F_DUPFD_CLOEXEC = 1030;

export const EPOLL = {
  IN: 0x001,
  OUT: 0x004,
  ERR: 0x008,
  HUP: 0x010,
  CLOEXEC: 0o2000000,
  ADD: 1,
  DEL: 2,
  MOD: 3,
} as const;

export const CLOCK_MONOTONIC = 1;

export const TFD = { CLOEXEC: 0o2000000, NONBLOCK: 0o4000 } as const;

export const EFD = { CLOEXEC: 0o2000000, NONBLOCK: 0o4000 } as const;

/**
 * struct epoll_event in 32-bit words: events, then the 64-bit data. It is packed on x86-64 and only there
 * (eventpoll.h, EPOLL_PACKED).
 */
export const epollEvent = process.arch === 'x64' ? { words: 3, data: 1 } : { words: 4, data: 2 };
