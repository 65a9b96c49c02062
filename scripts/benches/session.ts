/** One run of the benchmark from the first process to the last. */
import { join } from 'node:path';
import { startCluster } from '../../test/support/cluster.ts';
import { removeWorkspace } from '../../test/support/workspace.ts';
import { installMissing } from './debian.ts';
import { idleCount, idleSessions, startAndRest, startStandIn } from './idle.ts';
import { refreshExecutable } from './executable.ts';
import { describeMachine, load } from './machine.ts';
import type { Options, TargetName } from './options.ts';
import { prepareTables } from './pgbench.ts';
import { openFileLimit } from './proc.ts';
import { showProgress } from './progress.ts';
import { Recorder } from './recorder.ts';
import type { Facts } from './results.ts';
import { type Bench, type Figures, steps } from './steps.ts';
import { peerOf, type Place, type Running, type Target, targetOf } from './targets.ts';
import { type Program, versionOf } from './versions.ts';
import { startEcho } from './wire.ts';

const root = join(import.meta.dirname, '../..');

/** Sessions at once in the rounds, with room. */
const sessions = 200;

/** Rejects, for a person, where nothing can be measured. What fails in between is among the skipped. */
export async function measure(options: Options, folder: string): Promise<Facts> {
  const [loadBefore, startedAt, from] = [load(), new Date().toISOString(), performance.now()];
  const skipped = installMissing(neededBy(options), options.mayInstall);
  const targets = await targetsOf(options, folder, skipped);
  const cluster = options.server ? undefined : await startCluster({
    // Pools and connections opened ahead stay beside the 64 that work.
    maxConnections: 600,
    settings: { shared_buffers: '256MB' },
  });
  const server: Place = options.server ?? { host: '127.0.0.1', port: cluster?.first.port ?? 0 };
  const ended: (() => Promise<void>)[] = [async () => await cluster?.close(), removeWorkspace];
  try {
    const hasPgbench = versionOf('pgbench') !== undefined;
    if (hasPgbench && cluster) await prepareTables(server);
    const recorder = new Recorder(skipped);
    const run = { options, targets, server, recorder, folder, hasPgbench };
    await rounds(run);
    await idle(run);
    return {
      startedAt,
      tookSeconds: (performance.now() - from) / 1000,
      isQuick: options.isQuick,
      rounds: options.rounds,
      secondsEach: options.seconds,
      machine: describeMachine(loadBefore),
      server: cluster
        ? 'PostgreSQL 18, fsync off, all data in memory'
        : `PostgreSQL at ${server.host}:${server.port}`,
      targets: targets.map(({ name, label, kind }) => ({ name, label, kind })),
      skipped: recorder.skipped,
      samples: recorder.samples,
    };
  } finally {
    for (const end of ended) await end();
  }
}

interface Run {
  readonly options: Options;
  readonly targets: readonly Target[];
  readonly server: Place;
  readonly recorder: Recorder;
  readonly folder: string;
  readonly hasPgbench: boolean;
}

function neededBy({ targets }: Options): Program[] {
  const peers = (['haproxy', 'pgbouncer'] as const).filter((name) => targets.includes(name));
  return [...peers, 'pgbench', 'taskset'];
}

async function targetsOf({ targets, peers }: Options, folder: string, skipped: string[]): Promise<Target[]> {
  const present: TargetName[] = [];
  for (const name of targets) {
    const why = name === 'binary' ? await refreshExecutable(root) : undefined;
    if (why !== undefined) skipped.push(`binary: ${why}`);
    // For the programs of Debian it was said already, with what to do.
    else if ((name !== 'haproxy' && name !== 'pgbouncer') || versionOf(name) !== undefined) {
      present.push(name);
    }
  }
  return [...present.map((name) => targetOf(name, folder)), ...peers.map(peerOf)];
}

/** All targets run at once and wait for their turn, so that every step meets each of them within seconds. */
async function rounds({ options, targets, server, recorder, folder, hasPgbench }: Run): Promise<void> {
  const running: Running[] = [];
  const echo = await startEcho();
  const echoes = new Map<string, Running>();
  try {
    for (const target of targets) {
      await recorder.attempt(`starting ${target.name}`, async () => {
        running.push(await target.start(server, sessions));
        if (target.name === 'direct') echoes.set('direct', { ...echo, name: 'direct', startMs: undefined });
        if (target.name === 'haproxy') echoes.set('haproxy', await target.start(echo, sessions, 'echo'));
      });
    }
    const bench: Bench = {
      folder,
      seconds: options.seconds,
      isQuick: options.isQuick,
      hasPgbench,
      canPin: versionOf('taskset') !== undefined,
      echo,
      echoThrough: (name) => echoes.get(name),
    };
    await turns(options.rounds, bench, running, recorder);
  } finally {
    for (const child of [...running, ...echoes.values(), echo]) await child.end();
  }
}

async function turns(
  count: number,
  bench: Bench,
  running: readonly Running[],
  recorder: Recorder,
): Promise<void> {
  const turns = Array.from(
    { length: count },
    (_, round) =>
      steps.flatMap((step) =>
        rotated(running, round).filter((target) => step.applies(bench, target)).map((target) => ({
          round,
          step,
          target,
        }))
      ),
  ).flat();
  const progress = showProgress(turns.length);
  for (const { round, step, target } of turns) {
    progress.next(`round ${round + 1} of ${count}, ${step.title}, ${target.name}`);
    const figures = await recorder.attempt(`${step.title}, ${target.name}`, () => step.run(bench, target));
    recorder.add(round, target.name, figures ?? {});
  }
  progress.done();
}

/** So that nobody is always first, or always after the same one. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const at = by % Math.max(1, list.length);
  return [...list.slice(at), ...list.slice(0, at)];
}

async function idle({ options, targets, server, recorder }: Run): Promise<void> {
  const count = idleCount(options.idle);
  const rounds = options.isQuick ? 1 : 3;
  const ours = targets.filter(({ isOurs }) => isOurs);
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
      for (const target of ours) await work(round, 'starting', target, () => startAndRest(target, server));
    }
    if (count > 0) {
      for (const target of ours) {
        await work(0, `${count} idle sessions`, target, () => idleSessions(target, standIn, count));
      }
    }
  } finally {
    progress.done();
    await standIn.end();
  }
}
