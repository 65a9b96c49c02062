/** Networks of IP addresses, and whether an address is in one of them. */
import { BlockList, isIP } from 'node:net';

/** Throws an Error whose message reads after the text: "is no network". */
export function checkNetwork(text: string): void {
  parse(text);
}

/** Those that `checkNetwork` has let pass: `10.0.0.0/8`, `fd00::/8`, or an address alone. */
export class Networks {
  // One for each family: in Node and Deno an IPv4 address is in ::/0, in Bun it is not.
  readonly #lists = { ipv4: new BlockList(), ipv6: new BlockList() };

  constructor(networks: readonly string[]) {
    for (const { host, bits, family } of networks.map(parse)) {
      this.#lists[family].addSubnet(host, bits, family);
    }
  }

  /** `host` is numeric, without brackets; what is no address is in no network. */
  has(host: string): boolean {
    // A zone is the interface's name, and no part of the address.
    const [address = ''] = host.split('%');
    const family = familyOf(address);
    return family !== undefined && this.#lists[family].check(address, family);
  }
}

function familyOf(host: string): 'ipv4' | 'ipv6' | undefined {
  return ({ 4: 'ipv4', 6: 'ipv6' } as const)[isIP(host)];
}

function parse(text: string): { host: string; bits: number; family: 'ipv4' | 'ipv6' } {
  const [, bracketed, plain, length] = /^(?:\[([^\]]*)\]|([^/]*))(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const family = host.includes('%') ? undefined : familyOf(host);
  if (family === undefined) {
    throw new Error(`is no network: write 10.0.0.0/8, fd00::/8, or a numeric address`);
  }
  const most = family === 'ipv4' ? 32 : 128;
  const bits = length === undefined ? most : Number(length);
  if (bits > most) throw new Error(`has more than ${most} bits behind the slash`);
  return { host, bits, family };
}
