/** The live view: keys in, frames out, until somebody quits. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ActionName } from './actions.ts';
import { frame } from './frame.ts';
import { colours, plain } from './layout.ts';
import type { Scene } from './scene.ts';
import type { Terminal } from './terminal.ts';
import { viewOf } from './view.ts';

const frameMs = 100;

const keys: Readonly<Record<string, ActionName>> = {
  k: 'kill',
  s: 'stop',
  f: 'freeze',
  p: 'promote',
  b: 'back',
  w: 'switchover',
};

/** Ctrl-C and Ctrl-D come as characters. */
const quitKeys = ['q', '\x03', '\x04'];

/** Returns when `q` or Ctrl-C was pressed. `onGone` is called when the terminal has gone. */
export async function runLive(scene: Scene, terminal: Terminal, onGone: () => void): Promise<void> {
  let isOver = false;
  terminal.open((key) => {
    if (quitKeys.includes(key)) isOver = true;
    else press(scene, key);
  }, onGone);
  const paint = process.env['NO_COLOR'] ? plain : colours;
  let refresh: Promise<void> | undefined;
  while (!isOver) {
    // A frozen server takes a second to look at; the picture goes on meanwhile.
    refresh ??= scene.refresh().finally(() => refresh = undefined);
    terminal.draw(frame(viewOf(scene), paint, terminal.rows, terminal.columns));
    await pause(frameMs);
  }
}

function press(scene: Scene, key: string): void {
  const action = keys[key];
  if (action) void scene.act(action === 'freeze' && hasFrozen(scene) ? 'thaw' : action);
  else if (key === '0') scene.chosen = undefined;
  else if (key === 'c') scene.writer.isFresh = !scene.writer.isFresh;
  else if (key === 'r') scene.writer.forget();
  else if (/^[1-9]$/.test(key)) scene.chosen = scene.cluster.servers[Number(key) - 1];
}

/** The key for freezing thaws what is frozen: the chosen server, or whichever it is. */
function hasFrozen(scene: Scene): boolean {
  return scene.chosen ? scene.chosen.isFrozen : scene.cluster.servers.some((server) => server.isFrozen);
}
