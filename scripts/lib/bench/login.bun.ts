/** Sessions over blocking sockets: logging in, waiting for answers, leaving. Bun on Linux only, as socket.bun.ts. */
import { endsReady, message, startupMessage } from './protocol.ts';
import { close, open, receive, send } from './socket.bun.ts';

/** What was received last; every call uses it. */
export const buffer = new Uint8Array(1 << 18);

/** One line of JSON, for whoever started this process. */
export function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Reads to the next ReadyForQuery; returns how many bytes came. What came last is in `buffer`. */
export function untilReady(fd: number): number {
  for (let total = 0;;) {
    const length = receive(fd, buffer);
    if (length === 0) throw new Error('the server closed the connection');
    total += length;
    // An error in answer to the startup is followed by the end, and is the first thing that comes.
    if (total === length && buffer[0] === 0x45) {
      throw new Error(new TextDecoder().decode(buffer.subarray(5, length)));
    }
    if (endsReady(buffer, length)) return total;
  }
}

export function login(host: string, port: number): number {
  const fd = open(host, port);
  send(fd, startupMessage());
  untilReady(fd);
  return fd;
}

/** Opens `count` sessions at once; each has answered. */
export function loginTogether(host: string, port: number, count: number): number[] {
  const fds = Array.from({ length: count }, () => {
    const fd = open(host, port);
    send(fd, startupMessage());
    return fd;
  });
  for (const fd of fds) untilReady(fd);
  return fds;
}

/** Says goodbye and waits for the end of each, so that no server process of theirs disturbs what comes next. */
export function leave(fds: readonly number[]): void {
  for (const fd of fds) send(fd, message('X'));
  for (const fd of fds) {
    while (receive(fd, buffer) > 0);
    close(fd);
  }
}
