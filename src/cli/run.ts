/** Finds the command that is meant, runs it, and turns what it throws into a message and an exit code. */
import { inspect } from 'node:util';
import { type CommandDef, runCommand } from 'citty';
import { ConfigError, messageOf, StartError } from '../errors.ts';
import { version } from '../version.ts';
import { check } from './check.ts';
import { clients } from './clients.ts';
import { config } from './config.ts';
import { convert } from './convert/convert.ts';
import { demo, demoHelp } from './demo.ts';
import { drain } from './drain.ts';
import { drill } from './drill.ts';
import { evidence } from './evidence.ts';
import { explain } from './explain/explain.ts';
import { forgetSystem, forgetTimeline } from './forget.ts';
import { commandHelp, programHelp } from './help.ts';
import { health } from './health.ts';
import { kill } from './kill.ts';
import { logLevel } from './log-level.ts';
import { pause, resume } from './pause.ts';
import { reload } from './reload.ts';
import { replay } from './replay.ts';
import { print, say } from './print.ts';
import { serve } from './serve.ts';
import { status } from './status/status.ts';
import { wait } from './wait.ts';

/** Of the program: done, could not be done, was asked for in a way that makes no sense. */
export const exitCodes = { done: 0, failed: 1, misused: 2 } as const;

// deno-lint-ignore no-explicit-any -- each command has arguments of its own
const commands: Readonly<Record<string, CommandDef<any>>> = {
  serve,
  check,
  config,
  convert,
  explain,
  health,
  wait,
  status,
  clients,
  kill,
  pause,
  resume,
  reload,
  drain,
  drill,
  'log-level': logLevel,
  evidence,
  replay,
  demo,
  'forget-timeline': forgetTimeline,
  'forget-system': forgetSystem,
};

/** As they are typed. */
export const commandNames: readonly string[] = Object.keys(commands);

/** Of commands of which their flags do not tell all. */
const moreHelp: Readonly<Record<string, string>> = { demo: demoHelp };

/** Resolves with the exit code once the command has ended. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    return await obey(argv);
  } catch (error) {
    return complain(error);
  }
}

async function obey(argv: readonly string[]): Promise<number> {
  const [first = ''] = argv;
  const name = Object.hasOwn(commands, first) ? first : 'serve';
  if (name !== first && /^[a-z]+$/i.test(first) && first !== 'localhost') return unknownCommand(first);
  const rawArgs = name === first ? argv.slice(1) : [...argv];
  if (rawArgs.includes('--version') || rawArgs.includes('-v')) return show(`pg_gateway ${version}`);
  if (rawArgs.includes('--help') || rawArgs.includes('-h')) {
    return show(name === first ? commandHelp(name, commands[name]!, moreHelp[name]) : programHelp(commands));
  }
  const { result } = await runCommand(commands[name]!, { rawArgs });
  return typeof result === 'number' ? result : exitCodes.done;
}

function unknownCommand(name: string): number {
  const known = Object.keys(commands).join(', ');
  say(
    `pg_gateway: "${name}" is no command (${known}) and no address to listen on; see pg_gateway --help`,
  );
  return exitCodes.misused;
}

function complain(error: unknown): number {
  if (error instanceof ConfigError) {
    for (const problem of error.problems) say(`pg_gateway: ${problem}`);
    say('pg_gateway --help lists all settings.');
    return exitCodes.misused;
  }
  if (error instanceof StartError) {
    say(`pg_gateway: ${error.message}`);
    return exitCodes.failed;
  }
  say(`pg_gateway: unexpected: ${messageOf(error)}`);
  say(inspect(error));
  return exitCodes.failed;
}

function show(text: string): number {
  print(text);
  return exitCodes.done;
}
