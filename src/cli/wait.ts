/** `pg_gateway wait --primary [--timeout 60s]`: returns once clients are served: for scripts and for the start of containers. */
import { setTimeout as pause } from 'node:timers/promises';
import { type ArgsDef, defineCommand } from 'citty';
import { numberIn, unitNames } from '../config/units.ts';
import { ConfigError, messageOf, StartError } from '../errors.ts';
import { duration } from './explain/duration.ts';
import { print } from './print.ts';
import { runningArgs, runningStatus } from './running-gateway.ts';

const askEveryMs = 200;

const ownArgs: ArgsDef = {
  primary: { type: 'boolean', description: 'until there is a primary to which clients are sent' },
  timeout: {
    type: 'string',
    valueHint: 'seconds',
    description: 'for so long, 60s for example',
    default: '60s',
  },
};

export const wait = defineCommand({
  meta: {
    name: 'wait',
    description: 'Wait until a running gateway has a primary: exit code 0 then, 1 after the timeout.',
  },
  args: { ...runningArgs, ...ownArgs },
  async run({ args: { primary, timeout, ...args } }) {
    const ms = timeoutOf(timeout);
    if (primary !== true) throw new ConfigError(['say what to wait for: pg_gateway wait --primary']);
    const until = performance.now() + ms;
    for (;;) {
      const obstacle = await obstacleOf(args);
      if (obstacle === undefined) return 0;
      const left = until - performance.now();
      if (left <= 0) throw new StartError(`no primary within ${duration(ms)}: ${obstacle}`);
      await pause(Math.min(askEveryMs, left));
    }
  },
});

/** What stands in the way; prints the primary and returns undefined where nothing does. Rejects with ConfigError. */
async function obstacleOf(args: Parameters<typeof runningStatus>[0]): Promise<string | undefined> {
  try {
    const { status: { route: { primary, reason } } } = await runningStatus(args);
    if (primary === null) return reason;
    print(`${reason}.`);
    return undefined;
  } catch (error) {
    // It may be starting.
    if (error instanceof StartError) return messageOf(error);
    throw error;
  }
}

function timeoutOf(text: unknown): number {
  const seconds = typeof text === 'string' ? numberIn('s', text) : NaN;
  if (seconds >= 0) return seconds * 1000;
  throw new ConfigError([
    `--timeout ${text} is not a number of seconds, nor one with a unit (${unitNames.s})`,
  ]);
}
