/** The demo: see `--help`. Run by scripts/demo, under Bun. */
import { type Arguments, help, readArguments } from './arguments.ts';
import { codeOfHangup, Ending } from './ending.ts';
import { runLive } from './live.ts';
import { Scene, type SceneEvent } from './scene.ts';
import { runScript } from './script.ts';
import { Terminal } from './terminal.ts';
import { clock, counted, duration } from './words.ts';

/** Not by the console, which under Bun does not tell when nobody reads any more. */
function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function lineOf({ at, text }: SceneEvent): string {
  return `${clock(at)} ${text}`;
}

/** The sentence that remains on the screen. */
function summary(scene: Scene): string {
  if (!scene.isStarted) return 'stopping';
  const { writes, errors, lost, longestMs } = scene.writer.state;
  return `${counted(writes, 'row')} written, ${counted(errors, 'error')}, ${
    counted(lost, 'session')
  } lost, ` +
    `the longest gap ${duration(longestMs)}`;
}

/** Plays the demo and returns its exit code. */
async function run(
  scene: Scene,
  terminal: Terminal,
  { steps }: Arguments,
  onGone: () => void,
): Promise<number> {
  await scene.start();
  if (!steps) {
    await runLive(scene, terminal, onGone);
    return 0;
  }
  scene.tell(`connect: ${scene.psql}`);
  scene.tell(`connect: ${scene.url}`);
  scene.tell(`explain: ${scene.explain}`);
  return await runScript(scene, steps) ? 0 : 1;
}

async function main(args: Arguments): Promise<void> {
  const terminal = new Terminal();
  // In the live view events have their place in the frame.
  let told = 0;
  const scene = new Scene({
    ...args,
    onEvent: (event) => {
      if (terminal.isOpen) return;
      print(lineOf(event));
      told++;
    },
  });
  const ending = new Ending(async () => {
    // Those before are on the screen that comes back now.
    const story = terminal.isOpen ? scene.events.slice(told) : [];
    terminal.close();
    for (const event of story) print(lineOf(event));
    print(summary(scene));
    await scene.stop();
  });
  ending.watch();
  try {
    ending.end(await run(scene, terminal, args, () => ending.end(codeOfHangup)));
  } catch (error) {
    // While everything is being stopped, whatever was being done fails; that is no news.
    if (ending.isOver) return;
    terminal.close();
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    ending.end(1);
  }
}

try {
  const args = readArguments(process.argv.slice(2), Boolean(process.stdin.isTTY && process.stdout.isTTY));
  if (args.help) print(help);
  else await main(args);
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : error}\n`);
  process.exit(2);
}
