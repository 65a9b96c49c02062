/** repmgr: its daemon promotes by itself; taking an old primary back is an operator's work, done here. */
import { signal } from '../../../src/demo/servers/processes.ts';
import { waitFor } from '../wait-for.ts';
import type { Lab } from './lab.ts';
import type { Machine } from './machine.ts';
import type { Managed, Manager } from './manager.ts';
import { postgresBin } from './packages.ts';
import { serverSettings, settingLines, trustLines } from './server-settings.ts';
import { askServer, knownPrimaryOf, newestPrimaryOf } from './servers.ts';
import { hasSshd, keepSshd, layOutSshd } from './sshd.ts';

export const repmgr: Manager = {
  name: 'repmgr',
  packages: ['postgresql-15', 'repmgr', 'postgresql-15-repmgr'],
  switchoverPackages: ['openssh-server'],
  machines: ['n1', 'n2', 'n3'],
  start,
};

async function start({ machines }: Lab): Promise<Managed> {
  const nodes = machines.slice(0, 3) as [Machine, ...Machine[]];
  const [first, ...others] = nodes;
  for (const [index, node] of nodes.entries()) node.write('repmgr.conf', configOf(node, index + 1));
  if (hasSshd()) {
    await layOutSshd(nodes);
    await Promise.all(nodes.map(keepSshd));
  }
  await makePrimary(first);
  for (const node of others) {
    const source = ['-h', first.address, '-U', 'repmgr', '-d', 'repmgr'];
    await command(node, 'standby', 'clone', ...source, '--fast-checkpoint');
    await startServer(node);
    await command(node, 'standby', 'register', '--wait-sync=20');
  }
  // Not before: the first statements would wait for standbys that are not there.
  for (const node of nodes) {
    node.append('data/postgresql.conf', settingLines({ synchronous_standby_names: 'ANY 1 (*)' }));
    await askServer(node, 'select pg_reload_conf()', 20_000);
  }
  await Promise.all(nodes.map(startDaemon));
  return {
    nodes,
    keeper: undefined,
    isContent: async () => (await Promise.all(nodes.map(isWatched))).every(Boolean),
    serverLog: (node) => node.log('server'),
    switchover: () => switchover(nodes),
    shutDown,
    bringBack: (node) => bringBack(node, nodes),
  };
}

async function makePrimary(node: Machine): Promise<void> {
  await node.run([
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
  ]);
  node.append(
    'data/postgresql.conf',
    settingLines({ ...serverSettings, listen_addresses: '*', shared_preload_libraries: 'repmgr' }),
  );
  node.append('data/pg_hba.conf', `${trustLines.join('\n')}\n`);
  await startServer(node);
  await node.run(['createuser', '-U', 'postgres', '-s', 'repmgr']);
  await node.run(['createdb', '-U', 'postgres', '-O', 'repmgr', 'repmgr']);
  await command(node, 'primary', 'register');
}

const command = (node: Machine, ...words: string[]): Promise<string> =>
  node.run([`${postgresBin}/repmgr`, '-f', 'repmgr.conf', ...words]);
const startDaemon = (node: Machine): Promise<void> =>
  node.start('repmgrd', [
    `${postgresBin}/repmgrd`,
    '-f',
    'repmgr.conf',
    '--daemonize=false',
    '--no-pid-file',
  ]);
const daemonOf = (node: Machine) => node.find(/\/repmgrd /);
const startServer = (node: Machine): Promise<string> =>
  node.run(['pg_ctl', '-D', 'data', '-l', 'server.log', '-w', '-s', 'start']);

/** Whether a daemon runs and has found the node in its present role. */
async function isWatched(node: Machine): Promise<boolean> {
  if (daemonOf(node).length === 0) return false;
  const [row] = await askServer(node, 'select repmgr.repmgrd_is_running() as "isRunning"', 2000, 'repmgr');
  return row?.['isRunning'] === true;
}

async function switchover(nodes: readonly Machine[]): Promise<void> {
  const primary = await newestPrimaryOf(nodes);
  const standby = nodes.find((node) => node !== primary) as Machine;
  await command(standby, 'standby', 'switchover', '--siblings-follow');
}

async function shutDown(node: Machine): Promise<void> {
  signal(daemonOf(node).map(({ pid }) => pid), 'SIGTERM');
  await node.run(['pg_ctl', '-D', 'data', '-m', 'fast', '-w', '-s', 'stop']);
  await waitFor(`repmgrd on ${node.name} to end`, () => daemonOf(node).length === 0);
}

/** As a standby of whoever is the primary now; nothing to do for one that is a standby or the only primary. */
async function bringBack(node: Machine, nodes: readonly Machine[]): Promise<void> {
  const others = nodes.filter((other) => other !== node);
  const primary = await knownPrimaryOf(others);
  const isUp = node.postmaster() !== undefined;
  const isStandby = isUp && await knownPrimaryOf([node]) === undefined;
  if (primary !== undefined && !isStandby) {
    await rejoin(node, primary);
    // What a frozen primary had still in its sockets reaches the other standby when it goes on, and leads that astray.
    for (const other of others) {
      if (other !== primary && !await follows(other, primary)) await rejoin(other, primary);
    }
  } else if (!isUp) await startServer(node);
  if (daemonOf(node).length === 0) await startDaemon(node);
  if (hasSshd()) await keepSshd(node);
}

async function rejoin(node: Machine, primary: Machine): Promise<void> {
  // What the daemon would see of it confuses it, and rejoining wants a server that is down.
  signal(daemonOf(node).map(({ pid }) => pid), 'SIGKILL');
  if (node.postmaster() !== undefined) {
    await node.run(['pg_ctl', '-D', 'data', '-m', 'fast', '-w', '-s', 'stop']);
  }
  await untilRegistered(primary);
  // Up to its first checkpoint the new primary's control file still names the old timeline, and rejoining believes that.
  await askServer(primary, 'checkpoint', 60_000);
  const conninfo = `host=${primary.address} user=repmgr dbname=repmgr`;
  await command(node, 'node', 'rejoin', '-d', conninfo, '--force-rewind');
  await startDaemon(node);
}

/** repmgr writes down who was promoted some time after the promotion, and takes nobody back before that. */
async function untilRegistered(primary: Machine): Promise<void> {
  const query =
    `select from repmgr.nodes where type = 'primary' and active and conninfo ~ 'host=${primary.address} '`;
  const isThere = async () => (await askServer(primary, query, 2000, 'repmgr').catch(() => [])).length > 0;
  await waitFor(`repmgr to write down that ${primary.name} is the primary`, isThere, {
    deadlineMs: 60_000,
    everyMs: 250,
  });
}

/** Whether a standby streams from the primary, now or before long: its daemon has to tell it first. */
function follows(standby: Machine, primary: Machine): Promise<boolean> {
  const query =
    `select from pg_stat_replication where state = 'streaming' and client_addr = '${standby.address}'`;
  const isThere = async () => (await askServer(primary, query)).length > 0;
  return waitFor(`${standby.name} to follow`, isThere, { deadlineMs: 20_000, everyMs: 250 }).catch(() =>
    false
  );
}

function configOf({ address, folder, name }: Machine, id: number): string {
  const config = `${folder}/repmgr.conf`;
  return settingLines({
    node_id: String(id),
    node_name: name,
    // Without the timeouts of TCP the daemon waits on a dead connection for a quarter of an hour.
    conninfo: `host=${address} user=repmgr dbname=repmgr connect_timeout=2 ` +
      'keepalives_idle=2 keepalives_interval=1 keepalives_count=2 tcp_user_timeout=3000',
    data_directory: `${folder}/data`,
    pg_bindir: postgresBin,
    failover: 'automatic',
    promote_command: `${postgresBin}/repmgr standby promote -f ${config}`,
    follow_command: `${postgresBin}/repmgr standby follow -f ${config} --upstream-node-id=%n`,
    // Shorter than its own, which are made for networks worse than this one. Seconds.
    monitor_interval_secs: '1',
    reconnect_attempts: '3',
    reconnect_interval: '1',
    service_start_command: `${postgresBin}/pg_ctl -D ${folder}/data -l ${folder}/server.log -w -s start`,
    service_stop_command: `${postgresBin}/pg_ctl -D ${folder}/data -m fast -w -s stop`,
    service_restart_command: `${postgresBin}/pg_ctl -D ${folder}/data -l ${folder}/server.log -w -s restart`,
    ssh_options: '-q -F ssh.conf',
  }).replaceAll('ssh.conf', `${folder}/ssh.conf`);
}
