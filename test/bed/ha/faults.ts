/** What can happen to a primary, and how it passes. */
import { signal } from '../../../src/demo/servers/processes.ts';
import type { Machine } from './machine.ts';
import type { Managed, Manager } from './manager.ts';

/** A cluster at the moment of a fault. */
export interface Scene {
  readonly managed: Managed;
  readonly primary: Machine;
  readonly others: readonly Machine[];
  /** Where the gateway and its like stand. */
  readonly ourAddresses: readonly string[];
}

export interface Fault {
  readonly what: string;
  /** Only for managers with a store or a monitor. */
  readonly needsKeeper?: true;
  /** How long it stays: that many milliseconds, until a node that was a standby is the primary, or until any node is. */
  readonly stays: number | 'successor' | 'primary';
  inject(scene: Scene): Promise<void> | void;
  heal(scene: Scene): Promise<void>;
}

const healLink = async ({ managed, primary }: Scene): Promise<void> => {
  await primary.link.heal();
  await managed.bringBack(primary);
};
const keeperOf = ({ managed }: Scene): readonly string[] =>
  managed.keeper ? [managed.keeper.machine.address] : [];
const addressesOf = (machines: readonly Machine[]): string[] => machines.map(({ address }) => address);

export const faults = {
  switchover: {
    what: "a clean switchover by the manager's own means",
    stays: 'successor',
    inject: ({ managed }) => managed.switchover(),
    heal: ({ managed, primary }) => managed.bringBack(primary),
  },
  restart: {
    what: "the primary's node is shut down in an orderly way and comes back",
    stays: 'successor',
    inject: ({ managed, primary }) => managed.shutDown(primary),
    heal: ({ managed, primary }) => managed.bringBack(primary),
  },
  kill: {
    what: "kill -9 of the primary's postmaster",
    // Some managers start it again where it was.
    stays: 'primary',
    inject: ({ primary }) => {
      const pid = primary.postmaster();
      if (pid === undefined) throw new Error(`${primary.name} has no postmaster`);
      signal([pid], 'SIGKILL');
    },
    heal: ({ managed, primary }) => managed.bringBack(primary),
  },
  'kill-node': {
    what: "kill -9 of everything on the primary's node, the manager too",
    stays: 'successor',
    inject: ({ primary }) => primary.powerOff(),
    heal: ({ managed, primary }) => managed.bringBack(primary),
  },
  freeze: {
    what: "SIGSTOP of everything on the primary's node",
    stays: 'successor',
    inject: ({ primary }) => primary.freeze(),
    heal: async ({ managed, primary }) => {
      primary.thaw();
      await managed.bringBack(primary);
    },
  },
  drop: {
    what: 'packets from us to the primary get lost, and only these',
    stays: 5000,
    inject: ({ primary, ourAddresses }) => primary.link.dropFrom(ourAddresses),
    heal: healLink,
  },
  'drop-keeper': {
    what: "packets from the primary to the manager's store or monitor get lost, and only these",
    needsKeeper: true,
    stays: 'successor',
    inject: (scene) => scene.primary.link.dropTo(keeperOf(scene)),
    heal: healLink,
  },
  partition: {
    what: 'the primary and we on one side, everything else on the other',
    stays: 'successor',
    inject: async (scene) => {
      const cut = [...addressesOf(scene.others), ...keeperOf(scene)];
      await scene.primary.link.dropTo(cut);
      await scene.primary.link.dropFrom(cut);
    },
    heal: healLink,
  },
  isolate: {
    what: 'the primary reaches nobody and nobody reaches it',
    stays: 'successor',
    inject: async (scene) => {
      const cut = [...addressesOf(scene.others), ...keeperOf(scene), ...scene.ourAddresses];
      await scene.primary.link.dropTo(cut);
      await scene.primary.link.dropFrom(cut);
    },
    heal: healLink,
  },
  slow: {
    what: "512 kbit/s is all that leaves the primary's node",
    stays: 8000,
    inject: ({ primary }) => primary.link.slow(512),
    heal: healLink,
  },
  keeper: {
    what: "the manager's store or monitor is down for a while",
    needsKeeper: true,
    stays: 12_000,
    inject: async ({ managed }) => await managed.keeper?.stop(),
    heal: async ({ managed }) => await managed.keeper?.start(),
  },
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof faults;
export const faultNames = Object.keys(faults) as FaultName[];

export function isPossible(name: FaultName, { machines }: Manager): boolean {
  const fault: Fault = faults[name];
  // Three nodes, and beyond them whatever keeps the manager's truth.
  return fault.needsKeeper !== true || machines.length > 3;
}
