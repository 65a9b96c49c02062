import { codeOf, messageOf } from '../errors.ts';
import { addressText } from './addresses.ts';
import type { Address, NetError } from './runtime.ts';

/** Any error that a runtime raises about a socket, as the one shape that the program knows. */
export function netError(error: unknown): NetError {
  return { code: codeOf(error) || 'EUNKNOWN', message: messageOf(error) };
}

/** What a connect that took longer than it may (`timeoutMs` milliseconds) closes with. */
export function connectTimeout(address: Address, timeoutMs: number): NetError {
  return {
    code: 'ETIMEDOUT',
    message: `connect to ${addressText(address)} took longer than ${timeoutMs} ms`,
  };
}
