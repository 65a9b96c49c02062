/** One datagram to a unix socket, and the clock that goes with it: what systemd is told by. */
import { AF, CLOCK_MONOTONIC, MSG, SOCK } from './constants.ts';
import { errnoError } from './errno.ts';
import { type Libc, openLibc } from './libc.ts';

const encoder = new TextEncoder();

/** `name` is a path, or with `@` before it a name in the abstract namespace (unix(7)). Throws an Error that says what failed. */
export function sendDatagram(name: string, text: string): void {
  const libc = openLibc();
  const fd = libc.socket(AF.UNIX, SOCK.DGRAM | SOCK.CLOEXEC, 0);
  check(libc, fd, 'socket');
  try {
    const address = addressOf(name);
    check(libc, libc.connect(fd, address, address.length), `connecting to ${name}`);
    const bytes = encoder.encode(text);
    check(libc, libc.send(fd, libc.pointerTo(bytes), bytes.length, MSG.DONTWAIT | MSG.NOSIGNAL), 'send');
  } finally {
    libc.close(fd);
  }
}

/** CLOCK_MONOTONIC in microseconds: `process.hrtime` of Bun and Deno begins with the process. */
export function monotonicMicroseconds(): bigint {
  const time = new Uint8Array(16);
  openLibc().clock_gettime(CLOCK_MONOTONIC, time);
  const view = new DataView(time.buffer);
  return view.getBigInt64(0, true) * 1_000_000n + view.getBigInt64(8, true) / 1_000n;
}

/** In the abstract namespace the length says where a name ends, so there is no zero byte behind it. */
function addressOf(name: string): Uint8Array {
  const isAbstract = name.startsWith('@');
  const text = encoder.encode(isAbstract ? `\0${name.slice(1)}` : `${name}\0`);
  const bytes = new Uint8Array(2 + text.length);
  new DataView(bytes.buffer).setUint16(0, AF.UNIX, true);
  bytes.set(text, 2);
  return bytes;
}

function check(libc: Libc, result: number, what: string): void {
  if (result < 0) throw new Error(errnoError(libc.errno(), what).message);
}
