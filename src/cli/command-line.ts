/** The command line as data: commands, flags and the words that they take, for completion and the manual page. */
import type { ArgsDef, CommandDef } from 'citty';
import { flagOf, settingNames, settings } from '../config/settings.ts';
import { drillKinds } from '../control/drill.ts';
import { stateNames } from '../data/session/state.ts';
import { logLevels } from '../log-events.ts';
import { sortings } from './clients.ts';

// deno-lint-ignore no-explicit-any -- each command has arguments of its own
export type Commands = Readonly<Record<string, CommandDef<any>>>;

/** What may stand at a place of the command line. */
export interface Place {
  /** Those that have a name; none: it is free. */
  readonly words: readonly string[];
  readonly isFile: boolean;
}

export interface Flag extends Place {
  /** With its two dashes. */
  readonly name: string;
  readonly help: string;
  /** What stands for its value; undefined: it takes none. */
  readonly hint: string | undefined;
}

export interface Command {
  readonly name: string;
  readonly help: string;
  /** Those that are its own, then the settings that it takes. */
  readonly own: readonly Flag[];
  readonly settings: readonly Flag[];
  /** What follows it without a flag. */
  readonly argument: Place;
}

/** For which shells there are completions, as people call them. */
export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof shells)[number];

const nothing: Place = { words: [], isFile: false };

/** What the definitions of citty have no place for: by the command, or by the command and its flag. */
export const places: Readonly<Record<string, Place>> = {
  drill: { words: drillKinds, isFile: false },
  'log-level': { words: logLevels, isFile: false },
  convert: { words: [], isFile: true },
  replay: { words: [], isFile: true },
  completion: { words: shells, isFile: false },
  'clients --state': { words: stateNames, isFile: false },
  'clients --sort': { words: Object.keys(sortings), isFile: false },
};

const fileHints: readonly string[] = ['file', 'path'];

const settingFlags: readonly Flag[] = settingNames.map((name) => {
  const { help, hint, words = [] } = settings[name];
  return { name: flagOf(name), help, hint, words, isFile: fileHints.includes(hint) };
});

/** Those of every command. */
export const commonFlags: readonly Flag[] = [
  { name: '--help', help: 'show the help, and do nothing else', hint: undefined, ...nothing },
  { name: '--version', help: 'show the version, and do nothing else', hint: undefined, ...nothing },
];

/** In the order of the help. */
export function commandLine(commands: Commands): readonly Command[] {
  return Object.entries(commands).map(([name, { meta, args }]) => {
    const taken = args as ArgsDef;
    return {
      name,
      help: (meta as { readonly description?: string } | undefined)?.description ?? '',
      own: Object.entries(taken).flatMap(
        ([word, { type, valueHint = 'value', description = '' }]): Flag[] => {
          const flag = `--${word}`;
          if (settingFlags.some(({ name }) => name === flag)) return [];
          const hint = type === 'boolean' ? undefined : valueHint;
          const place = places[`${name} ${flag}`] ?? { words: [], isFile: fileHints.includes(valueHint) };
          return [{ name: flag, help: description, hint, ...place }];
        },
      ),
      settings: settingFlags.filter((flag) => Object.hasOwn(taken, flag.name.slice(2))),
      argument: places[name] ?? nothing,
    };
  });
}

/** All that a command may be followed by, in the order in which a person looks for it. */
export function flagsOf({ own, settings }: Command): readonly Flag[] {
  return [...own, ...settings, ...commonFlags];
}

/** What is called without the name of a command. */
export const unnamed = 'serve';
