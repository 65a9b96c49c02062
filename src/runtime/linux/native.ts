/** The native engine as a runtime: Linux itself, by FFI, for a thread that does nothing else. */
import { now } from '../clock.ts';
import type { Address, Conn, ConnectOptions, Handlers, Runtime } from '../runtime.ts';
import { SOCK } from './constants.ts';
import { errno, errnoError } from './errno.ts';
import { type Libc, openLibc } from './libc.ts';
import { applyOptions, type Exhausted, listenNative } from './listener.ts';
import { Poller } from './poller.ts';
import { encodeAddress } from './sockaddr.ts';
import { NativeConn } from './socket.ts';

export interface NativeRuntime extends Runtime {
  readonly poller: Poller;
}

/** Why there is no such engine on this system; undefined if there may be one. */
export function unsupported(
  platform: string = process.platform,
  arch: string = process.arch,
): string | undefined {
  if (platform !== 'linux') return `it is for Linux, and this is ${platform}`;
  if (arch !== 'x64' && arch !== 'arm64') return `it does not know ${arch}`;
  return undefined;
}

/** Throws an Error that says why not. `exhausted` is called for accepts that fail for want of descriptors. */
export function openNative(exhausted: Exhausted, spinMs = 0): NativeRuntime {
  const poller = new Poller(openLibc(), spinMs);
  return {
    name: 'native',
    poller,
    listen: (address, options, handlers, events) =>
      listenNative(poller, address, options, handlers, events, exhausted),
    connect: (address, options, handlers, data) => connect(poller, address, options, handlers, data),
    after: (ms, fn) => poller.after(ms, fn),
    now,
  };
}

function connect<D>(
  poller: Poller,
  address: Address,
  options: ConnectOptions,
  handlers: Handlers<D>,
  data: D,
): Conn<D> {
  const { libc } = poller;
  const target = targetOf(libc, address);
  const family = target?.family ?? 0;
  const fd = target === undefined ? -1 : libc.socket(family, SOCK.STREAM | SOCK.NONBLOCK | SOCK.CLOEXEC, 0);
  if (target === undefined || fd < 0) {
    const error = target === undefined
      ? { code: 'EINVAL', message: 'connect EINVAL: the address is not numeric' }
      : errnoError(libc.errno(), 'socket');
    return failed(poller, fd, handlers, data, error);
  }
  if (!('path' in address)) applyOptions(libc, fd, options);
  const outcome = connectNow(libc, fd, target.bytes);
  if (outcome !== 0 && outcome !== errno.EINPROGRESS) {
    return failed(poller, fd, handlers, data, errnoError(outcome, 'connect'));
  }
  const isThere = outcome === 0;
  return new NativeConn(poller, fd, handlers, data, { address, timeoutMs: options.timeoutMs, isThere });
}

/**
 * 0 where it is connected, as unix sockets are at once; EINPROGRESS where that takes time. On this machine a connect takes
 * none, and says EINPROGRESS all the same: the second call tells (net/ipv4/af_inet.c, __inet_stream_connect), and spares a
 * turn of the loop and two calls. To another machine it is one call of half a microsecond.
 */
function connectNow(libc: Libc, fd: number, address: Uint8Array): number {
  for (let call = 0; call < 2; call++) {
    if (libc.connect(fd, address, address.length) >= 0) return 0;
    const number = libc.errno();
    // What other kernels that run Linux' programs may say in the place of 0.
    if (number === errno.EISCONN) return 0;
    if (number === errno.EALREADY) return errno.EINPROGRESS;
    // 0: the runtime has got in between, and the next call tells.
    if (number !== errno.EINPROGRESS && number !== 0) return number;
  }
  return errno.EINPROGRESS;
}

/** Routes are few and live long: their addresses are encoded once. */
const targets = new WeakMap<Address, ReturnType<typeof encodeAddress>>();

function targetOf(libc: Libc, address: Address): ReturnType<typeof encodeAddress> {
  const known = targets.get(address);
  if (known !== undefined) return known;
  const target = encodeAddress(libc, address);
  targets.set(address, target);
  return target;
}

function failed<D>(
  poller: Poller,
  fd: number,
  handlers: Handlers<D>,
  data: D,
  error: { readonly code: string; readonly message: string },
): Conn<D> {
  const conn = new NativeConn(poller, fd, handlers, data);
  conn.failLater(error);
  return conn;
}
