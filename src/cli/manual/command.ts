/** `pg_gateway man`: the manual page, for `man -l -` and for packages. */
import { defineCommand } from 'citty';
import { ConfigError } from '../../errors.ts';
import { commandLine, type Commands } from '../command-line.ts';
import { print } from '../print.ts';
import { page } from './page.ts';

/** The text in man(7), with a line feed at its end; `date` is that of the page. */
export function manualOf(commands: Commands, date: Date): string {
  return page(commandLine(commands), date);
}

/** `commands` are those of the program, this one among them. */
export const manualPage = (commands: () => Commands) =>
  defineCommand({
    meta: { name: 'man', description: 'Print the manual page: pg_gateway man | man -l -' },
    args: {},
    run({ rawArgs }) {
      if (rawArgs.length > 0) throw new ConfigError([`"${rawArgs[0]}" is one argument too many`]);
      print(manualOf(commands(), new Date()), '');
    },
  });
