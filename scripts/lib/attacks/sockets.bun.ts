/**
 * Sockets that never block, by FFI: thousands of them as objects of a runtime would cost the attacker more of the machine
 * than the gateway takes, and the machine would be what is measured. Bun on Linux only.
 */
import { dlopen, FFIType, ptr } from 'bun:ffi';
import { addressOf } from '../bench/socket.bun.ts';
import type { Sockets } from './attack.ts';

const { symbols: libc } = dlopen('libc.so.6', {
  socket: { args: ['int', 'int', 'int'], returns: 'int' },
  bind: { args: ['int', 'ptr', 'u32'], returns: 'int' },
  connect: { args: ['int', 'ptr', 'u32'], returns: 'int' },
  setsockopt: { args: ['int', 'int', 'int', 'ptr', 'u32'], returns: 'int' },
  recv: { args: ['int', 'ptr', 'usize', 'int'], returns: FFIType.i64_fast },
  send: { args: ['int', 'ptr', 'usize', 'int'], returns: FFIType.i64_fast },
  close: { args: ['int'], returns: 'int' },
});

const family = { unix: 1, inet: 2 } as const;
const streamNonBlocking = 1 | 0o4000;
const solSocket = 1;
const linger = 13;
const solIp = 0;
/** The port is chosen at connect(), so that one port may serve for several places. */
const bindAddressNoPort = 24;
/** A peer that is gone is no SIGPIPE. */
const noSignal = 0x4000;

const one = new Int32Array([1]);
/** On, and 0 seconds. */
const lingerNot = new Int32Array([1, 0]);

/** `from`: out of this address of the machine. */
export type Where =
  | { readonly host: string; readonly port: number; readonly from?: string | undefined }
  | { readonly path: string };

export interface CountingSockets extends Sockets {
  opened(): number;
  /** Could not be opened: no descriptor, no port. */
  failed(): number;
  /** Ends each with `how`. */
  endAll(how: 'close' | 'reset'): void;
}

export function socketsTo(where: Where): CountingSockets {
  const isUnix = 'path' in where;
  const target = isUnix ? unixAddressOf(where.path) : addressOf(where.host, where.port);
  const source = isUnix || where.from === undefined ? undefined : addressOf(where.from, 0);
  const open = new Set<number>();
  const into = new Uint8Array(1 << 16);
  let [opened, failed] = [0, 0];
  const close = (fd: number): void => {
    if (open.delete(fd)) libc.close(fd);
  };
  const refuse = (fd: number): number => {
    libc.close(fd);
    failed++;
    return -1;
  };
  const reset = (fd: number): void => {
    libc.setsockopt(fd, solSocket, linger, ptr(lingerNot), 8);
    close(fd);
  };
  return {
    open: () => {
      const fd = libc.socket(isUnix ? family.unix : family.inet, streamNonBlocking, 0);
      if (fd < 0) {
        failed++;
        return -1;
      }
      if (source !== undefined) {
        libc.setsockopt(fd, solIp, bindAddressNoPort, ptr(one), 4);
        if (libc.bind(fd, ptr(source), source.length) < 0) return refuse(fd);
      }
      // To a TCP port it is under way from then on; a unix socket takes it at once, or not at all.
      if (libc.connect(fd, ptr(target), target.length) < 0 && isUnix) return refuse(fd);
      open.add(fd);
      opened++;
      return fd;
    },
    send: (fd, bytes) => Number(libc.send(fd, ptr(bytes), bytes.length, noSignal)) === bytes.length,
    receive: (fd) => Number(libc.recv(fd, ptr(into), into.length, 0)),
    close,
    reset,
    opened: () => opened,
    failed: () => failed,
    endAll: (how) => {
      for (const fd of [...open]) (how === 'reset' ? reset : close)(fd);
    },
  };
}

/** A sockaddr_un. */
function unixAddressOf(path: string): Uint8Array {
  const name = new TextEncoder().encode(path);
  const bytes = new Uint8Array(2 + name.length + 1);
  bytes[0] = family.unix;
  bytes.set(name, 2);
  return bytes;
}
