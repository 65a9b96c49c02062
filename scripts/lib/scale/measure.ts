/** The parts that were asked for, one after another, before the same servers. */
import { describeMachine, load } from '../bench/machine.ts';
import { deathsOfWorkers } from './death.ts';
import { idleSessions } from './idle.ts';
import { memoryAtRest } from './memory.ts';
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
  const scene = await Scene.open(folder);
  try {
    const rests = parts.includes('memory') ? await memoryAtRest(scene, say) : [];
    const sessions = parts.includes('idle')
      ? await idleSessions(scene, options, folder, say)
      : { samples: [], memory: [] };
    const workerSamples = parts.includes('workers')
      ? await transactionsByWorkers(scene, options, folder, say)
      : [];
    const deals = parts.includes('evenness') ? await dealSessions(scene, say) : [];
    const deaths = parts.includes('death') ? await deathsOfWorkers(scene, options, say) : [];
    return {
      startedAt,
      tookSeconds: (performance.now() - from) / 1000,
      machine: describeMachine(loadBefore),
      command,
      idle,
      busy,
      rounds,
      seconds,
      idleSamples: sessions.samples,
      sessionMemory: sessions.memory,
      workerSamples,
      deals,
      deaths,
      rests,
    };
  } finally {
    await scene.close();
  }
}
