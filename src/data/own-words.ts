/** What the gateway itself says to a client, by the pump that would have said a server's words. */
import { at, type Counters, newCounters } from '../contract/counters.ts';
import type { Conn } from '../runtime/runtime.ts';
import { Pump } from './pump.ts';

/** Counts what is no traffic between a client and a server. */
export const uncounted: Counters = newCounters();

export function ownWords(client: Conn<unknown>, ...words: readonly Uint8Array[]): Pump {
  const pump = new Pump(client, client, uncounted, at.downstreamBytes);
  for (const bytes of words) pump.push(bytes);
  return pump;
}
