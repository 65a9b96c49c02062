/** The demo: see `--help`. Run by scripts/demo, under Bun. */
import { type Arguments, help, readArguments } from './demos/arguments.ts';
import { clock, duration } from './demos/frame.ts';
import { runLive } from './demos/live.ts';
import { Scene } from './demos/scene.ts';
import { runScript } from './demos/script.ts';
import { Terminal } from './demos/terminal.ts';

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

const terminal = new Terminal();

async function run(scene: Scene, { steps }: Arguments): Promise<number> {
  try {
    await scene.start();
    if (!steps) {
      await runLive(scene, terminal);
      return 0;
    }
    scene.tell(`connect: ${scene.psql}`);
    scene.tell(`connect: ${scene.url}`);
    return await runScript(scene, steps) ? 0 : 1;
  } catch (error) {
    terminal.close();
    // While we are stopping, whatever was being done fails; that is no news.
    if (!scene.isOver) console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

/** The sentence that remains on the screen. */
function summary(scene: Scene): string {
  if (!scene.isStarted) return 'stopping';
  const { writes, errors, longestMs } = scene.writer.state;
  return `${writes} rows written, ${errors} errors, the longest gap ${duration(longestMs)}`;
}

async function main(): Promise<void> {
  const args = readArguments(process.argv.slice(2), Boolean(process.stdin.isTTY && process.stdout.isTTY));
  if (args.help) return console.log(help);
  const scene: Scene = new Scene({
    ...args,
    onEvent: ({ at, text }) => {
      // In the live view events have their place in the frame.
      if (!terminal.isOpen) console.log(`${clock(at)} ${text}`);
    },
  });
  let ending: Promise<void> | undefined;
  const end = (code: number) =>
    ending ??= (async () => {
      terminal.close();
      console.log(summary(scene));
      try {
        await scene.stop();
      } finally {
        process.exit(code);
      }
    })();
  for (const [name, code] of Object.entries(exitCodes)) {
    process.on(name as keyof typeof exitCodes, () => void end(code));
  }
  await end(await run(scene, args));
}

try {
  await main();
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : error}`);
  process.exit(2);
}
