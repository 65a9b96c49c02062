/** The parts that were asked for, one after another, before the same servers. */
import { describeMachine, load } from '../bench/machine.ts';
import { deathsOfWorkers } from './death.ts';
import { idleSessions } from './idle.ts';
import { memoryAtRest, memoryOfSessions } from './memory.ts';
import type { Options } from './options.ts';
import type { Facts } from './report.ts';
import { Scene } from './scene.ts';
import { dealSessions, transactionsByWorkers } from './workers.ts';

export async function measure(
  options: Options,
  folder: string,
  say: (line: string) => void,
): Promise<Facts> {
  const [loadBefore, startedAt, from] = [load(), new Date().toISOString(), performance.now()];
  const { parts, idle, busy, rounds, seconds, command } = options;
  const facts = { startedAt, command, idle, busy, rounds, seconds };
  const sessions = parts.includes('idle')
    ? await inScene(Scene.openApart(folder), (scene) => idleSessions(scene, options, folder, say))
    : { samples: [], memory: [] };
  const others = parts.some((part) => part !== 'idle')
    ? await inScene(Scene.open(folder), (scene) => otherParts(scene, options, folder, say))
    : { workerSamples: [], deals: [], deaths: [], rests: [], sessionBytes: [] };
  return {
    ...facts,
    tookSeconds: (performance.now() - from) / 1000,
    machine: describeMachine(loadBefore),
    idleSamples: sessions.samples,
    sessionMemory: sessions.memory,
    ...others,
  };
}

type OtherParts = Pick<Facts, 'workerSamples' | 'deals' | 'deaths' | 'rests' | 'sessionBytes'>;

async function otherParts(
  scene: Scene,
  options: Options,
  folder: string,
  say: (line: string) => void,
): Promise<OtherParts> {
  const { parts } = options;
  return {
    rests: parts.includes('memory') ? await memoryAtRest(scene, say) : [],
    sessionBytes: parts.includes('memory') ? await memoryOfSessions(scene, options, folder, say) : [],
    workerSamples: parts.includes('workers') ? await transactionsByWorkers(scene, options, folder, say) : [],
    deals: parts.includes('evenness') ? await dealSessions(scene, say) : [],
    deaths: parts.includes('death') ? await deathsOfWorkers(scene, options, say) : [],
  };
}

async function inScene<T>(opening: Promise<Scene>, work: (scene: Scene) => Promise<T>): Promise<T> {
  const scene = await opening;
  try {
    return await work(scene);
  } finally {
    await scene.close();
  }
}
