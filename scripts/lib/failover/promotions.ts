/** One promotion after another in one cluster, under writing clients. */
import { setTimeout as pause } from 'node:timers/promises';
import { idsEach, nowMs, startWriters, type Writers } from '../../../test/bed/ha/writers.ts';
import { type Cluster, type Server, startCluster } from '../../../test/bed/cluster.ts';
import { type GatewayProcess, startGateway } from '../../../test/bed/gateway.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { seeded } from '../ha/schedule.ts';
import { type Kind, type KindName, kinds } from './kinds.ts';
import { programs, type RuntimeName } from './options.ts';
import { intervalSetting } from './probing.ts';
import { monotonicMs, watchRecovery } from './recovery.ts';

/** One promotion. Times in milliseconds. */
export interface Promotion {
  readonly kind: KindName;
  /** From the fault to the order to promote. */
  readonly pauseMs: number;
  /** From that order to the promotion, which is PostgreSQL's own time. */
  readonly promotingMs: number;
  /** From the last answer in recovery to the first one out of it: the promotion lies within. */
  readonly doubtMs: number;
  /** From the promotion to the gateway's route to the new primary, by its log, in whole milliseconds. */
  readonly routedMs: number;
  /** From the promotion to the first acknowledged write on the new primary. */
  readonly firstWriteMs: number;
  /** The same for the last client that came back. */
  readonly lastBackMs: number;
}

export interface Plan {
  readonly promotions: number;
  /** In turn. */
  readonly kinds: readonly KindName[];
  readonly clients: number;
  readonly seed: number;
  readonly runtime: RuntimeName;
  /** PROBE_INTERVAL_MS; undefined: the default. */
  readonly intervalMs: number | undefined;
}

interface Scene {
  readonly gateway: GatewayProcess;
  readonly writers: Writers;
}

/** Between two writes of a client. */
const restMs = 10;
const longestPauseMs = 1000;
const backDeadlineMs = 30_000;

/** `tell` gets each promotion as it is done. */
export async function promoteAgainAndAgain(
  plan: Plan,
  tell: (done: Promotion) => void,
): Promise<Promotion[]> {
  const cluster = await startCluster({ standbys: 2 });
  try {
    await prepare(cluster.first);
    const settings = { CANDIDATES: cluster.candidates, ...intervalSetting(plan.intervalMs) };
    const gateway = await startGateway(settings, programs[plan.runtime]);
    await gateway.routesTo(cluster.first.port);
    const crowd = { host: '127.0.0.1', port: gateway.port, count: plan.clients, firstId: 0, restMs };
    const writers = startWriters(crowd);
    const results = await promoteAll(cluster, { gateway, writers }, plan, tell);
    await writers.stop();
    await gateway.stop();
    return results;
  } finally {
    await cluster.close();
  }
}

async function prepare(primary: Server): Promise<void> {
  await primary.query(`create role app login`);
  await primary.query(`create table register (id bigint primary key)`);
  await primary.query(`grant insert, select on register to app`);
}

async function promoteAll(
  { servers, first }: Cluster,
  scene: Scene,
  { promotions, kinds: names, seed }: Plan,
  tell: (done: Promotion) => void,
): Promise<Promotion[]> {
  const random = seeded(seed);
  const results: Promotion[] = [];
  let primary = first;
  while (results.length < promotions) {
    const kind = names[results.length % names.length] as KindName;
    const others = servers.filter((server) => server !== primary);
    const next = others[Math.floor(random() * others.length)] as Server;
    const done = await promoteOnce(scene, kind, primary, next, random() * longestPauseMs);
    results.push(done);
    tell(done);
    // The third one may have got from the old primary what the new one lacks: both begin anew.
    await Promise.all(servers.filter((server) => server !== next).map((server) => server.rebuildFrom(next)));
    primary = next;
  }
  return results;
}

async function promoteOnce(
  { gateway, writers }: Scene,
  kind: KindName,
  primary: Server,
  next: Server,
  pauseMs: number,
): Promise<Promotion> {
  await allBack(writers);
  await waitFor('the gateway to know both standbys', () => knowsAll(gateway), {
    evidence: () => logTail(gateway),
  });
  const timeline = await next.timeline() + 1;
  const from = writers.writes.length;
  const logged = gateway.log.length;
  const onNext = () => writers.writes.slice(from).filter(({ taken }) => taken?.timeline === timeline);
  const watch = await watchRecovery(next.port);
  const { befall, heal }: Kind = kinds[kind];
  try {
    await befall(primary);
    await pause(pauseMs);
    const orderedMs = monotonicMs();
    next.beginPromotion();
    const { lastInMs, firstOutMs } = await watch.sighting;
    const promotedMs = nowMs() - (monotonicMs() - lastInMs);
    await waitFor(`a write on ${next.name}`, () => onNext().length > 0, { evidence: () => logTail(gateway) });
    await allBack(writers);
    const firstOfEach = new Map(
      onNext().toReversed().map(({ id, endMs }) => [Math.floor(id / idsEach), endMs - promotedMs]),
    );
    return {
      kind,
      pauseMs,
      promotingMs: lastInMs - orderedMs,
      doubtMs: firstOutMs - lastInMs,
      routedMs: routedAtMs(gateway.log.slice(logged), next) - promotedMs,
      firstWriteMs: Math.min(...firstOfEach.values()),
      lastBackMs: Math.max(...firstOfEach.values()),
    };
  } finally {
    heal?.();
    await watch.end();
  }
}

async function allBack(writers: Writers): Promise<void> {
  const missing = await writers.untilAllWrote(backDeadlineMs);
  if (missing > 0) throw new Error(`${missing} clients could not write for ${backDeadlineMs / 1000} s`);
}

/** By the gateway's own clock, in milliseconds since 1970. */
function routedAtMs(log: GatewayProcess['log'], { address }: Server): number {
  return Date.parse(log.find(({ primary }) => primary === address)?.time ?? '');
}

/** A standby that has just come back is asked again within a second only; a manager does not promote one so new. */
export function knowsAll({ log }: GatewayProcess): boolean {
  const standings = String(log.findLast(({ candidates }) => candidates !== undefined)?.['candidates']);
  return standings.split(' ').filter((standing) => standing.endsWith(':standby')).length === 2;
}

function logTail({ log }: GatewayProcess): string {
  return log.slice(-10).map((line) => JSON.stringify(line)).join('\n');
}
