/** One run of the benchmark from the first process to the last. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startCluster } from '../../../test/bed/cluster.ts';
import { removeWorkspace } from '../../../test/bed/workspace.ts';
import { notAskedFor } from './cells.ts';
import { installMissing } from './debian.ts';
import { idleCount, idleGives, idleSessions, restGives, startAndRest, startStandIn } from './idle.ts';
import { refreshExecutable } from './executable.ts';
import { buildFloor } from './floor.ts';
import { describeMachine, load } from './machine.ts';
import { type Options, peerTargets } from './options.ts';
import { type Figures, quickQuietSessions, quietSessions } from './metrics.ts';
import { quietCount } from './noisy.ts';
import { prepareTables } from './pgbench.ts';
import { openFileLimit } from './proc.ts';
import { showProgress } from './progress.ts';
import { Recorder, type Work } from './recorder.ts';
import type { Facts } from './results.ts';
import { longRounds, onlyConnects, rounds, type Run } from './rounds.ts';
import { beforeOf, originalOf, peerOf, type Place, type Target, targetOf } from './targets.ts';
import { type Program, versionOf } from './versions.ts';

/** Rejects, for a person, where nothing can be measured. What fails in between is among the skipped. */
export async function measure(options: Options, folder: string): Promise<Facts> {
  const [loadBefore, startedAt, from] = [load(), new Date().toISOString(), performance.now()];
  const skipped = installMissing(neededBy(options), options.mayInstall);
  const { targets, absent } = await targetsOf(options, folder, skipped);
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
    const run = {
      options,
      targets: targets.filter(({ name }) => !absent.has(name)),
      server,
      serverPid: cluster?.first.pid,
      recorder,
      folder,
      hasPgbench,
      quiet,
    };
    const ran = await rounds(run);
    await idle(run);
    return {
      startedAt,
      tookSeconds: (performance.now() - from) / 1000,
      isQuick: options.isQuick,
      rounds: options.rounds,
      secondsEach: options.seconds,
      threadsWanted: options.threads,
      machine: describeMachine(loadBefore),
      takenByOthers: recorder.takenByOthers,
      server: cluster
        ? 'PostgreSQL 18, fsync off, all data in memory'
        : `PostgreSQL at ${server.host}:${server.port}`,
      targets: targets.map(({ name, label, kind }) => ({
        name,
        label,
        kind,
        threads: ran.get(name)?.threads,
        processes: ran.get(name)?.processes,
        absent: absent.get(name),
      })),
      leftOutBy: options.leftOutBy,
      skipped: recorder.skipped,
      samples: recorder.samples,
      absences: recorder.absences,
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
  const peers = peerTargets.filter((name) => targets.includes(name));
  return [...peers, 'pgbench', 'taskset'];
}

interface Wanted {
  readonly targets: readonly Target[];
  /** Why some of them cannot be started, by name. */
  readonly absent: ReadonlyMap<string, string>;
}

async function targetsOf(
  { targets, peers, original, before }: Options,
  folder: string,
  skipped: string[],
): Promise<Wanted> {
  const absent = new Map<string, string>();
  let built: Promise<string | undefined> | undefined;
  for (const name of targets) {
    const needsIt = name === 'binary' || name === 'binary-ahead';
    const trouble = needsIt ? await (built ??= refreshExecutable()) : undefined;
    if (trouble !== undefined) {
      skipped.push(`${name}: ${trouble}`);
      absent.set(name, 'it could not be built');
    }
    if (name === 'floor') {
      const why = await buildFloor(folder);
      if (why !== undefined) skipped.push(`floor: ${why}`);
      if (why !== undefined) absent.set(name, why);
    }
    // With what to do about it, this is among the skipped already.
    const program = peerTargets.find((peer) => peer === name);
    if (program !== undefined && versionOf(program) === undefined) absent.set(name, 'not installed');
  }
  const originals = original === undefined ? [] : [originalOf(original)];
  if (original !== undefined && !existsSync(original)) {
    throw new Error(`there is no ${original}; build the C program there first`);
  }
  if (before !== undefined && !existsSync(join(before, 'src/main.ts'))) {
    throw new Error(`there is no ${before}/src/main.ts; --before wants a checkout of the sources`);
  }
  return {
    targets: [
      ...targets.flatMap((name) => [
        targetOf(name, folder),
        ...(before === undefined ? [] : beforeOf(name, before)),
      ]),
      ...originals,
      ...peers.map(peerOf),
    ],
    absent,
  };
}

async function idle({ options, targets, server, recorder }: Run): Promise<void> {
  const { threads } = options;
  if (!options.parts.includes('idle')) {
    for (const { name } of targets) recorder.absent(name, [...restGives, ...idleGives], notAskedFor);
    return;
  }
  const count = idleCount(options.idle);
  const rounds = longRounds(options);
  const ours = targets.filter(({ isOurs, onlyConnects }) => isOurs && !onlyConnects);
  const progress = showProgress(ours.length * rounds * (count > 0 ? 2 : 1));
  tellAbsent(recorder, targets, count);
  if (count < options.idle) {
    const missing = options.idle - count;
    recorder.note(
      `${missing} of ${options.idle} idle sessions: each takes two open files, and the limit is ${openFileLimit()}`,
    );
  }
  const standIn = await startStandIn(server);
  const work = async (round: number, work: Work, target: Target, fn: () => Promise<Figures>) => {
    progress.next(`${work.what}, ${target.name}`);
    await recorder.measure(round, target.name, work, fn);
  };
  const [resting, holding] = [
    { what: 'starting', gives: restGives },
    { what: `${count} idle sessions`, gives: idleGives },
  ];
  try {
    for (let round = 0; round < rounds; round++) {
      for (const target of ours) {
        await work(round, resting, target, () => startAndRest(target, server, threads));
      }
      for (const target of count > 0 ? ours : []) {
        await work(round, holding, target, () => idleSessions(target, standIn, count, threads));
      }
    }
  } finally {
    progress.done();
    await standIn.end();
  }
}

/** Who takes no part, and why. */
function tellAbsent(recorder: Recorder, targets: readonly Target[], count: number): void {
  for (const { name, isOurs, onlyConnects: isVariant } of targets) {
    const why = isVariant ? onlyConnects : isOurs ? undefined : 'somebody else started it';
    if (why !== undefined) recorder.absent(name, [...restGives, ...idleGives], why);
    if (count === 0) {
      recorder.absent(name, idleGives, 'no idle sessions were asked for, or the open files allow none');
    }
  }
}
