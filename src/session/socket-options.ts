/** What every connection of the data half asks of TCP, on both sides. */
import type { KeepAlive, SocketOptions } from '../runtime/runtime.ts';

/** Sent bytes may stay unacknowledged as long as a peer may stay silent; TCP by itself would try for a quarter of an hour. */
export function socketOptions(keepAlive: KeepAlive | undefined): SocketOptions {
  const userTimeoutMs = keepAlive && keepAlive.idleMs + keepAlive.intervalMs * keepAlive.count;
  return { noDelay: true, keepAlive, userTimeoutMs };
}
