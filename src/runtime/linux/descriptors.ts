/** Descriptors that go from one process to another, over a unix socket as SCM_RIGHTS (unix(7), cmsg(3)). */
import { chmodSync } from 'node:fs';
import type { Address } from '../runtime.ts';
import { AF, MSG, SCM_RIGHTS, SOCK, SOL } from './constants.ts';
import { errnoError } from './errno.ts';
import { type Libc, openLibc } from './libc.ts';
import { cString, decodeAddress, encodeAddress, sockaddrBytes } from './sockaddr.ts';

/** SCM_MAX_FD of the kernel. */
const mostDescriptors = 253;

/** Where the parts of a message lie in one piece of memory: msghdr, iovec, the byte that is sent, cmsghdr with its descriptors. */
const at = { iovec: 64, byte: 80, control: 96, length: 96 + 16 + 4 * 256 } as const;
const controlHead = 16;

/** Throws an Error that says what failed. */
export function sendDescriptors(path: string, descriptors: readonly number[]): void {
  const libc = openLibc();
  const fd = datagramSocket(libc);
  try {
    const { bytes } = encoded(libc, path);
    check(libc, libc.connect(fd, bytes, bytes.length), `connecting to ${path}`);
    const { memory, view } = message(libc, descriptors.length);
    descriptors.forEach((one, index) => view.setInt32(at.control + controlHead + 4 * index, one, true));
    check(libc, libc.sendmsg(fd, memory, MSG.DONTWAIT | MSG.NOSIGNAL), 'sendmsg');
  } finally {
    libc.close(fd);
  }
}

export interface DescriptorReceiver {
  /** What was sent so far, in its order; empty: nothing. They are ours from now on. */
  receive(): readonly number[];
  close(): void;
}

/** A socket at `path`, for this user alone. Throws an Error that says what failed. */
export function receiveDescriptors(path: string): DescriptorReceiver {
  const libc = openLibc();
  const fd = datagramSocket(libc);
  const close = (): void => {
    libc.close(fd);
    libc.unlink(cString(path));
  };
  try {
    const { bytes } = encoded(libc, path);
    libc.unlink(cString(path));
    check(libc, libc.bind(fd, bytes, bytes.length), `bind of ${path}`);
    chmodSync(path, 0o600);
  } catch (error) {
    close();
    throw error;
  }
  return { close, receive: () => received(libc, fd) };
}

function received(libc: Libc, fd: number): readonly number[] {
  const { memory, view } = message(libc, mostDescriptors);
  if (libc.recvmsg(fd, memory, MSG.DONTWAIT | MSG.CMSG_CLOEXEC) < 0) return [];
  const length = Number(view.getBigUint64(40, true)) === 0 ? 0 : view.getUint32(at.control, true);
  const count = Math.max(0, length - controlHead) / 4;
  return Array.from(
    { length: count },
    (_, index) => view.getInt32(at.control + controlHead + 4 * index, true),
  );
}

/** Where a descriptor is bound; undefined for a unix socket. */
export function addressBehind(descriptor: number): Address | undefined {
  const bytes = new Uint8Array(sockaddrBytes);
  return openLibc().getsockname(descriptor, bytes, Int32Array.of(sockaddrBytes)) < 0
    ? undefined
    : decodeAddress(bytes);
}

export function closeDescriptors(descriptors: readonly number[]): void {
  if (descriptors.length === 0) return;
  const libc = openLibc();
  for (const one of descriptors) libc.close(one);
}

/** A msghdr with room for so many descriptors. */
function message(libc: Libc, count: number): { memory: Uint8Array; view: DataView } {
  const memory = new Uint8Array(at.length);
  const view = new DataView(memory.buffer);
  const base = libc.addressOf(memory);
  const controlBytes = controlHead + 4 * count;
  view.setBigUint64(16, base + BigInt(at.iovec), true);
  view.setBigUint64(24, 1n, true);
  view.setBigUint64(32, base + BigInt(at.control), true);
  view.setBigUint64(40, BigInt(controlBytes), true);
  view.setBigUint64(at.iovec, base + BigInt(at.byte), true);
  view.setBigUint64(at.iovec + 8, 1n, true);
  view.setBigUint64(at.control, BigInt(controlBytes), true);
  view.setInt32(at.control + 8, SOL.SOCKET, true);
  view.setInt32(at.control + 12, SCM_RIGHTS, true);
  return { memory, view };
}

function datagramSocket(libc: Libc): number {
  const fd = libc.socket(AF.UNIX, SOCK.DGRAM | SOCK.NONBLOCK | SOCK.CLOEXEC, 0);
  check(libc, fd, 'socket');
  return fd;
}

function encoded(libc: Libc, path: string): { readonly bytes: Uint8Array } {
  const address = encodeAddress(libc, { path });
  if (address === undefined) throw new Error(`${path} is too long for a unix socket`);
  return address;
}

function check(libc: Libc, result: number, what: string): void {
  if (result < 0) throw new Error(errnoError(libc.errno(), what).message);
}
