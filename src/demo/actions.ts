/** What one can do to the cluster. Each returns what was done; each throws with a sentence on why it was not. */
import type { Cluster } from './servers/cluster.ts';
import type { Server } from './servers/server.ts';
import { waitFor } from './wait-for.ts';
import { type Follower, followersOf } from './following.ts';
import { bestStandby, lookAtAll, primaryOf, type ServerState } from './watch.ts';

export interface Outcome {
  /** What was done and what came of it, as it was seen. */
  readonly text: string;
  readonly promoted?: Promoted;
}

/** Who was made the primary, and the timeline on which all is written that counts. */
export interface Promoted {
  readonly server: Server;
  readonly timeline: number;
}

/** Does something to the cluster, to `chosen` where somebody has chosen a server. `latest` was promoted last. */
export type Action = (
  cluster: Cluster,
  chosen: Server | undefined,
  latest: Promoted,
) => Promise<Outcome>;

export const actions = { kill, stop, freeze, thaw, promote, back, switchover } satisfies Record<
  string,
  Action
>;

export type ActionName = keyof typeof actions;

/** How long standbys get to follow a new primary before it is said that they do not. */
const followMs = 5000;

/** The same where nothing was changed for them: one that only connects again needs less. */
const graceMs = 1000;

async function kill(cluster: Cluster, chosen: Server | undefined): Promise<Outcome> {
  const server = chosen ?? await requirePrimary(cluster);
  if (!server.isUp) throw new Error(`${server.name} is down already`);
  await server.kill();
  return { text: `killed ${server.name} with SIGKILL` };
}

async function stop(cluster: Cluster, chosen: Server | undefined): Promise<Outcome> {
  const server = chosen ?? await requirePrimary(cluster);
  if (!server.isUp) throw new Error(`${server.name} is down already`);
  await server.stop('fast');
  return { text: `stopped ${server.name} cleanly` };
}

async function freeze(cluster: Cluster, chosen: Server | undefined): Promise<Outcome> {
  const server = chosen ?? await requirePrimary(cluster);
  server.freeze();
  return { text: `froze ${server.name}: its connections stay open, nothing answers` };
}

function thaw(cluster: Cluster, chosen: Server | undefined): Promise<Outcome> {
  const servers = cluster.servers.filter((server) => server.isFrozen && (chosen ?? server) === server);
  if (servers.length === 0) return Promise.reject(new Error(`${chosen?.name ?? 'no server'} is frozen`));
  for (const server of servers) server.thaw();
  return Promise.resolve({ text: `thawed ${names(servers)}` });
}

async function promote(cluster: Cluster, chosen: Server | undefined): Promise<Outcome> {
  const states = await lookAtAll(cluster.servers);
  const candidates = chosen ? states.filter(({ server }) => server === chosen) : states;
  const next = bestStandby(candidates)?.server;
  if (!next) {
    throw new Error(chosen ? `${chosen.name} is no standby that answers` : 'there is no standby to promote');
  }
  await next.promote();
  const timeline = await next.timeline();
  const text = await gather(cluster, next, standbysOf(states));
  return {
    promoted: { server: next, timeline },
    text: `promoted ${next.name} to timeline ${timeline}${text}`,
  };
}

async function switchover(cluster: Cluster, chosen: Server | undefined): Promise<Outcome> {
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
  const timeline = await next.timeline();
  const text = await gather(cluster, next, [...standbysOf(states), old]);
  return {
    promoted: { server: next, timeline },
    text: `switched from ${old.name} to ${next.name}, timeline ${timeline}${text}`,
  };
}

/** Points `standbys` at the primary `next`, and says of all servers whether they follow it now. */
async function gather(cluster: Cluster, next: Server, standbys: readonly Server[]): Promise<string> {
  // One that has ended or does not start is seen, and said, below.
  await Promise.allSettled(
    standbys.filter((server) => server !== next).map((server) => server.beginToFollow(next)),
  );
  const others = cluster.servers.filter((server) => server !== next);
  return told(next, await followersOf(next, others, followMs));
}

/** Whatever is neither the primary nor follows it becomes a standby of it. */
async function back(cluster: Cluster, chosen: Server | undefined, latest: Promoted): Promise<Outcome> {
  const [leader, revived] = await leaderOf(cluster, chosen, latest);
  const others = cluster.servers.filter((server) => server !== leader && (chosen ?? server) === server);
  const found = await followersOf(leader, others, graceMs);
  const lost = found.filter(({ trouble }) => trouble !== undefined).map(({ server }) => server);
  if (lost.length === 0) return { text: `${revived}${leader.name} is the primary${told(leader, found)}` };
  for (const server of lost) await server.rebuildFrom(leader);
  const rebuilt = await followersOf(leader, lost, followMs);
  const text = `${revived}rebuilt ${names(lost)} from ${leader.name}${told(leader, rebuilt)}`;
  if (rebuilt.some(({ trouble }) => trouble !== undefined)) throw new Error(text);
  return { text };
}

/**
 * The primary, and what had to be done for it. An older primary that is alive is none: to rebuild the others from it would
 * throw away what was written since.
 */
async function leaderOf(
  { servers }: Cluster,
  chosen: Server | undefined,
  latest: Promoted,
): Promise<readonly [Server, string]> {
  const now = primaryOf(await answers(servers));
  if (now?.timeline !== undefined && now.timeline >= latest.timeline) return [now.server, ''];
  const { server } = latest;
  if (chosen !== undefined && chosen !== server) {
    throw new Error(`there is no primary to follow: bring back ${server.name} first, or promote a standby`);
  }
  const verb = server.isFrozen ? 'thawed' : 'started';
  server.thaw();
  await server.start();
  const [state] = await answers([server]);
  if (state?.role === 'primary') return [server, `${verb} ${server.name} again; `];
  throw new Error(`${server.name}, which was the primary, is ${state?.role} now: promote a standby`);
}

/** How all servers are, once those that can have answered. */
async function answers(servers: readonly Server[]): Promise<ServerState[]> {
  return await waitFor('the servers that are up to answer', async () => {
    const states = await lookAtAll(servers);
    return states.every(({ role }) => role !== 'starting') && states;
  }, { everyMs: 50 });
}

async function requirePrimary(cluster: Cluster): Promise<Server> {
  const primary = primaryOf(await lookAtAll(cluster.servers));
  if (primary) return primary.server;
  throw new Error('there is no primary now: promote a standby, or bring back what is down');
}

function standbysOf(states: readonly ServerState[]): Server[] {
  return states.filter(({ role }) => role === 'standby').map(({ server }) => server);
}

/** `; server3 follows it; server1 does not follow it: it is down; back (b) makes it a standby of server2`, or nothing. */
function told(primary: Server, followers: readonly Follower[]): string {
  const following = followers.filter(({ trouble }) => trouble === undefined).map(({ server }) => server);
  const others = followers.filter(({ trouble }) => trouble !== undefined);
  const parts = [
    ...(following.length > 0
      ? [`${names(following)} ${following.length > 1 ? 'follow' : 'follows'} it`]
      : []),
    ...others.map(({ server, trouble }) => `${server.name} does not follow it: it ${trouble}`),
    ...(others.length > 0
      ? [`back (b) makes ${others.length > 1 ? 'them standbys' : 'it a standby'} of ${primary.name}`]
      : []),
  ];
  return parts.map((part) => `; ${part}`).join('');
}

function names(servers: readonly Server[]): string {
  return servers.map(({ name }) => name).join(' and ');
}
