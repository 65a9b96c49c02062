/** Finds the command that is meant, runs it, and turns what it throws into a message and an exit code. */
import { inspect } from 'node:util';
import { runCommand } from 'citty';
import { ConfigError, messageOf, StartError } from '../errors.ts';
import { foreignSwitches } from '../runtime/switches.ts';
import { version } from '../version.ts';
import { unnamed } from './command-line.ts';
import { commands } from './commands.ts';
import { demoHelp } from './demo.ts';
import { commandHelp, programHelp } from './help.ts';
import { print, say } from './print.ts';

/** Of the program: done, could not be done, was asked for in a way that makes no sense. */
export const exitCodes = { done: 0, failed: 1, misused: 2 } as const;

/** Of commands of which their flags do not tell all. */
const moreHelp: Readonly<Record<string, string>> = { demo: demoHelp };

/** Resolves with the exit code once the command has ended. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    return await obey(argv);
  } catch (error) {
    return complain(error, helpFor(argv));
  }
}

/** Which help tells of the settings that were meant: not every command takes all of them. */
function helpFor([first = '']: readonly string[]): string {
  return Object.hasOwn(commands, first) && first !== unnamed
    ? `pg_gateway ${first} --help`
    : 'pg_gateway --help';
}

async function obey(argv: readonly string[]): Promise<number> {
  refuseSwitches();
  const [first = ''] = argv;
  const name = Object.hasOwn(commands, first) ? first : unnamed;
  if (name !== first && /^[a-z]+$/i.test(first) && first !== 'localhost') return unknownCommand(first);
  const rawArgs = name === first ? argv.slice(1) : [...argv];
  if (rawArgs.includes('--version') || rawArgs.includes('-v')) return show(`pg_gateway ${version}`);
  if (rawArgs.includes('--help') || rawArgs.includes('-h')) {
    return show(name === first ? commandHelp(name, commands[name]!, moreHelp[name]) : programHelp(commands));
  }
  const { result } = await runCommand(commands[name]!, { rawArgs });
  return typeof result === 'number' ? result : exitCodes.done;
}

/** Throws ConfigError. */
function refuseSwitches(): void {
  const problems = foreignSwitches(process.env, process.argv[1] ?? '').map((name) =>
    `${name} in the environment makes the runtime inside this program run other code, or open a debugger: unset it, as in ` +
    `env -u ${name} pg_gateway`
  );
  if (problems.length > 0) throw new ConfigError(problems);
}

function unknownCommand(name: string): number {
  const known = Object.keys(commands).join(', ');
  say(
    `pg_gateway: "${name}" is no command (${known}) and no address to listen on; see pg_gateway --help`,
  );
  return exitCodes.misused;
}

function complain(error: unknown, help: string): number {
  if (error instanceof ConfigError) {
    for (const problem of error.problems) say(`pg_gateway: ${problem}`);
    say(`${help} lists all settings.`);
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
