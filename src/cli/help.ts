/** What --help says: what a person needs to begin, then every setting by section. */
import type { ArgsDef, CommandDef } from 'citty';
import { flagOf, sections, type SettingName, settingNames, settings } from '../config/settings.ts';
import { version } from '../version.ts';
import { type Commands, places } from './command-line.ts';

/** `pg_gateway --help`. */
export function programHelp(commands: Commands): string {
  return `pg_gateway ${version}: one address in front of a replicated PostgreSQL.

Usage: pg_gateway [<listen_addr> <listen_port>] [flags]
       pg_gateway <command> [flags]

For a start:
  CANDIDATES=db1,db2,db3 PGUSER=gateway PGPASSWORD=... pg_gateway check
  CANDIDATES=db1,db2,db3 PGUSER=gateway PGPASSWORD=... pg_gateway
and then connect to port 6432 of this machine as you would to the primary.

Commands:
${commandLines(commands)}

${settingsHelp(settingNames)}`;
}

function commandLines(commands: Commands): string {
  const width = Math.max(...Object.keys(commands).map(({ length }) => length)) + 2;
  return Object.entries(commands).map(([name, command]) => `  ${name.padEnd(width)}${description(command)}`)
    .join('\n');
}

/** `pg_gateway <command> --help`: with the settings that it takes, and what else is to be said. */
// deno-lint-ignore no-explicit-any -- each command has arguments of its own
export function commandHelp(name: string, command: CommandDef<any>, more = ''): string {
  const taken = settingNames.filter((setting) => Object.hasOwn(command.args as ArgsDef, argOf(setting)));
  return `Usage: pg_gateway ${name}${argument(name)} [flags]\n\n${description(command)}\n\n${
    ownHelp(name, command)
  }${settingsHelp(taken)}${more}`;
}

/** What follows the command without a flag. */
function argument(name: string): string {
  const { words, isFile } = places[name] ?? { words: [], isFile: false };
  if (isFile) return ' FILE';
  return words.length === 0 ? '' : ` ${words.join('|')}`;
}

// deno-lint-ignore no-explicit-any -- as above
function description(command: CommandDef<any>): string {
  const { meta } = command;
  return (typeof meta === 'object' && 'description' in meta && meta.description) || '';
}

/** The flags that are no settings. */
// deno-lint-ignore no-explicit-any -- as above
function ownHelp(name: string, { args }: CommandDef<any>): string {
  const lines = Object.entries(args as ArgsDef).filter(([flag]) =>
    !settingNames.some((of) => argOf(of) === flag)
  )
    .map(([flag, { type, valueHint, description }]) => {
      return `  --${flag}${type === 'string' ? ` ${valueHint}` : ''}`.padEnd(39) + description;
    });
  return lines.length === 0 ? '' : `Of ${name}:\n${lines.join('\n')}\n\n`;
}

/** The name that citty knows a setting by. */
function argOf(setting: SettingName): string {
  return flagOf(setting).slice(2);
}

function settingsHelp(taken: readonly SettingName[]): string {
  if (taken.length === 0) return '';
  const parts = sections.flatMap((section) => {
    const names = taken.filter((name) => settings[name].section === section);
    if (names.length === 0) return [];
    const lines = names.map((name) => {
      const { hint, help, fallback } = settings[name];
      const left = `  ${flagOf(name)} ${hint.length > 22 ? 'value' : hint}`;
      const options = hint.length > 22 ? ` (${hint})` : '';
      return `${left.padEnd(38)} ${help}${options}${fallback === undefined ? '' : ` [${fallback}]`}`;
    });
    return [`${section}:\n${lines.join('\n')}`];
  });
  return `Every flag can also be an environment variable, or a line of CONFIG_FILE: --metrics-port 7000 is METRICS_PORT=7000.
Flags win over the environment, the environment over the file. PGPASSWORD is no flag, nor is
METRICS_TOKEN: processes can be listed.

${parts.join('\n\n')}`;
}
