/** `pg_gateway reload`: tells a running gateway to read its configuration again. */
import { defineCommand } from 'citty';
import type { Change, Reloaded } from '../config/change.ts';
import { ask, gatewayArgs } from './ask.ts';
import { print, say } from './print.ts';
import { table } from './table.ts';

export const reload = defineCommand({
  meta: {
    name: 'reload',
    description:
      'Tell a running gateway to read its configuration and all files again, and print what changed. Drops no session.',
  },
  args: gatewayArgs,
  async run({ args }) {
    const { changes, warnings } = await ask<Reloaded>(args, 'reload');
    for (const warning of warnings) say(`pg_gateway: ${warning}`);
    if (changes.length === 0) return print('Nothing has changed.');
    const rows = changes.map((
      change,
    ) => [change.name, shown(change.before), shown(change.after), whenOf(change)]);
    print(table(['SETTING', 'OLD', 'NEW', 'COUNTS'], rows));
  },
});

function shown(value: string | null): string {
  return value ?? '-';
}

function whenOf({ before, after, needsRestart }: Change): string {
  if (needsRestart) return 'after a restart';
  return before === after ? 'now: it holds something else' : 'now';
}
