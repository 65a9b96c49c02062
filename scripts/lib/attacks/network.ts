/**
 * A network of its own, into which scripts/attacks has put this process: addresses beside the loopback, so that limits by
 * address count, and packets that vanish. All of it ends with the last process in it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

export interface Network {
  /** Where the gateway listens. */
  readonly gateway: string;
  /** Undefined: as the system chooses. */
  readonly attackers: string | undefined;
  readonly goodClients: string | undefined;
  /** Whether limits by address can be tried, and clients that vanish. */
  readonly isOwn: boolean;
  /** From now on no FIN and no reset of the attackers arrives, or each does again. */
  silence(isOn: boolean): void;
}

/** Whether scripts/attacks gives one here, in the words of a shell. */
const ownNetwork =
  '[ "$(id -u)" = 0 ] && command -v ip >/dev/null && command -v nft >/dev/null && unshare --net true 2>/dev/null';

/** Why there is none, or false. For the `skip` of a test. */
export function noOwnNetwork(): string | false {
  return spawnSync('sh', ['-c', ownNetwork]).status === 0
    ? false
    : 'packets are lost in a network of its own, which takes root, unshare, iproute2 and nftables';
}

export const loopback: Network = {
  gateway: '127.0.0.1',
  attackers: undefined,
  goodClients: undefined,
  isOwn: false,
  silence: () => {
    throw new Error('on the loopback of the machine no packet is dropped');
  },
};

/** Only inside of `unshare --net`, as root: it changes the network that it is in. */
export function setUpNetwork(): Network {
  const [gateway, attackers, goodClients] = ['10.99.0.1', '10.99.0.2', '10.99.0.3'];
  ip('link', 'set', 'lo', 'up');
  for (const address of [gateway, attackers, goodClients]) {
    ip('address', 'add', `${address}/32`, 'dev', 'lo');
  }
  // Tens of thousands of connections in a few seconds, all between two addresses; below are the ports of servers.
  writeFileSync('/proc/sys/net/ipv4/ip_local_port_range', '20000 65535');
  writeFileSync('/proc/sys/net/ipv4/tcp_tw_reuse', '1');
  return {
    gateway,
    attackers,
    goodClients,
    isOwn: true,
    silence: (isOn) => {
      // `add` first: deleting a table that is not there is an error.
      nft('add table ip attacks\ndelete table ip attacks\n');
      if (!isOn) return;
      nft(
        'table ip attacks { chain input { type filter hook input priority 0; ' +
          `ip saddr ${attackers} tcp flags & (fin | rst) != 0 drop; }; }\n`,
      );
    },
  };
}

export function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

export function nft(rules: string): void {
  execFileSync('nft', ['-f', '-'], { input: rules, stdio: ['pipe', 'ignore', 'inherit'] });
}
