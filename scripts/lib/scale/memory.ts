/** What the gateway takes at rest, by workers, and for an idle session. */
import { setTimeout as pause } from 'node:timers/promises';
import { startGateway } from '../../../test/bed/gateway.ts';
import { idleSessions } from '../bench/idle.ts';
import { memoryOf } from '../bench/proc.ts';
import { targetOf } from '../bench/targets.ts';
import { type Options, workerCounts } from './options.ts';
import type { Rest } from './report.ts';
import type { Scene } from './scene.ts';

/** Of each number of workers so many, all at once. */
const copies = 3;
const afterSeconds = [5, 60] as const;

/** Before three candidates, with the defaults but for the number of workers. */
export async function memoryAtRest(scene: Scene, say: (line: string) => void): Promise<Rest[]> {
  say(`memory: at rest for ${afterSeconds.at(-1)} s`);
  return (await Promise.all(
    [0, ...workerCounts].flatMap((workers) => Array.from({ length: copies }, () => rest(scene, workers))),
  )).flat();
}

async function rest(scene: Scene, workers: number): Promise<Rest[]> {
  const gateway = await startGateway(
    { CANDIDATES: scene.candidates, NUM_THREADS: String(workers) },
    'binary',
  );
  const from = performance.now();
  const seen: Rest[] = [];
  try {
    for (const seconds of afterSeconds) {
      await pause(Math.max(0, from + seconds * 1000 - performance.now()));
      const { restBytes, ownBytes } = memoryOf(gateway.pid);
      seen.push({ workers, seconds, residentBytes: restBytes, ownBytes });
    }
    return seen;
  } finally {
    await gateway.stop();
  }
}

/** As `scripts/bench` does it, so that the figures can be compared: through the port of the primary, from the start on. */
export async function memoryOfSessions(
  scene: Scene,
  { idle }: Options,
  folder: string,
  say: (line: string) => void,
): Promise<number[]> {
  const standIn = { host: '127.0.0.1', port: await scene.standIn('primary') };
  const seen: number[] = [];
  for (let copy = 0; copy < copies; copy++) {
    const { sessionBytes: bytes } = await idleSessions(targetOf('binary', folder), standIn, idle, 1);
    if (typeof bytes !== 'number') throw new Error(`the memory of a session was not measured: ${bytes}`);
    say(`memory: ${bytes.toFixed(0)} bytes a session, of ${idle}`);
    seen.push(bytes);
  }
  return seen;
}
