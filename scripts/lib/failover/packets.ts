/** Packets that the kernel drops, in the network of its own into which scripts/failover has put this process. */
import { ip, nft } from '../attacks/network.ts';

/** Only inside of `unshare --net`, as root: there is not even a loopback before. */
export function setUpNetwork(): void {
  ip('link', 'set', 'lo', 'up');
}

/**
 * From now on nothing to or from this port arrives, as if the cable of the server had been pulled: no answer, no refusal, no
 * reset, for connections that stand and for new ones. What its clients, standbys and we say to it is lost alike.
 */
export function dropPacketsOf(port: number): void {
  nft(
    'table ip silence { chain input { type filter hook input priority 0; ' +
      `tcp dport ${port} drop; tcp sport ${port} drop; }; }\n`,
  );
}

/** All packets arrive again. */
export function dropNone(): void {
  // `add` first: deleting a table that is not there is an error.
  nft('add table ip silence\ndelete table ip silence\n');
}
