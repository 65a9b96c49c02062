/**
 * Stolon, acted out: there is no package of it here, and the real one is not run. What is real are the three servers,
 * a process on each node that is frozen, killed and cut off with it, and a store that they reach over the network.
 *
 * Acted out after Stolon's sources (0.17: cmd/keeper, cmd/sentinel, internal/postgresql), step by step: when the
 * sentinel calls a keeper dead, whom it elects with `synchronousReplication`, that the old master runs on until the new
 * one has told that it is promoted, and only then is stopped (fast), rewound (or copied) and started as a standby; that
 * a standby is restarted to follow; that a master which was down lets in only keepers until its standby has caught up.
 * The store and the sentinel are a PostgreSQL and a function in it (stolon-sentinel.sql), a keeper is a script
 * (stolon-keeper.sh). Left out: several sentinels, stolon-proxy, everything that no fault here touches.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { signal } from '../../../src/demo/servers/processes.ts';
import { waitFor } from '../wait-for.ts';
import type { Lab } from './lab.ts';
import type { Machine } from './machine.ts';
import type { Keeper, Managed, Manager } from './manager.ts';
import { serverSettings, settingLines, trustLines } from './server-settings.ts';
import { askServer } from './servers.ts';

/** As in the cluster specification, in whole seconds. */
export interface Pauses {
  readonly sleepInterval: number;
  readonly failInterval: number;
}

/** Those of Stolon, if nobody sets others. */
export const usualPauses: Pauses = { sleepInterval: 5, failInterval: 20 };

export function stolonWith(pauses: Pauses): Manager {
  return {
    name: 'stolon',
    packages: ['postgresql-15'],
    machines: ['n1', 'n2', 'n3', 'store'],
    start: (lab) => start(lab, pauses),
  };
}

/** pgParameters of the cluster specification. */
const parameters = {
  ...serverSettings,
  listen_addresses: '*',
  max_replication_slots: '20',
  max_wal_senders: '20',
  // Copying waits for a checkpoint, and so does rewinding after a promotion: at once, instead of spread over minutes.
  checkpoint_completion_target: '0',
};

async function start({ machines }: Lab, pauses: Pauses): Promise<Managed> {
  const nodes = machines.slice(0, 3) as [Machine, ...Machine[]];
  const store = machines[3] as Machine;
  const keeper = storeOn(store, pauses);
  await layOutStore(store, nodes);
  await keeper.start();
  await initialize(nodes[0]);
  const startOn = (node: Machine): Promise<void> =>
    node.start('keeper', ['bash', 'keeper.sh', node.name, store.address, String(pauses.sleepInterval)]);
  for (const node of nodes) {
    node.write('keeper.sh', fileBeside('stolon-keeper.sh'));
    node.write('settings.conf', settingLines(parameters));
    node.write('pghba.conf', `${trustLines.join('\n')}\n`);
    await startOn(node);
  }
  return {
    nodes,
    keeper,
    isContent: () => isContent(store),
    serverLog: (node) => node.log('server'),
    switchover: () => failKeeper(store),
    shutDown,
    bringBack: async (node) => {
      if (keepersOf(node).length === 0) await startOn(node);
    },
  };
}

const fileBeside = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8');
const keepersOf = (node: Machine) => node.find(/^bash keeper\.sh /);
const initdb = [
  'initdb',
  '-D',
  'data',
  '-U',
  'postgres',
  '-A',
  'trust',
  '-E',
  'UTF8',
  '--locale=C',
  '--no-sync',
  '-k',
];

/** The server that `stolonctl init` would have a keeper make. */
async function initialize(node: Machine): Promise<void> {
  await node.run(initdb);
  node.write('dbstate', '1 0\n');
}

async function layOutStore(store: Machine, nodes: readonly Machine[]): Promise<void> {
  await store.run(initdb);
  store.append(
    'data/postgresql.conf',
    settingLines({ fsync: 'off', listen_addresses: '*', dynamic_shared_memory_type: 'mmap' }),
  );
  store.append('data/pg_hba.conf', `${trustLines.join('\n')}\n`);
  const keepers = nodes.map(({ name, address }) => `('${name}', '${address}')`).join(', ');
  store.write(
    'store.sql',
    `${fileBeside('stolon-sentinel.sql')}
    insert into keeper (name, address) values ${keepers};
    insert into db (keeper, role) values ('${nodes[0]?.name}', 'master');
    insert into cluster values (1);`,
  );
  const once =
    `pg_ctl -D data -w -s -l store.log start && psql -qX -v ON_ERROR_STOP=1 -U postgres -f store.sql`;
  await store.run(['sh', '-c', `${once} && pg_ctl -D data -w -s stop`]);
}

function storeOn(machine: Machine, { sleepInterval, failInterval }: Pauses): Keeper {
  const look = `psql -qAtX -U postgres -c "select sentinel('${sleepInterval} s', '${failInterval} s')"`;
  return {
    machine,
    stop: () => machine.powerOff(),
    start: async () => {
      await machine.start('store', ['postgres', '-D', 'data']);
      await waitFor('the store to answer', () => askServer(machine, 'select').then(() => true, () => false), {
        evidence: () => machine.log('store').slice(-2000),
      });
      await machine.start('sentinel', [
        'sh',
        '-c',
        `while sleep ${sleepInterval}; do ${look}; done >/dev/null`,
      ]);
    },
  };
}

/** Whether the sentinel sees a master and two good standbys, and could elect one of them. */
async function isContent(store: Machine): Promise<boolean> {
  const [row] = await askServer(
    store,
    `select is_good(m) and cardinality(m.sync) = 1 and m.sync = m.known_sync
       and (select count(*) = 2 from db where role = 'standby' and is_good(db)) as "isWell"
     from cluster join db m on m.id = cluster.master`,
  );
  return row?.['isWell'] === true;
}

/** `stolonctl failkeeper`, for the keeper of the master. */
async function failKeeper(store: Machine): Promise<void> {
  await askServer(
    store,
    `update keeper set force_fail = true from cluster join db on db.id = master where keeper.name = db.keeper`,
    20_000,
  );
}

async function shutDown(node: Machine): Promise<void> {
  signal(keepersOf(node).map(({ pid }) => pid), 'SIGTERM');
  await waitFor(`the keeper on ${node.name} to end`, () => node.find(/./).length === 0, {
    deadlineMs: 60_000,
    evidence: () => node.log('keeper').slice(-2000),
  });
}
