/** What the death of a worker costs: its sessions, how they hear of it, and those who connect meanwhile. */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { cannotFailWait, failWait } from '../../../test/bed/fail-wait.ts';
import { QuietSession } from '../../../test/bed/quiet-session.ts';
import { workerThreads } from '../../../test/bed/stop-thread.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';
import { endsReady, startupMessage } from '../bench/protocol.ts';
import { type Options, workerCounts } from './options.ts';
import type { Death } from './report.ts';
import type { Ours, Scene } from './scene.ts';
import { sessionsByWorker } from './sessions-by-worker.ts';

const sessions = 1000;
/** Those who connect again and again, and sessions that ask again and again, meanwhile. */
const lanes = 4;
const askers = 8;
/** Before the death, and after the new worker listens. */
const aroundMs = 300;
const abreast = 64;

const nowNs = (): bigint => process.hrtime.bigint();
const msBetween = (from: bigint, to: bigint): number => Number(to - from) / 1e6;

export async function deathsOfWorkers(
  scene: Scene,
  { deaths }: Options,
  say: (line: string) => void,
): Promise<Death[]> {
  if (cannotFailWait) throw new Error(`no worker can be made to die here: ${cannotFailWait}`);
  const standIn = await scene.standIn();
  const seen: Death[] = [];
  for (const workers of workerCounts) {
    const ours = await scene.startOurs(standIn, workers, 3000);
    for (let count = 0; count < deaths; count++) {
      const death = await oneDeath(ours, workers, count);
      seen.push(death);
      say(
        `death: 1 of ${workers} workers: ${death.lost} of ${sessions} sessions, told after ${
          death.toldMs.toFixed(1)
        } ms, replaced after ${death.replacedMs.toFixed(0)} ms, ${death.failures.length} connects failed`,
      );
    }
    await ours.end();
  }
  return seen;
}

async function oneDeath(ours: Ours, workers: number, count: number): Promise<Death> {
  const watched = await gatherWatched(ours.idlePort, sessions);
  const before = await settled(ours, sessions);
  const asking = await Promise.all(Array.from({ length: askers }, () => QuietSession.open(ours.idlePort)));
  const connects: Connect[] = [];
  const waits: number[] = [];
  let isOver = false;
  const running = [
    ...Array.from({ length: lanes }, () => connectAgain(ours.idlePort, connects, () => isOver)),
    ...asking.map((session) => askAgain(session, waits, () => isOver)),
  ];
  await pause(aroundMs);
  const threads = workerThreads(ours.pid);
  waits.length = 0;
  const at = await failWait(threads[count % threads.length]!);
  await waitFor('the worker to be gone', () => sessionsByWorker(ours.pid, ours.idlePort).length < workers, {
    everyMs: 1,
    evidence: ours.gateway.said,
  });
  await waitFor('another to be there', () => sessionsByWorker(ours.pid, ours.idlePort).length === workers, {
    everyMs: 5,
  });
  const replacedMs = msBetween(at, nowNs());
  await pause(aroundMs);
  isOver = true;
  await Promise.all(running);
  for (const session of asking) session.end();
  const lost = watched.flatMap(({ ending }) => ending ?? []);
  // They come back, as the clients of a pool do.
  const back = await gatherWatched(ours.idlePort, lost.length);
  const after = await settled(ours, sessions);
  for (const { socket } of [...watched, ...back]) socket.destroy();
  await settled(ours, 0);
  const during = connects.filter(({ toNs }) => toNs >= at);
  return {
    workers,
    before,
    after,
    lost: lost.length,
    toldMs: Math.max(0, ...lost.map(({ ns }) => msBetween(at, ns))),
    how: countBy(lost.map(({ how }) => how)),
    replacedMs,
    connects: during.length,
    failures: during.flatMap(({ toNs, error }) =>
      error === undefined ? [] : [{ ms: msBetween(at, toNs), error }]
    ),
    longestConnectMs: Math.max(
      0,
      ...during.filter(({ error }) => error === undefined).map(({ fromNs, toNs }) => msBetween(fromNs, toNs)),
    ),
    longestWaitMs: Math.max(0, ...waits),
  };
}

interface Watched {
  readonly socket: ReturnType<typeof connect>;
  /** Once somebody else has ended it. */
  ending: { readonly ns: bigint; readonly how: string } | undefined;
}

async function gatherWatched(port: number, count: number): Promise<Watched[]> {
  const all: Watched[] = [];
  for (let left = count; left > 0; left -= abreast) {
    all.push(...await Promise.all(Array.from({ length: Math.min(abreast, left) }, () => openWatched(port))));
  }
  return all;
}

function openWatched(port: number): Promise<Watched> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(startupMessage()));
    const watched: Watched = { socket, ending: undefined };
    const end = (how: string) => watched.ending ??= { ns: nowNs(), how };
    socket.on('data', (bytes) => endsReady(bytes, bytes.length) && resolve(watched));
    socket.on('end', () => end('FIN'));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      end(error.code ?? error.message);
      reject(error);
    });
    socket.on('close', () => reject(new Error('a session was closed before it was ready')));
  });
}

interface Connect {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly error: string | undefined;
}

async function connectAgain(port: number, connects: Connect[], isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const fromNs = nowNs();
    let error: string | undefined;
    try {
      (await QuietSession.open(port)).end();
    } catch (thrown) {
      error = (thrown as NodeJS.ErrnoException).code ?? (thrown as Error).message;
    }
    connects.push({ fromNs, toNs: nowNs(), error });
    if (error !== undefined) await pause(2);
  }
}

/** Until the session is lost, or it is over. */
async function askAgain(session: QuietSession, waits: number[], isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const from = performance.now();
    try {
      await session.ping();
    } catch {
      return;
    }
    waits.push(performance.now() - from);
    await pause(1);
  }
}

/** The sessions by worker, once there are so many. */
async function settled({ pid, idlePort, gateway }: Ours, count: number): Promise<number[]> {
  let seen: number[] = [];
  await waitFor(`${count} sessions`, () => {
    seen = sessionsByWorker(pid, idlePort);
    return seen.reduce((sum, one) => sum + one, 0) === count;
  }, { evidence: () => `there are ${seen}\n${gateway.said().slice(-2000)}` });
  return seen;
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
