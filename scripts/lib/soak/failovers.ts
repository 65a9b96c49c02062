/** One failover as a cluster manager does it that loses nothing, and the way back to a primary with two standbys. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster, Server } from '../../../test/bed/cluster.ts';
import type { GatewayProcess } from '../../../test/bed/gateway.ts';
import { nowMs, type Writers } from '../../../test/bed/ha/writers.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { type ServerKindName, serverKinds } from '../failover/kinds.ts';
import { knowsAll } from '../failover/promotions.ts';
import { monotonicMs, watchRecovery } from '../failover/recovery.ts';
import type { Crew } from './crew.ts';
import type { Failover } from './facts.ts';

export interface Stage {
  readonly cluster: Cluster;
  readonly gateway: GatewayProcess;
  readonly crew: Crew;
  /** Those whose acknowledgements count, and those that are told of a write before a standby has it. */
  readonly writers: Writers;
  readonly quickWriters: Writers;
}

/** How long clients may take, and servers: far more than they need, for the machine may be busy. */
const patienceMs = 90_000;
const longestPauseMs = 1000;
/** An old primary that still runs, or runs again, is left alone for that long at most. */
const longestRivalryMs = 3000;

/** Resolves with the new primary when both others are its standbys. */
export async function failOver(
  stage: Stage,
  kind: ServerKindName,
  primary: Server,
  random: () => number,
): Promise<{ readonly primary: Server; readonly failover: Failover }> {
  const { cluster, gateway, crew, writers, quickWriters } = stage;
  const evidence = () => gateway.log.slice(-10).map((line) => JSON.stringify(line)).join('\n');
  await waitFor('the gateway to know both standbys', () => knowsAll(gateway), {
    deadlineMs: patienceMs,
    evidence,
  });
  // A standby without its primary may not know on which timeline it is.
  const timeline = await asked(() => primary.timeline()) + 1;
  const logged = gateway.log.length;
  const second = crew.seconds;
  const faultMs = performance.now();

  await befall(kind, primary);
  await pause(random() * longestPauseMs);
  const standbys = cluster.servers.filter((server) => server !== primary);
  if (random() < 0.5) standbys.reverse();
  const [next, other] = await pick(primary, standbys, kind === 'alive');
  const from = writers.writes.length;
  const watch = await watchRecovery(next.port);
  const orderedMs = performance.now();
  let promotedMs: number;
  try {
    next.beginPromotion();
    const { lastInMs } = await watch.sighting;
    promotedMs = nowMs() - (monotonicMs() - lastInMs);
  } finally {
    await watch.end();
  }
  const first = await waitFor(
    `a write on ${next.name}`,
    () => writers.writes.slice(from).find(({ taken }) => taken?.timeline === timeline),
    { deadlineMs: patienceMs, evidence },
  );
  if (primary.isFrozen) primary.thaw();
  const [{ missing, last }, late, lateQuick] = await Promise.all([
    // The old primary, where it still serves, may have done the first of it; the writers show where they write.
    crew.untilAllWorked(orderedMs, patienceMs),
    writers.untilAllWrote(patienceMs),
    quickWriters.untilAllWrote(patienceMs),
  ]);
  const backMs = nowMs();
  const untilSecond = crew.seconds;
  if (primary.isUp) await pause(random() * longestRivalryMs);
  await Promise.all([rebuild(primary, next), streams(other, next)]);
  return {
    primary: next,
    failover: {
      kind,
      second,
      untilSecond,
      promoted: next.name,
      firstWriteMs: first.endMs - promotedMs,
      allBackMs: backMs - promotedMs,
      lastBack: last,
      healedMs: performance.now() - faultMs,
      missing: [...missing, ...(late + lateQuick > 0 ? ['writers'] : [])],
      logLines: gateway.log.length - logged,
    },
  };
}

/** What the servers of the tests take for their end, they may need on a machine that is this busy. */
async function befall(kind: ServerKindName, primary: Server): Promise<void> {
  try {
    await serverKinds[kind].befall(primary);
  } catch (error) {
    if (kind === 'alive' || kind === 'freeze') throw error;
    await waitFor(`${primary.name} to go`, () => !primary.isUp, { deadlineMs: patienceMs });
  }
}

/** Each try begins anew. */
function rebuild(server: Server, upstream: Server): Promise<void> {
  return waitFor(`${server.name} to be rebuilt`, async () => {
    await server.rebuildFrom(upstream);
    return true;
  }, { deadlineMs: patienceMs }).then(() => {});
}

/** A server may answer late. */
function asked<T>(question: () => Promise<T>): Promise<T> {
  return waitFor('a server to answer', question, { deadlineMs: patienceMs });
}

/**
 * The standby to promote and the other one, which follows it by then. What a client was told of is on at least one of the
 * two; once the other one has left the old primary, nobody but the next one can acknowledge anything there, so what the
 * more advanced of them has by then is all that there is.
 */
async function pick(
  primary: Server,
  standbys: readonly Server[],
  isAlive: boolean,
): Promise<readonly [Server, Server]> {
  const [next, other] = standbys as readonly [Server, Server];
  await other.beginToFollow(next);
  await waitFor(`${other.name} to leave ${primary.name}`, () => hasLeft(other, primary), {
    deadlineMs: patienceMs,
  });
  const reached = await asked(() => received(other));
  const hasAll = async () => await received(next) >= reached;
  if (isAlive) {
    await waitFor(`${next.name} to have what ${other.name} has`, hasAll, { deadlineMs: patienceMs });
    return [next, other];
  }
  if (await asked(async () => ({ yes: await hasAll() })).then(({ yes }) => yes)) return [next, other];
  await next.beginToFollow(other);
  return [other, next];
}

async function hasLeft(standby: Server, { host, port }: Server): Promise<boolean> {
  const [row] = await standby.query<{ yes: boolean }>(
    `select not exists (select from pg_stat_wal_receiver where sender_host = '${host}' and sender_port = ${port}) as yes`,
  );
  return row?.yes === true;
}

async function received(standby: Server): Promise<bigint> {
  const [row] = await standby.query<{ bytes: string }>(
    `select (greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn)::text as bytes`,
  );
  return BigInt(row?.bytes ?? 0);
}

/** One that cannot follow begins anew; then its readers lose their sessions once more. */
async function streams(standby: Server, upstream: Server): Promise<void> {
  try {
    await standby.streams({ deadlineMs: 30_000 });
  } catch {
    await rebuild(standby, upstream);
  }
}
