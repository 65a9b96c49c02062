/** `pg_gateway log-level LEVEL`: how much a running gateway logs from here on. */
import { defineCommand } from 'citty';
import { ConfigError } from '../errors.ts';
import { logLevels } from '../log-events.ts';
import { ask, gatewayArgs } from './ask.ts';
import { print } from './print.ts';

export const logLevel = defineCommand({
  meta: {
    name: 'log-level',
    description: `Set how much a running gateway logs, until its restart: ${logLevels.join(', ')}.`,
  },
  args: gatewayArgs,
  async run({ args }) {
    const level = args._.shift();
    if (level === undefined) throw new ConfigError([`say which level: ${logLevels.join(', ')}`]);
    const answer = await ask<{ level: string }>(args, 'log-level', { level });
    print(`The gateway logs from level ${answer.level} on.`);
  },
});
