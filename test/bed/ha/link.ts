/** The cable of one machine: which packets get lost on it, and how fast it is. */
import type { Space } from './space.ts';

export interface Link {
  /** From now on packets that come from these addresses vanish; those that go to them do not. */
  dropFrom(addresses: readonly string[]): Promise<void>;
  /** From now on packets to these addresses vanish; those from them do not. */
  dropTo(addresses: readonly string[]): Promise<void>;
  /** From now on so many packets of a hundred vanish, each way, by chance. */
  lose(percent: number): Promise<void>;
  /** How many have vanished so since `lose`. */
  lost(): Promise<number>;
  /** What leaves the machine queues up at this rate. */
  slow(kbitPerSecond: number): Promise<void>;
  /** As at the start. */
  heal(): Promise<void>;
}

export function linkOf(space: Space): Link {
  const drop = (hook: 'input' | 'output', field: 'saddr' | 'daddr', addresses: readonly string[]) =>
    space.asRoot(
      ['nft', '-f', '-'],
      `table inet lab { chain ${hook} { type filter hook ${hook} priority 0; ` +
        `ip ${field} { ${addresses.join(', ')} } drop; }; }\n`,
    );
  let isSlow = false;
  return {
    dropFrom: async (addresses) => void await drop('input', 'saddr', addresses),
    dropTo: async (addresses) => void await drop('output', 'daddr', addresses),
    lose: async (percent) => {
      const chain = (hook: 'input' | 'output') =>
        `chain lossy-${hook} { type filter hook ${hook} priority 0; ` +
        `oifname != "lo" iifname != "lo" numgen random mod 1000 < ${percent * 10} counter drop; }`;
      await space.asRoot(
        ['nft', '-f', '-'],
        `table inet lab { ${chain('input')}; ${chain('output')}; }\n`,
      );
    },
    lost: async () => {
      const rules = await space.asRoot(['nft', 'list', 'table', 'inet', 'lab']);
      return [...rules.matchAll(/counter packets (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
    },
    slow: async (kbit) => {
      isSlow = true;
      const shape = ['tbf', 'rate', `${kbit}kbit`, 'burst', '4kb', 'latency', '1000ms'];
      await space.asRoot(['tc', 'qdisc', 'add', 'dev', 'eth0', 'root', ...shape]);
    },
    heal: async () => {
      // `add` first: deleting a table that is not there is an error.
      await space.asRoot(['nft', '-f', '-'], 'add table inet lab\ndelete table inet lab\n');
      if (isSlow) await space.asRoot(['tc', 'qdisc', 'del', 'dev', 'eth0', 'root']);
      isSlow = false;
    },
  };
}
