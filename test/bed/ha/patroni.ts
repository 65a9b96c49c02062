/** Patroni with etcd: synchronous_mode, so that a failover loses nothing that was acknowledged; pg_rewind. */
import { waitFor } from '../wait-for.ts';
import { etcdOn } from './etcd.ts';
import type { Lab } from './lab.ts';
import type { Machine } from './machine.ts';
import type { Managed, Manager } from './manager.ts';
import { serverSettings, trustLines } from './server-settings.ts';

/** Of the REST API, whose checks load balancers use. */
export const patroniPort = 8008;

export const patroni: Manager = {
  name: 'patroni',
  packages: ['postgresql-15', 'patroni', 'python3-etcd', 'etcd-server'],
  machines: ['n1', 'n2', 'n3', 'etcd'],
  start,
};

async function start({ machines }: Lab): Promise<Managed> {
  const nodes = machines.slice(0, 3);
  const keeper = etcdOn(machines[3] as Machine);
  await keeper.start();
  for (const node of nodes) node.write('patroni.json', JSON.stringify(configOf(node, keeper.machine)));
  await Promise.all(nodes.map(startOn));
  return {
    nodes,
    keeper,
    isContent: () => isContent(nodes),
    serverLog: (node) => node.log('patroni'),
    switchover: () => switchover(nodes),
    shutDown,
    bringBack: async (node) => {
      if (!isRunning(node)) await startOn(node);
    },
  };
}

const isRunning = (node: Machine): boolean => node.find(/patroni\.json/).length > 0;
const startOn = (node: Machine): Promise<void> => node.start('patroni', ['patroni', 'patroni.json']);

async function shutDown(node: Machine): Promise<void> {
  const [daemon] = node.find(/patroni\.json/);
  if (daemon) process.kill(daemon.pid, 'SIGTERM');
  await waitFor(`Patroni on ${node.name} to end`, () => node.find(/./).length === 0, {
    evidence: () => node.log('patroni').slice(-2000),
  });
}

interface Member {
  readonly name: string;
  readonly role: string;
  readonly state: string;
}

/** What Patroni says of its cluster, by whichever node answers. */
async function membersOf(nodes: readonly Machine[]): Promise<readonly Member[]> {
  const asked = nodes.map(async ({ address }) => {
    const url = `http://${address}:${patroniPort}/cluster`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) });
    return (await answer.json() as { members: Member[] }).members;
  });
  return await Promise.any(asked).catch(() => []);
}

/** Without a synchronous standby in its store Patroni fails over to nobody. */
async function isContent(nodes: readonly Machine[]): Promise<boolean> {
  const members = await membersOf(nodes);
  const roles = members.map(({ role }) => role);
  return members.length === nodes.length && roles.includes('leader') && roles.includes('sync_standby') &&
    members.every(({ state }) => state === 'running' || state === 'streaming');
}

const leaderOf = async (nodes: readonly Machine[]): Promise<string | undefined> =>
  (await membersOf(nodes)).find(({ role }) => role === 'leader')?.name;

/**
 * Asked again while the leader stays: on a busy machine its members are sometimes too slow for Patroni to find a good
 * candidate among them.
 */
async function switchover(nodes: readonly Machine[]): Promise<void> {
  const first = await waitFor('Patroni to name its leader', () => leaderOf(nodes), {
    deadlineMs: 120_000,
    everyMs: 250,
  });
  const node = nodes.find(({ name }) => name === first) as Machine;
  await waitFor('Patroni to switch over', async () => {
    const leader = await leaderOf(nodes);
    if (leader !== undefined && leader !== first) return true;
    const answer = await fetch(`http://${node.address}:${patroniPort}/switchover`, {
      method: 'POST',
      body: JSON.stringify({ leader: first }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return true;
  }, { deadlineMs: 120_000, everyMs: 1000 });
}

/** JSON is YAML. The times are shorter than Patroni's own. */
function configOf({ name, address, folder }: Machine, keeper: Machine) {
  return {
    scope: 'lab',
    name,
    restapi: { listen: `${address}:${patroniPort}`, connect_address: `${address}:${patroniPort}` },
    // Not etcd3: there Patroni 3.0 writes the leader's key without a condition, so that a leader that was frozen between
    // reading and writing it takes the lock back from its successor, on the older timeline. Here it compares first.
    etcd: { hosts: [`${keeper.address}:2379`] },
    bootstrap: {
      dcs: {
        // The least that its documentation allows.
        ttl: 20,
        loop_wait: 1,
        retry_timeout: 3,
        synchronous_mode: true,
        postgresql: { use_pg_rewind: true, use_slots: true, parameters: serverSettings },
      },
      initdb: [{ encoding: 'UTF8' }, { locale: 'C' }, 'data-checksums', 'no-sync', { auth: 'trust' }],
    },
    postgresql: {
      listen: `${address}:5432`,
      connect_address: `${address}:5432`,
      data_dir: `${folder}/data`,
      bin_dir: '/usr/lib/postgresql/15/bin',
      pgpass: `${folder}/pgpass`,
      authentication: {
        superuser: { username: 'postgres', password: 'unused' },
        replication: { username: 'replicator', password: 'unused' },
      },
      pg_hba: trustLines,
    },
  };
}
