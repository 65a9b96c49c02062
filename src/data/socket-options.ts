/** What every connection of the data plane asks of TCP, on both sides. */
import type { DataSettings } from '../contract/messages.ts';
import type { ConnectOptions, KeepAlive, SocketOptions } from '../runtime/runtime.ts';

/**
 * Not TCP_USER_TIMEOUT: since Linux 5.11 it also ends a connection whose peer is well and only reads nothing for that long, as
 * a server does that waits for a lock, or a client that works on what it has got.
 */
export function socketOptions(keepAlive: KeepAlive | undefined): SocketOptions {
  return { noDelay: true, keepAlive };
}

/** Of connections to servers. */
export function connectOptionsOf({ keepAlive, connectTimeoutMs }: DataSettings): ConnectOptions {
  return { ...socketOptions(keepAlive), timeoutMs: connectTimeoutMs };
}
