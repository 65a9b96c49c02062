import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { codeOf, messageOf } from '../errors.ts';
import { addressText } from './addresses.ts';
import type { Address, NetError } from './runtime.ts';

/** Any error that a runtime raises about a socket, as the one shape that the program knows. */
export function netError(error: unknown): NetError {
  const code = codeOf(error) || 'EUNKNOWN';
  const message = messageOf(error);
  // Deno 2.9.5 names EADDRNOTAVAIL like this; a numeric address with a port is otherwise never invalid.
  if (isDeno && code === 'EINVAL') {
    return { code: 'EADDRNOTAVAIL', message: message.replace('EINVAL', 'EADDRNOTAVAIL') };
  }
  // See `lackHidden`.
  const lack = code === 'ECONNREFUSED' ? lackHidden() : undefined;
  if (lack !== undefined) return { code: lack, message: message.replace('ECONNREFUSED', lack) };
  return { code, message };
}

const isDeno = 'Deno' in globalThis;
const isBun = 'Bun' in globalThis;

/**
 * Why there is no descriptor to be had now (EMFILE, ENFILE), on a runtime that hides it; undefined: there is one. Bun 1.4.5 says
 * ECONNREFUSED where it can have no socket at all, which would be the word of a server that is down.
 */
export function lackHidden(): string | undefined {
  if (!isBun) return undefined;
  try {
    closeSync(openSync(devNull, 'r'));
    return undefined;
  } catch (error) {
    const code = codeOf(error);
    return shortages.has(code) ? code : undefined;
  }
}

/**
 * This machine has no port, no descriptor or no memory left for a connection. That says nothing of the server, and lasts
 * until something of ours ends.
 */
export function isShortage({ code }: NetError): boolean {
  return shortages.has(code);
}

const shortages: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);

/** What a connect that took longer than it may (`timeoutMs` milliseconds) closes with. */
export function connectTimeout(address: Address, timeoutMs: number): NetError {
  return {
    code: 'ETIMEDOUT',
    message: `connect to ${addressText(address)} took longer than ${timeoutMs} ms`,
  };
}
