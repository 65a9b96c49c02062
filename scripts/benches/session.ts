/** One run of the benchmark from the first process to the last. */
import { join } from 'node:path';
import { startCluster } from '../../test/support/cluster.ts';
import { removeWorkspace } from '../../test/support/workspace.ts';
import { installMissing } from './debian.ts';
import { idleCount, idleSessions, startAndRest, startStandIn } from './idle.ts';
import { refreshExecutable } from './executable.ts';
import { describeMachine, load } from './machine.ts';
import type { Options, TargetName } from './options.ts';
import { type Figures, quickQuietSessions, quietSessions } from './metrics.ts';
import { quietCount } from './noisy.ts';
import { prepareTables } from './pgbench.ts';
import { openFileLimit } from './proc.ts';
import { showProgress } from './progress.ts';
import { Recorder } from './recorder.ts';
import type { Facts } from './results.ts';
import { rounds, type Run } from './rounds.ts';
import { peerOf, type Place, type Target, targetOf } from './targets.ts';
import { type Program, versionOf } from './versions.ts';

const root = join(import.meta.dirname, '../..');

/** Rejects, for a person, where nothing can be measured. What fails in between is among the skipped. */
export async function measure(options: Options, folder: string): Promise<Facts> {
  const [loadBefore, startedAt, from] = [load(), new Date().toISOString(), performance.now()];
  const skipped = installMissing(neededBy(options), options.mayInstall);
  const targets = await targetsOf(options, folder, skipped);
  const wanted = options.isQuick ? quickQuietSessions : quietSessions;
  const quiet = Math.min(wanted, quietCount());
  const cluster = options.server ? undefined : await startCluster({
    // Pools and connections opened ahead stay beside those that work.
    maxConnections: 600 + quiet,
    settings: { shared_buffers: '256MB' },
  });
  const server: Place = options.server ?? { host: '127.0.0.1', port: cluster?.first.port ?? 0 };
  const ended: (() => Promise<void>)[] = [async () => await cluster?.close(), removeWorkspace];
  try {
    const hasPgbench = versionOf('pgbench') !== undefined;
    if (hasPgbench && cluster) await prepareTables(server);
    const recorder = new Recorder(skipped);
    noteQuiet(recorder, quiet, wanted);
    const run = { options, targets, server, recorder, folder, hasPgbench, quiet };
    const threads = await rounds(run);
    await idle(run);
    return {
      startedAt,
      tookSeconds: (performance.now() - from) / 1000,
      isQuick: options.isQuick,
      rounds: options.rounds,
      secondsEach: options.seconds,
      threadsWanted: options.threads,
      machine: describeMachine(loadBefore),
      server: cluster
        ? 'PostgreSQL 18, fsync off, all data in memory'
        : `PostgreSQL at ${server.host}:${server.port}`,
      targets: targets.map(({ name, label, kind }) => ({ name, label, kind, threads: threads.get(name) })),
      skipped: recorder.skipped,
      samples: recorder.samples,
    };
  } finally {
    for (const end of ended) await end();
  }
}

function noteQuiet(recorder: Recorder, quiet: number, wanted: number): void {
  if (quiet === wanted) return;
  const why = 'the limit of open files, or the memory, allows no more';
  recorder.note(`${wanted - quiet} of ${wanted} quiet sessions: ${why}`);
}

function neededBy({ targets }: Options): Program[] {
  const peers = (['haproxy', 'pgbouncer'] as const).filter((name) => targets.includes(name));
  return [...peers, 'pgbench', 'taskset'];
}

async function targetsOf({ targets, peers }: Options, folder: string, skipped: string[]): Promise<Target[]> {
  const present: TargetName[] = [];
  let built: Promise<string | undefined> | undefined;
  for (const name of targets) {
    const needsIt = name === 'binary' || name === 'binary-cold';
    const why = needsIt ? await (built ??= refreshExecutable(root)) : undefined;
    if (why !== undefined) skipped.push(`${name}: ${why}`);
    // For the programs of Debian it was said already, with what to do.
    else if ((name !== 'haproxy' && name !== 'pgbouncer') || versionOf(name) !== undefined) {
      present.push(name);
    }
  }
  return [...present.map((name) => targetOf(name, folder)), ...peers.map(peerOf)];
}

async function idle({ options, targets, server, recorder }: Run): Promise<void> {
  const { threads } = options;
  const count = idleCount(options.idle);
  const rounds = options.isQuick ? 1 : 3;
  const ours = targets.filter(({ isOurs, onlyConnects }) => isOurs && !onlyConnects);
  const progress = showProgress(ours.length * (rounds + 1));
  if (count < options.idle) {
    const missing = options.idle - count;
    recorder.note(
      `${missing} of ${options.idle} idle sessions: each takes two open files, and the limit is ${openFileLimit()}`,
    );
  }
  for (const peer of targets.filter(({ isOurs }) => !isOurs)) {
    recorder.note(`${peer.name}: its start and its idle sessions, for somebody else started it`);
  }
  const standIn = await startStandIn(server);
  const work = async (round: number, what: string, target: Target, fn: () => Promise<Figures>) => {
    progress.next(`${what}, ${target.name}`);
    recorder.add(round, target.name, await recorder.attempt(`${what}, ${target.name}`, fn) ?? {});
  };
  try {
    for (let round = 0; round < rounds; round++) {
      for (const target of ours) {
        await work(round, 'starting', target, () => startAndRest(target, server, threads));
      }
    }
    if (count > 0) {
      for (const target of ours) {
        await work(0, `${count} idle sessions`, target, () => idleSessions(target, standIn, count, threads));
      }
    }
  } finally {
    progress.done();
    await standIn.end();
  }
}
