/** pg_auto_failover: a monitor, and three nodes that replicate synchronously, as it sets them up by itself. */
import { signal } from '../../../src/demo/servers/processes.ts';
import { waitFor } from '../wait-for.ts';
import type { Lab } from './lab.ts';
import type { Machine } from './machine.ts';
import type { Keeper, Managed, Manager } from './manager.ts';
import { postgresBin } from './packages.ts';
import { serverSettings, settingLines, trustLines } from './server-settings.ts';

export const autoFailover: Manager = {
  name: 'pg_auto_failover',
  packages: ['postgresql-15', 'pg-auto-failover-cli', 'postgresql-15-auto-failover'],
  machines: ['n1', 'n2', 'n3', 'monitor'],
  start,
};

/** Shorter than its own, which are made for networks worse than this one. Milliseconds. */
const monitorSettings = {
  fsync: 'off',
  dynamic_shared_memory_type: 'mmap',
  'pgautofailover.health_check_period': '1000',
  'pgautofailover.health_check_timeout': '1000',
  'pgautofailover.health_check_max_retries': '2',
  'pgautofailover.health_check_retry_delay': '500',
  'pgautofailover.node_considered_unhealthy_timeout': '4000',
  'pgautofailover.primary_demote_timeout': '6000',
  'pgautofailover.startup_grace_period': '1000',
};

async function start({ machines }: Lab): Promise<Managed> {
  const [first, ...others] = machines.slice(0, 3) as [Machine, ...Machine[]];
  const nodes = [first, ...others];
  const keeper = await monitorOn(machines[3] as Machine);
  await create(first, keeper.machine);
  // The others copy its files.
  first.append('data/postgresql.conf', settingLines(serverSettings));
  first.append('data/pg_hba.conf', `${trustLines.join('\n')}\n`);
  await runOn(first);
  await untilState(keeper.machine, 'single', 1);
  await Promise.all(others.map(async (node) => {
    await create(node, keeper.machine);
    await runOn(node);
  }));
  return {
    nodes,
    keeper,
    isContent: async () => {
      const states = await statesOf(keeper.machine);
      return states.filter((state) => state === 'secondary').length === 2 && states.includes('primary');
    },
    serverLog: (node) => Object.values(node.logs('data/log')).join(''),
    switchover: async () =>
      void await keeper.machine.run(['pg_autoctl', 'perform', 'switchover', '--pgdata', 'data']),
    shutDown,
    bringBack: async (node) => {
      if (!isRunning(node)) await runOn(node);
    },
  };
}

async function monitorOn(machine: Machine): Promise<Keeper> {
  const start = async (): Promise<void> => {
    await machine.start('monitor', ['pg_autoctl', 'run', '--pgdata', 'data']);
    await waitFor('the monitor to answer', async () => (await statesOf(machine)).length >= 0, {
      evidence: () => machine.log('monitor').slice(-2000),
    });
  };
  await machine.run(['pg_autoctl', 'create', 'monitor', ...common(machine)]);
  machine.append('data/postgresql.conf', settingLines(monitorSettings));
  machine.append('data/pg_hba.conf', `${trustLines.join('\n')}\n`);
  await start();
  return { machine, stop: () => machine.powerOff(), start };
}

async function create(node: Machine, monitor: Machine): Promise<void> {
  const uri = `postgres://autoctl_node@${monitor.address}:5432/pg_auto_failover?sslmode=prefer`;
  const its = ['--name', node.name, '--dbname', 'postgres', '--monitor', uri];
  await node.run(['pg_autoctl', 'create', 'postgres', ...common(node), ...its]);
  await node.run([
    'pg_autoctl',
    'config',
    'set',
    '--pgdata',
    'data',
    'timeout.network_partition_timeout',
    '5',
  ]);
}

const common = ({ address }: Machine): string[] => {
  const place = ['--pgdata', 'data', '--pgport', '5432', '--hostname', address];
  return [...place, '--pgctl', `${postgresBin}/pg_ctl`, '--auth', 'trust', '--no-ssl'];
};
const runOn = (node: Machine): Promise<void> => node.start('node', ['pg_autoctl', 'run', '--pgdata', 'data']);
const daemonOf = (node: Machine) => node.find(/^pg_autoctl run/);
const isRunning = (node: Machine): boolean => daemonOf(node).length > 0;

/** What the monitor was told by the nodes, where that is what it wants of them; rejects while it does not answer. */
async function statesOf(monitor: Machine): Promise<string[]> {
  const query = 'select reportedstate from pgautofailover.node where reportedstate = goalstate';
  const command = ['psql', '-XAtq', '-d', 'pg_auto_failover', '-c', query];
  return (await monitor.run(command)).split('\n').filter((line) => line !== '');
}

async function untilState(monitor: Machine, state: string, count: number): Promise<void> {
  await waitFor(`${count} nodes to be ${state}`, async () => {
    return (await statesOf(monitor)).filter((one) => one === state).length === count;
  }, { everyMs: 250 });
}

async function shutDown(node: Machine): Promise<void> {
  signal(daemonOf(node).slice(0, 1).map(({ pid }) => pid), 'SIGTERM');
  await waitFor(`pg_autoctl on ${node.name} to end`, () => node.find(/./).length === 0, {
    deadlineMs: 60_000,
    evidence: () => node.log('node').slice(-2000),
  });
}
