/** What one can do to the cluster. Each returns a sentence on what was done; each throws with one on why not. */
import type { Cluster, Server } from '../../test/support/cluster.ts';
import { bestStandby, lookAtAll, primaryOf, type ServerState } from './watch.ts';

/** Does something to the cluster, to `chosen` where somebody has chosen a server. */
export type Action = (cluster: Cluster, chosen: Server | undefined) => Promise<string>;

export const actions = { kill, stop, freeze, thaw, promote, back, switchover } satisfies Record<
  string,
  Action
>;

export type ActionName = keyof typeof actions;

async function kill(cluster: Cluster, chosen: Server | undefined): Promise<string> {
  const server = chosen ?? await requirePrimary(cluster);
  if (!server.isUp) throw new Error(`${server.name} is down already`);
  await server.kill();
  return `killed ${server.name} with SIGKILL`;
}

async function stop(cluster: Cluster, chosen: Server | undefined): Promise<string> {
  const server = chosen ?? await requirePrimary(cluster);
  if (!server.isUp) throw new Error(`${server.name} is down already`);
  await server.stop('fast');
  return `stopped ${server.name} cleanly`;
}

async function freeze(cluster: Cluster, chosen: Server | undefined): Promise<string> {
  const server = chosen ?? await requirePrimary(cluster);
  server.freeze();
  return `froze ${server.name}: its connections stay open, nothing answers`;
}

function thaw(cluster: Cluster, chosen: Server | undefined): Promise<string> {
  const servers = cluster.servers.filter((server) => server.isFrozen && (chosen ?? server) === server);
  if (servers.length === 0) return Promise.reject(new Error(`${chosen?.name ?? 'no server'} is frozen`));
  for (const server of servers) server.thaw();
  return Promise.resolve(`thawed ${names(servers)}`);
}

async function promote(cluster: Cluster, chosen: Server | undefined): Promise<string> {
  const states = await lookAtAll(cluster.servers);
  const candidates = chosen ? states.filter(({ server }) => server === chosen) : states;
  const next = bestStandby(candidates)?.server;
  if (!next) {
    throw new Error(chosen ? `${chosen.name} is no standby that answers` : 'there is no standby to promote');
  }
  await next.promote();
  const others = states.filter(({ server, role }) => role === 'standby' && server !== next);
  await Promise.all(others.map(({ server }) => server.follow(next)));
  return `promoted ${next.name}${
    others.length > 0 ? `; ${names(others.map(({ server }) => server))} follows it` : ''
  }`;
}

/** Everything that is neither the primary nor a standby of it becomes a standby of it. */
async function back(cluster: Cluster, chosen: Server | undefined): Promise<string> {
  const states = await lookAtAll(cluster.servers);
  const primary = primaryOf(states)?.server;
  const lost = states
    .filter(({ server }) => server !== primary && (chosen ?? server) === server)
    .filter((state) => !isStandbyOf(primary, state))
    .map(({ server }) => server);
  if (lost.length === 0) return 'nothing is down';
  if (primary) {
    for (const server of lost) await server.rebuildFrom(primary);
    return `rebuilt ${names(lost)} as ${lost.length > 1 ? 'standbys' : 'a standby'} of ${primary.name}`;
  }
  // Nobody was promoted meanwhile: whoever was the primary still is.
  for (const server of lost.filter((server) => server.isFrozen)) server.thaw();
  await Promise.all(lost.map((server) => server.start()));
  return `started ${names(lost)} again, as before`;
}

function isStandbyOf(primary: Server | undefined, { role, server }: ServerState): boolean {
  return role === 'standby' && (primary === undefined || server.upstream === primary);
}

async function switchover(cluster: Cluster, chosen: Server | undefined): Promise<string> {
  const old = await requirePrimary(cluster);
  const states = await lookAtAll(cluster.servers);
  const isCandidate = ({ server }: ServerState) =>
    server !== old && (chosen === undefined || chosen === old || chosen === server);
  if (!bestStandby(states.filter(isCandidate))) throw new Error('there is no standby to switch to');
  // A clean stop sends the standbys all that was written; so the order of the two steps loses nothing.
  await old.stop('fast');
  const next = bestStandby((await lookAtAll(cluster.servers)).filter(isCandidate))?.server;
  if (!next) throw new Error(`${old.name} is stopped, and no standby answers any more`);
  await next.promote();
  const others = states.filter(({ server, role }) => role === 'standby' && server !== next);
  await Promise.all([...others.map(({ server }) => server.follow(next)), old.follow(next)]);
  return `switched from ${old.name} to ${next.name}; ${old.name} follows it now`;
}

async function requirePrimary(cluster: Cluster): Promise<Server> {
  const primary = primaryOf(await lookAtAll(cluster.servers));
  if (primary) return primary.server;
  throw new Error('there is no primary now: promote a standby, or bring back what is down');
}

function names(servers: readonly Server[]): string {
  return servers.map(({ name }) => name).join(' and ');
}
