/**
 * Blocking sockets by FFI, TCP and unix, for the two ends of the benchmark: what an event loop adds on either end would drown
 * what is measured between them. Bun on Linux only, one thread, no deadlines: whoever starts the process ends it.
 */
import { dlopen, FFIType, ptr } from 'bun:ffi';

const { symbols: libc } = dlopen('libc.so.6', {
  socket: { args: ['int', 'int', 'int'], returns: 'int' },
  connect: { args: ['int', 'ptr', 'u32'], returns: 'int' },
  bind: { args: ['int', 'ptr', 'u32'], returns: 'int' },
  listen: { args: ['int', 'int'], returns: 'int' },
  accept: { args: ['int', 'ptr', 'ptr'], returns: 'int' },
  getsockname: { args: ['int', 'ptr', 'ptr'], returns: 'int' },
  setsockopt: { args: ['int', 'int', 'int', 'ptr', 'u32'], returns: 'int' },
  recv: { args: ['int', 'ptr', 'usize', 'int'], returns: FFIType.i64_fast },
  send: { args: ['int', 'ptr', 'usize', 'int'], returns: FFIType.i64_fast },
  read: { args: ['int', 'ptr', 'usize'], returns: FFIType.i64_fast },
  close: { args: ['int'], returns: 'int' },
  usleep: { args: ['u32'], returns: 'int' },
});

const unix = 1;
const inet = 2;
const stream = 1;
const tcp = 6;
const noDelay = 1;
/** A peer that is gone is an error to report, not a SIGPIPE. */
const noSignal = 0x4000;
const addressBytes = 16;

/** A sockaddr_un. */
function pathAddress(path: string): Uint8Array {
  return Uint8Array.of(unix, 0, ...new TextEncoder().encode(path), 0);
}

/** A sockaddr_in; the family is in the machine's order, and Bun runs on little-endian machines only. */
export function addressOf(host: string, port: number): Uint8Array {
  const bytes = new Uint8Array(addressBytes);
  bytes[0] = inet;
  bytes.set([port >> 8, port & 0xff, ...host.split('.').map(Number)], 2);
  return bytes;
}

function checked(result: number | bigint, what: string): number {
  if (Number(result) < 0) throw new Error(`${what} failed`);
  return Number(result);
}

function withoutDelay(fd: number): number {
  checked(libc.setsockopt(fd, tcp, noDelay, ptr(new Int32Array([1])), 4), 'TCP_NODELAY');
  return fd;
}

/** `host` is a dotted IPv4 address, or the folder of a unix socket that is named as PostgreSQL's. */
export function open(host: string, port: number): number {
  if (host.startsWith('/')) {
    const address = pathAddress(`${host}/.s.PGSQL.${port}`);
    const fd = checked(libc.socket(unix, stream, 0), 'socket');
    checked(libc.connect(fd, ptr(address), address.length), `connecting to ${port} in ${host}`);
    return fd;
  }
  const fd = checked(libc.socket(inet, stream, 0), 'socket');
  checked(libc.connect(fd, ptr(addressOf(host, port)), addressBytes), `connecting to ${host}:${port}`);
  return withoutDelay(fd);
}

/** Listens on 127.0.0.1 at a port of the kernel's choice. */
export function listen(): { readonly fd: number; readonly port: number } {
  const fd = checked(libc.socket(inet, stream, 0), 'socket');
  const address = addressOf('127.0.0.1', 0);
  checked(libc.bind(fd, ptr(address), addressBytes), 'bind');
  checked(libc.listen(fd, 16), 'listen');
  checked(libc.getsockname(fd, ptr(address), ptr(new Uint32Array([addressBytes]))), 'getsockname');
  return { fd, port: (address[2] as number) << 8 | (address[3] as number) };
}

export function accept(listener: number): number {
  return withoutDelay(checked(libc.accept(listener, null, null), 'accept'));
}

export function close(fd: number): void {
  libc.close(fd);
}

/** Sends all of it. */
export function send(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    at += checked(libc.send(fd, ptr(bytes, at), bytes.length - at, noSignal), 'send');
  }
}

/** Waits for some bytes and returns how many came; 0 at the end. */
export function receive(fd: number, into: Uint8Array): number {
  return checked(libc.recv(fd, ptr(into), into.length, 0), 'recv');
}

export function rest(ms: number): void {
  libc.usleep(ms * 1000);
}

/** Blocks until whoever started this process writes a byte, and returns that; `q` if it closes the pipe. */
export function waitForWord(): string {
  const word = new Uint8Array(1);
  return Number(libc.read(0, ptr(word), 1)) === 1 ? String.fromCharCode(word[0] as number) : 'q';
}
