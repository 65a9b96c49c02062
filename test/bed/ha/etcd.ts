/** One etcd: the store in which Patroni keeps who is the leader. */
import { waitFor } from '../wait-for.ts';
import type { Machine } from './machine.ts';
import type { Keeper } from './manager.ts';

export function etcdOn(machine: Machine): Keeper {
  const client = `http://${machine.address}:2379`;
  const peer = `http://${machine.address}:2380`;
  return {
    machine,
    stop: () => machine.powerOff(),
    start: async () => {
      await machine.start('etcd', [
        'etcd',
        '--name=keeper',
        `--data-dir=${machine.folder}/data`,
        '--enable-v2',
        `--listen-client-urls=${client}`,
        `--advertise-client-urls=${client}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=keeper=${peer}`,
      ]);
      await waitFor('etcd to be healthy', async () => (await fetch(`${client}/health`)).ok, {
        evidence: () => machine.log('etcd').slice(-2000),
      });
    },
  };
}
