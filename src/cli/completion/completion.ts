/** `pg_gateway completion SHELL`: what a shell reads to complete our command line. */
import { defineCommand } from 'citty';
import { ConfigError } from '../../errors.ts';
import { type Command, commandLine, type Commands, type Shell, shells } from '../command-line.ts';
import { print } from '../print.ts';
import { bash } from './bash.ts';
import { fish } from './fish.ts';
import { powershell } from './powershell.ts';
import { zsh } from './zsh.ts';

const writers: Readonly<Record<Shell, (commands: readonly Command[]) => string>> = {
  bash,
  zsh,
  fish,
  powershell,
};

/** The text for a shell, with a line feed at its end. */
export function completionFor(shell: Shell, commands: Commands): string {
  return writers[shell](commandLine(commands));
}

/** `commands` are those of the program, this one among them. */
export const completion = (commands: () => Commands) =>
  defineCommand({
    meta: {
      name: 'completion',
      description: `Print what a shell reads to complete these commands: completion ${shells.join('|')}.`,
    },
    args: {},
    run({ rawArgs }) {
      const [word, ...more] = rawArgs;
      const shell = shells.find((shell) => shell === word);
      if (shell === undefined || more.length > 0) {
        throw new ConfigError([
          `say which shell, and nothing else: pg_gateway completion ${shells.join('|')}`,
        ]);
      }
      print(completionFor(shell, commands()), '');
    },
  });
