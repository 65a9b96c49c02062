/** The demo without a terminal: commands in order, one plain line for everything that happens. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Step } from './commands.ts';
import { counted, duration } from './words.ts';
import type { Scene } from './scene.ts';

const lookEveryMs = 100;

/** Returns whether all commands were done and something was written after the last promotion. */
export async function runScript(scene: Scene, steps: readonly Step[]): Promise<boolean> {
  let isOver = false;
  const watching = (async () => {
    for (; !isOver; await pause(lookEveryMs)) await scene.refresh();
  })();
  let isGood = true;
  for (const step of steps) {
    if (step.name === 'quit') break;
    isGood = await take(scene, step) && isGood;
  }
  if (isGood && !scene.hasWritten) isGood = await take(scene, { name: 'wait', number: undefined });
  isOver = true;
  await watching;
  return isGood;
}

async function take(scene: Scene, { name, number }: Step): Promise<boolean> {
  if (name === 'quit') return true;
  if (name !== 'wait') {
    return await scene.act(name, number === undefined ? undefined : scene.cluster.server(number - 1));
  }
  try {
    await scene.writesAgain();
  } catch (error) {
    scene.tell(error instanceof Error ? error.message : String(error), true);
    return false;
  }
  await pause((number ?? 0) * 1000);
  const { last, longestMs, errors, lost } = scene.writer.state;
  scene.tell(
    `wait: the writer writes to ${last && scene.nameAtPort(last.port)}; the longest gap so far was ${
      duration(longestMs)
    }; ` +
      `${counted(errors, 'error')}, ${counted(lost, 'session')} lost`,
  );
  return true;
}
