/**
 * The same standby for all connections of one client address: by weighted rendezvous hashing, which needs no state, so all
 * workers, and other gateways with the same candidates, choose alike; and a standby that comes or goes moves only its own
 * share of the clients. A cancel request under TLS, which no gateway can recognise, so meets its session.
 *
 * The score is that of Schindelhauer and Schomaker ("Weighted Distributed Hash Tables"): -ln(u) / weight with u from 0 to 1
 * is smallest for each standby as often as its weight says.
 */
import { addressText } from '../runtime/addresses.ts';
import type { Balance, Client, StandbyTarget } from './standbys.ts';

export const sourceHash: Balance = {
  choose(standbys: readonly StandbyTarget[], { remote }: Client): StandbyTarget | undefined {
    // Each connection has a port of its own. `remote` shows IPv4 within IPv6 as IPv4.
    const host = remote.slice(0, remote.lastIndexOf(':'));
    let [best, least]: [StandbyTarget | undefined, number] = [undefined, Infinity];
    for (const standby of standbys) {
      const score = -Math.log(fraction(`${host} ${addressText(standby.address)}`)) / standby.weight;
      if (score < least) [best, least] = [standby, score];
    }
    return best;
  },
};

/** A number between 0 and 1, both excluded: FNV-1a, whose last letters move its low bits only, then MurmurHash3's finish. */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 2 ** 32;
}
