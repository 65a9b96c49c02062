/** Errno names for errno numbers (asm-generic/errno.h, the same on x86-64 and arm64). */
import { getSystemErrorName } from 'node:util';
import type { NetError } from '../runtime.ts';

export const errno = {
  EINTR: 4,
  EAGAIN: 11,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ECONNABORTED: 103,
  ENOBUFS: 105,
  ENOMEM: 12,
  EISCONN: 106,
  EALREADY: 114,
  EINPROGRESS: 115,
} as const;

/** Nothing is wrong, it is only not the time; also when the runtime has overwritten errno before it was read. */
export function isTryAgain(number: number): boolean {
  return number === errno.EAGAIN || number === errno.EINTR || number === 0;
}

/** No descriptors or no memory are left: true for as long as it lasts, not for this one socket. */
export function isExhaustion(number: number): boolean {
  return number === errno.EMFILE || number === errno.ENFILE || number === errno.ENOBUFS ||
    number === errno.ENOMEM;
}

export function errnoError(number: number, what: string): NetError {
  const code = nameOf(number);
  return { code, message: `${what} ${code}` };
}

function nameOf(number: number): string {
  try {
    return getSystemErrorName(-number);
  } catch {
    return `E${number}`;
  }
}
