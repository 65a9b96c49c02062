/** `pg_gateway pause` and `resume`: new clients of a running gateway wait, for a planned switchover or a restart. */
import { type ArgsDef, defineCommand } from 'citty';
import { isPauseMs, pauseLimits } from '../admin/commands.ts';
import { numberIn } from '../config/units.ts';
import { ConfigError } from '../errors.ts';
import { ask, gatewayArgs } from './ask.ts';
import { duration } from './explain/duration.ts';
import { print } from './print.ts';

const fallback = '60s';

const ownArgs: ArgsDef = {
  timeout: {
    type: 'string',
    description:
      `when it ends by itself, and how long a client waits at the most; ${pauseLimits} (default: ${fallback})`,
    valueHint: 'duration',
  },
};

export const pause = defineCommand({
  meta: {
    name: 'pause',
    description:
      'Tell a running gateway to let new clients wait, as in a failover, until resume. Sessions go on.',
  },
  args: { ...gatewayArgs, ...ownArgs },
  async run({ args: { timeout = fallback, ...gateway } }) {
    const timeoutMs = numberIn('ms', String(timeout));
    if (!isPauseMs(timeoutMs)) {
      throw new ConfigError([`--timeout ${timeout} is no time ${pauseLimits}, as 60s`]);
    }
    await ask(gateway, 'pause', { timeoutMs });
    print(
      `New clients wait until pg_gateway resume, or for ${
        duration(timeoutMs)
      }, MAX_HELD of them at the most. Sessions go on.`,
    );
  },
});

export const resume = defineCommand({
  meta: { name: 'resume', description: 'Tell a running gateway to serve new clients again, after pause.' },
  args: gatewayArgs,
  async run({ args }) {
    await ask(args, 'resume');
    print('New clients are served again, and those who have waited first.');
  },
});
