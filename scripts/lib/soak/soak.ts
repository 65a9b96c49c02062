/** The whole run: servers, the gateway, its clients, a failover now and then, and what came of it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Cluster, startCluster } from '../../../test/bed/cluster.ts';
import { startGateway } from '../../../test/bed/gateway.ts';
import type { Write } from '../../../test/bed/ha/history.ts';
import { startWriters, type Writers } from '../../../test/bed/ha/writers.ts';
import { describeMachine, load } from '../bench/machine.ts';
import { serverKindNames } from '../failover/kinds.ts';
import { scheduleOf, seeded } from '../ha/schedule.ts';
import { version } from '../../../src/version.ts';
import { commands, configOf } from './clients/commands.ts';
import { copies } from './clients/copy.ts';
import { readers, transactions, visits } from './clients/everyday.ts';
import { halfFinished } from './clients/half-finished.ts';
import { connectSeconds, lostConnection } from './clients/sql-job.ts';
import { cancels, cursors, idlers, notifications } from './clients/waiting.ts';
import { Crew } from './crew.ts';
import type { ClientKind, Facts, Failover, Trouble } from './facts.ts';
import { failOver, type Stage } from './failovers.ts';
import { compare } from './register.ts';
import { countedOf, Sampler, untilAtRest } from './sampler.ts';
import { makeTables, writerRoles } from './tables.ts';
import { interrupted } from './verdict.ts';

export interface Plan {
  readonly minutes: number;
  readonly everySeconds: number;
  readonly loadPercent: number;
  readonly idle: number;
  readonly seed: number;
}

const executable = fileURLToPath(new URL('../../../dist/pg_gateway', import.meta.url));
const sureWriters = {
  count: 6,
  restMs: 100,
  what: 'insert a row, one in four by a connection of its own; none may be missing',
};
const quickWriters = {
  count: 2,
  restMs: 200,
  what: 'insert a row without waiting for a standby: an old primary could take it',
};
/** What the others need, and the probe. */
const otherSessions = 60;

/** `isEnough` is asked between two failovers; `say` gets what a person wants to see meanwhile. */
export async function soak(plan: Plan, isEnough: () => boolean, say: (line: string) => void): Promise<Facts> {
  const [loadBefore, startedAt] = [load(), new Date().toISOString()];
  const cluster = await startCluster({
    standbys: 2,
    tls: true,
    // A standby cannot start with fewer than initdb has written down.
    maxConnections: Math.max(100, plan.idle + otherSessions),
    settings: {
      // Whichever of them is first: a manager then promotes the one that has more.
      synchronous_standby_names: 'ANY 1 (*)',
      hot_standby_feedback: 'on',
      // Three servers in memory, for hours.
      wal_keep_size: '64MB',
      max_wal_size: '128MB',
      min_wal_size: '64MB',
    },
  });
  try {
    await makeTables(cluster.first);
    return {
      ...await onCluster(cluster, plan, isEnough, say),
      startedAt,
      machine: describeMachine(loadBefore),
    };
  } finally {
    await cluster.close();
  }
}

async function onCluster(
  cluster: Cluster,
  plan: Plan,
  isEnough: () => boolean,
  say: (line: string) => void,
): Promise<Omit<Facts, 'startedAt' | 'machine'>> {
  const { minutes, everySeconds, loadPercent, idle, seed } = plan;
  const folder = join(cluster.folder, 'gateway');
  mkdirSync(folder, { mode: 0o700 });
  const [configFile, controlSocket] = [join(folder, 'config'), join(folder, 'control.sock')];
  let reloads = 0;
  writeFileSync(configFile, configOf(reloads));
  const gateway = await startGateway(
    {
      CANDIDATES: cluster.candidates,
      REPLICA_PORT: '0',
      CONTROL_SOCKET: controlSocket,
      STARTUP_TIMEOUT_MS: '3000',
      // By its command line the watchdog of the servers' folder knows it for one of ours, whatever ends us.
    },
    'binary',
    { command: [executable, '--config-file', configFile] },
  );
  let hasEnded = false;
  void gateway.exited.then(() => hasEnded = true);
  const before = await untilAtRest(gateway);
  say(`at rest: ${mib(before.residentBytes)} MiB, ${before.descriptors} descriptors; seed ${seed}`);

  const crew = new Crew(performance.now(), loadPercent, seed);
  const sampler = new Sampler(gateway, () => crew.seconds, (error) => crew.note('metrics', error));
  const stray = (error: unknown) => crew.note('drivers', ofDriver(error));
  process.on('unhandledRejection', stray).on('uncaughtException', stray);
  let [copiedBytes, missedCancels] = [0, 0];
  const tls = { ssl: { ca: cluster.certificate! } };
  const { port, standbyPort } = gateway;
  const write = (crowd: typeof sureWriters, user: string, firstId: number): Writers =>
    startWriters({
      host: '127.0.0.1',
      port,
      count: crowd.count,
      restMs: crowd.restMs * 100 / loadPercent,
      firstId,
      user,
      connectSeconds,
    });
  const [sure, quick] = [
    write(sureWriters, writerRoles.sure, 0),
    write(quickWriters, writerRoles.quick, 1e9),
  ];
  crew.start([
    transactions(port, tls),
    visits(port, tls),
    readers(standbyPort),
    copies(port, (bytes) => copiedBytes += bytes),
    notifications(port),
    cursors(port),
    cancels(port, () => missedCancels++),
    idlers(port, idle),
    halfFinished(port),
    commands({ executable, configFile, controlSocket }, () => ++reloads),
  ]);
  sampler.start();

  const failovers: Failover[] = [];
  let cutShort: string | undefined;
  try {
    const stage: Stage = { cluster, gateway, crew, writers: sure, quickWriters: quick };
    const random = seeded(seed);
    const rounds = Math.ceil(minutes * 60 / everySeconds / serverKindNames.length);
    let primary = cluster.first;
    const isOver = () => isEnough() || hasEnded || crew.seconds >= minutes * 60;
    for (const kind of scheduleOf(serverKindNames, rounds, seed)) {
      const dueSecond = Math.max((failovers.length + 1) * everySeconds, crew.seconds);
      while (!isOver() && crew.seconds < dueSecond) await pause(100);
      // What begins must have time to heal.
      if (isOver() || crew.seconds > minutes * 60 - everySeconds / 2) break;
      const done = await failOver(stage, kind, primary, random);
      primary = done.primary;
      failovers.push(done.failover);
      say(lineOf(done.failover, sampler, crew.troubles.length + failedOf(sure) + failedOf(quick)));
    }
    while (!isOver()) await pause(100);
    if (hasEnded) cutShort = 'the gateway has ended';
    else if (crew.seconds < minutes * 60) cutShort = interrupted;
  } catch (error) {
    cutShort = error instanceof Error ? error.message : String(error);
  }
  const seconds = crew.seconds;
  await sampler.stop();
  await Promise.all([crew.stop(), sure.stop(), quick.stop()]);
  const after = hasEnded ? undefined : await untilAtRest(gateway, before.descriptors).catch(() => undefined);
  const { lost, doubles } = await compare(cluster, sure.writes, quick.writes);
  const counted = hasEnded ? undefined : await countedOf(gateway).catch(() => undefined);
  process.off('unhandledRejection', stray).off('uncaughtException', stray);
  const exitCode = hasEnded ? null : await gateway.stop();
  const writes = [...sure.writes, ...quick.writes];
  const since = performance.timeOrigin + performance.now() - crew.seconds * 1000;
  return {
    seconds,
    wantedMinutes: minutes,
    everySeconds,
    loadPercent,
    seed,
    version,
    before,
    after,
    samples: sampler.samples,
    troubles: [
      ...crew.troubles,
      ...troublesOf('writers', sure.writes, since),
      ...troublesOf('quick writers', quick.writes, since),
    ].sort((a, b) => a.second - b.second),
    failovers,
    clients: [
      writersAsKind('writers', sureWriters, sure),
      writersAsKind('quick writers', quickWriters, quick),
      ...crew.counts,
    ],
    acknowledged: writes.filter(({ taken }) => taken).length,
    lost,
    doubles,
    copiedBytes,
    missedCancels,
    reloads,
    counted,
    logLines: countsOf(gateway.log.map(({ event }) => event)),
    exitCode,
    cutShort,
  };
}

/**
 * What is left to nobody is judged like an error that a client was told of. The driver writes to sockets that are no more; at a
 * failover that is a lost connection.
 */
function ofDriver(error: unknown): unknown {
  const { stack, message } = error as Error;
  const isOwn = error instanceof TypeError && /reading 'write'/.test(message) &&
    /node_modules\/postgres\//.test(stack ?? '');
  return isOwn ? lostConnection(`the driver: ${message}`) : error;
}

function troublesOf(kind: string, writes: readonly Write[], sinceMs: number): Trouble[] {
  return writes.flatMap(({ error, endMs }) =>
    error === undefined ? [] : [{ second: (endMs - sinceMs) / 1000, kind, code: error, message: error }]
  );
}

function writersAsKind(kind: string, { what, count }: typeof sureWriters, { writes }: Writers): ClientKind {
  const done = writes.filter(({ taken }) => taken).length;
  return { kind, what, count, done, failed: writes.length - done };
}

function failedOf({ writes }: Writers): number {
  return writes.reduce((sum, { taken }) => taken ? sum : sum + 1, 0);
}

function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

function lineOf(
  { kind, second, firstWriteMs, allBackMs, missing, lastBack }: Failover,
  { samples }: Sampler,
  failed: number,
): string {
  const last = samples.at(-1);
  const minute = `${Math.floor(second / 60)}:${String(Math.floor(second % 60)).padStart(2, '0')}`;
  return `${minute.padStart(6)}  ${kind.padEnd(6)} first write after ${
    firstWriteMs.toFixed(0)
  } ms, all back after ${(allBackMs / 1000).toFixed(1)} s (${lastBack.join(', ')} last)${
    missing.length === 0 ? '' : ` but ${missing.join(', ')}`
  }; ${
    last === undefined
      ? ''
      : `${
        mib(last.residentBytes)
      } MiB, ${last.descriptors} descriptors, ${last.clients} clients, load ${last.load}, `
  }${failed} pieces of work lost so far`;
}
