/** `pg_gateway demo`: a cluster to play with, the gateway before it, and a live view or a script. */
import { ConfigError, messageOf } from '../errors.ts';
import { ownCommand } from '../runtime/own-command.ts';
import { type Arguments, readArguments } from './arguments.ts';
import { ask } from './ask.ts';
import { codeOfHangup, Ending } from './ending.ts';
import { runLive } from './live.ts';
import { Scene, type SceneEvent } from './scene.ts';
import { runScript } from './script.ts';
import { openSite } from './site.ts';
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
  scene.tell(`page: ${scene.page}`);
  scene.tell(`explain: ${scene.explain}`);
  return await runScript(scene, steps) ? 0 : 1;
}

/** Ends the process. Throws ConfigError where the command line cannot be understood, StartError without a PostgreSQL. */
export async function playDemo(rawArgs: readonly string[]): Promise<never> {
  const hasTerminal = Boolean(process.stdin.isTTY && process.stdout.isTTY);
  const args = argumentsOf(rawArgs, hasTerminal);
  const site = await openSite({
    ...args,
    ask: hasTerminal ? ask : undefined,
    tell: (text) => print(`${clock(0)} ${text}`),
  });
  const terminal = new Terminal();
  // In the live view events have their place in the frame.
  let told = 0;
  const scene = new Scene({
    ...args,
    site,
    gateway: args.gateway === undefined ? ownCommand() : commandOf(args.gateway),
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
    if (!ending.isOver) {
      terminal.close();
      process.stderr.write(`pg_gateway: ${messageOf(error)}\n`);
      ending.end(1);
    }
  }
  return await ending.never;
}

function argumentsOf(rawArgs: readonly string[], hasTerminal: boolean): Arguments {
  try {
    return readArguments(rawArgs, hasTerminal);
  } catch (error) {
    throw new ConfigError([messageOf(error)]);
  }
}

/** A source is for this runtime to run. */
function commandOf(file: string): readonly string[] {
  return /\.[cm]?[jt]s$/.test(file) ? [...ownCommand().slice(0, -1), file] : [file];
}
